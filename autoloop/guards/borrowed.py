"""Code, commands and queries that stand in a test or solution of one train task, piece by piece.

Looked for by rows of tokens, as they are and with names and texts left out, so that neither other
names nor a place within a tool, a prompt or a longer line makes them new.
"""

import builtins
import keyword
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from autoloop.guards.material import TrainTask
from autoloop.guards.program import Program, read, read_before
from autoloop.records import Finding

RULE = "hidden-words"
_PLAIN = re.compile(r"[A-Za-z_]\w*|\d+(?:\.\d+)?|[^\w\s]")
_WITH_TEXTS = re.compile(r"\"[^\"\n]*\"|'[^'\n]*'|[A-Za-z_]\w*|\d+(?:\.\d+)?|[^\w\s]")
_PROGRAMS = (".py", ".sh", ".js", ".ts", ".rb", ".pl", ".bash", ".sql", ".awk")
_KEPT = frozenset(keyword.kwlist) | frozenset(dir(builtins))
_NAME, _TEXT = "_", "''"
_FEW_TASKS = 10
_TABLE_TASKS, _OF_EACH = 3, 2
_SHORT = 24
"""Characters of a text that may hold a row."""

Row = tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Way:
    """One way to look at code."""

    tokens: Callable[[str], list[str]]
    length: int
    """Tokens of a row."""
    words: int
    """Different words that a row has at least."""
    enough: int
    """Different rows of one task that are no accident; of many tasks, since rows of few are
    those that anybody writes, too."""


def _plain(text: str) -> list[str]:
    return _PLAIN.findall(text.lower())


def _shape(text: str) -> list[str]:
    """Tokens without names of its own and without texts: what is called stays."""
    found = _WITH_TEXTS.findall(text)
    return [
        _shown(token, before, after)
        for before, token, after in zip(["", *found], found, [*found[1:], ""], strict=False)
    ]


def _shown(token: str, before: str, after: str) -> str:
    if token[0] in "\"'":
        return _TEXT
    if not token.isidentifier():
        return token
    is_called = after == "(" and before != "def"
    return token if token in _KEPT or before == "." or is_called else _NAME


_WAYS = (
    _Way(tokens=_plain, length=8, words=3, enough=6),
    _Way(tokens=_shape, length=14, words=3, enough=6),
)


class BorrowedGuard:
    """Blocks pieces of code that only one task's tests or solution hold, and such of several."""

    def __init__(self, tasks: Iterable[TrainTask]) -> None:
        known = tuple(tasks)
        self._least = 1 if len(known) >= _FEW_TASKS else 2
        self._rows = tuple((way, _own(known, way)) for way in _WAYS)

    def check(self, *, before: str, after: str) -> tuple[Finding, ...]:
        """One finding at most; `after` must parse."""
        added = tuple(_added(read_before(before), read(after)))
        for way, rows in self._rows:
            line = self._found(way, rows, added, before)
            if line is not None:
                message = (
                    "The edit holds code that is known only from hidden material of train tasks "
                    "(tests or solution). Write what helps with any task."
                )
                return (Finding(rule=RULE, severity="block", message=message, line=line),)
        return ()

    def _found(
        self, way: _Way, rows: Mapping[Row, str], added: Sequence[tuple[int, str]], before: str
    ) -> int | None:
        lines = {
            row: line
            for line, text in reversed(added)
            for row in _rows_of(way.tokens(text), way.length)
            if row in rows
        }
        if not lines:
            return None
        for row in _rows_of(way.tokens(before), way.length):
            lines.pop(row, None)
        counts = Counter(rows[row] for row in lines)
        most = max(counts.values(), default=0)
        several = sum(count >= _OF_EACH for count in counts.values())
        if most >= way.enough * self._least or several >= _TABLE_TASKS * self._least:
            return min(lines.values())
        return None


def _own(tasks: Sequence[TrainTask], way: _Way) -> dict[Row, str]:
    """The task of each row that stands in its hidden files alone, and in no instruction."""
    owners: dict[Row, str] = {}
    shared: set[Row] = set()
    for task in tasks:
        shared.update(_rows_of(way.tokens(task.instruction), way.length))
        for file in task.hidden:
            if not file.name.lower().endswith(_PROGRAMS):
                continue
            for row in _rows_of(way.tokens(file.text), way.length):
                if owners.setdefault(row, task.name) != task.name:
                    shared.add(row)
    return {
        row: task
        for row, task in owners.items()
        if row not in shared and len(set(filter(_is_word, row))) >= way.words
    }


def _is_word(token: str) -> bool:
    return len(token) > 1 and token.isidentifier()


def _rows_of(tokens: Sequence[str], length: int) -> Iterator[Row]:
    return zip(*(tokens[place:] for place in range(length)), strict=False)


def _added(old: Program, new: Program) -> Iterator[tuple[int, str]]:
    """Pieces of the program that it did not have before, and its new texts."""
    known = frozenset(map(str.strip, old.source.splitlines()))
    piece: list[str] = []
    for number, line in enumerate([*new.source.splitlines(), ""], start=1):
        if line.strip() and line.strip() not in known:
            piece.append(line)
        elif piece and not line.strip() and number <= new.source.count("\n"):
            continue
        elif piece:
            yield number - len(piece), "\n".join(piece)
            piece = []
    for item in new.texts:
        if len(item.text) >= _SHORT and item.text not in old.spellings:
            yield item.line, item.text
