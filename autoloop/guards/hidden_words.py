"""What only tests and solutions of train tasks hold must not enter agent.py.

A meta-agent reads findings, so they say that and where, never what was recognised or of which task;
and so that nobody can find out values by trying, single short ones are never reported.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Literal

from autoloop.guards.common import is_common
from autoloop.guards.instructions import is_telling_number, plain, rare_of
from autoloop.guards.material import TrainTask
from autoloop.guards.program import fresh, read, read_before
from autoloop.guards.spelling import Spelling
from autoloop.records import Finding

RULE = "hidden-words"
MOST_NUMBERS = 40
"""Odd numbers that one edit may bring; more are refused before any is looked up."""
_DIGITS = 5
"""Of a number that may be recognised."""
_PROGRAMS = frozenset({".py", ".sh", ".js", ".ts", ".rb", ".pl", ".bash"})
_CELL = re.compile(r"[,;|\t\n\"'{}\[\]()=<>]+|: ")
_NUMBER = re.compile(r"(?<![\w.])-?\d+(?:\.\d+)*(?![\w.]*\w)")
_QUOTED = re.compile(r"\"([^\"\n]{4,200})\"|'([^'\n]{4,200})'")
_TOKEN = re.compile(r"[a-z]{3,}|\d+(?:\.\d+)?")
_ANY_NUMBERS = frozenset({"0", "1", "2", "10", "100", "755", "644", "60"})
_REACH = 4
_CODE = re.compile(r"(?<![a-z\d])[a-z]{1,4}-?\d{3,6}(?![a-z\d])")
_CASE = re.compile(r"\b[a-z_]\w*\((?=[^()]*\d)[\w\s.'\"-]+(?:,[\w\s.'\"-]+)+\)")
"""A call with values, as tests write them."""
_FORMAT = re.compile(r"(?:sha|utf|cp|iso|crc|md|gpt|http|rfc|port|x|sse|int|uint|float)-?\d+")
_PAIRS = 3
"""Different numbers beside words of one task that are no accident."""
_LINE_WORDS = 4
_CODE_WORDS = 7
_LONG_LINE = 15
_LONG_CODE = 40
_LONG_WORD = 6
_PLAIN_WORDS = 3
_TABLE_TASKS = 3
"""Values of so many tasks together are a table of answers."""
_KNOWN = (
    "The edit holds what is known only from hidden material of a train task (tests or solution). "
    "Write what helps with any task."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Hidden:
    """What gives one task's hidden files away."""

    rows: frozenset[str]
    """Whole lines of expected results, as plain words."""
    code: frozenset[str]
    """Whole lines of tests and solution, as plain words."""
    values: frozenset[str]
    pairs: frozenset[tuple[str, str]]
    """A word and a number near to it."""
    codes: frozenset[str]
    """Short names with numbers."""


class HiddenWordsGuard:
    """Finds what an edit can only have from tests or solutions of train tasks.

    A whole line of an expected result, two lines of code, two values of one task, or values of
    three tasks block; one line of code or one long value warns.
    """

    def __init__(self, tasks: Iterable[TrainTask]) -> None:
        found = [_hidden(task) for task in tasks]
        most = max(1, len(found) // 10)
        rare = rare_of((one.rows | one.code | one.values for one in found), most)
        pairs = rare_of((one.pairs for one in found), 1)
        codes = rare_of((one.codes for one in found), 1)
        self._tasks = tuple(
            _Hidden(
                rows=one.rows & rare,
                code=one.code & rare,
                values=one.values & rare,
                pairs=one.pairs & pairs,
                codes=one.codes & codes,
            )
            for one in found
        )

    def check(self, *, before: str, after: str) -> tuple[Finding, ...]:
        """One finding at most, the worst; `after` must parse."""
        old = read_before(before)
        seen = fresh(old, read(after))
        numbers = {n for text in seen.raw() for n in _NUMBER.findall(text) if _is_odd(n)}
        if len(numbers) > MOST_NUMBERS:
            return (
                _finding(
                    "block",
                    f"The edit brings {len(numbers)} odd numbers, more than {MOST_NUMBERS}: a "
                    "table of values is no harness.",
                    None,
                ),
            )
        known = old.spelling
        found = [one for task in self._tasks for one in _look(task, known=known, seen=seen)]
        found += self._table(known, seen)
        found += self._paired(seen)
        return tuple(sorted(found, key=lambda one: one.severity != "block")[:1])

    def _table(self, known: Spelling, seen: Spelling) -> Iterator[Finding]:
        """Values of several tasks, one of each, wherever they stand: code, prompt or docstring."""
        rows = [_values_in(task, known=known, seen=seen) for task in self._tasks]
        lines = [min(row.values()) for row in rows if any(re.search(r"\d", word) for word in row)]
        if len(lines) >= _TABLE_TASKS:
            yield _finding("block", _KNOWN, min(lines))

    def _paired(self, seen: Spelling) -> Iterator[Finding]:
        """Names beside their numbers: each says nothing, several of one task are its answer."""
        rows = [(line, pair) for line, text in seen.lines() for pair in _pairs(text)]
        codes = [(line, code) for line, text in seen.lines() for code in _codes(text)]
        for task in self._tasks:
            hits = {pair: line for line, pair in rows if pair in task.pairs}
            named = {code: line for line, code in codes if code in task.codes}
            if len({number for _, number in hits}) >= _PAIRS or len(named) >= _PAIRS:
                yield _finding("block", _KNOWN, min([*hits.values(), *named.values()]))
                return


def _pairs(text: str, reach: int = 1) -> Iterator[tuple[str, str]]:
    """Each word with the numbers near to it in the same line."""
    for line in text.splitlines():
        tokens = _TOKEN.findall(line.lower())
        for place, token in enumerate(tokens):
            for other in tokens[place + 1 : place + 1 + reach]:
                word, number = (token, other) if other[0].isdigit() else (other, token)
                if number[0].isdigit() and not word[0].isdigit():
                    yield from ((word, one) for one in _forms(number) if one not in _ANY_NUMBERS)


def _forms(number: str) -> set[str]:
    """A number as it is, and what is before its point where that is much."""
    whole = number.partition(".")[0]
    return {number, whole} if len(whole) >= len("100") else {number}


def _codes(text: str) -> set[str]:
    """Short names with numbers, such as those of orders and articles."""
    codes = {code for code in _CODE.findall(text.lower()) if not _FORMAT.fullmatch(code)}
    return codes | {"".join(call.split()) for call in _CASE.findall(text)}


def _values_in(task: _Hidden, *, known: Spelling, seen: Spelling) -> dict[str, int]:
    """Values of a task that an edit adds, with their lines."""
    return {
        word: line
        for word in task.values
        if (line := seen.line_of(word)) is not None and known.line_of(word) is None
    }


def _look(task: _Hidden, *, known: Spelling, seen: Spelling) -> Iterator[Finding]:
    rows = _sentences(task.rows, known=known, seen=seen)
    code = _sentences(task.code, known=known, seen=seen)
    special = filter(_is_special, task.code if code else ())
    telling = _sentences(special, known=known, seen=seen)
    values = _values_in(task, known=known, seen=seen)
    lines = sorted([*rows, *code, *values.values()])
    if rows or telling or len(code) > 1 or _are_telling(values):
        yield _finding("block", _KNOWN, lines[0])
    elif code or any(_is_long(word) for word in values):
        yield _finding(
            "warn",
            "The edit may hold something from hidden material of a train task. Is it general?",
            lines[0],
        )


def _are_telling(values: Iterable[str]) -> bool:
    """Whether values come together by no accident; `upload` and `download` may."""
    found = list(values)
    are_words = all(map(str.isalpha, found))
    return len(found) > (_PLAIN_WORDS if are_words else 1)


def _sentences(wanted: Iterable[str], *, known: Spelling, seen: Spelling) -> list[int]:
    lines = [(sentence, seen.line_of_sentence(sentence)) for sentence in wanted]
    return [
        line
        for sentence, line in lines
        if line is not None and known.line_of_sentence(sentence) is None
    ]


def _hidden(task: TrainTask) -> _Hidden:
    rows: set[str] = set()
    code: set[str] = set()
    values: set[str] = set()
    pairs: set[tuple[str, str]] = set()
    codes: set[str] = set()
    told = plain(task.instruction)
    for file in task.hidden:
        is_program = PurePosixPath(file.name).suffix.lower() in _PROGRAMS
        lines = [(line, plain(line)) for line in file.text.splitlines()]
        pairs |= set(_pairs(file.text, _REACH))
        codes |= _codes(file.text)
        if is_program:
            code |= {p for line, p in lines if _is_long_code(line, p)}
            values |= _values("\n".join(a or b for a, b in _QUOTED.findall(file.text)))
        else:
            rows |= {p for line, p in lines if _is_row(line, p)}
            values |= _values(file.text)
    return _Hidden(
        rows=frozenset(row for row in rows if f" {row} " not in f" {told} "),
        code=frozenset(code),
        values=frozenset(v for v in values if f" {plain(v)} " not in f" {told} "),
        pairs=frozenset(pairs) - set(_pairs(task.instruction, _REACH)),
        codes=frozenset(codes - _codes(task.instruction)),
    )


def _is_row(line: str, words: str) -> bool:
    many = words.count(" ") >= _LINE_WORDS - 1 and len(line.strip()) >= _LONG_LINE
    return many and (any(map(str.isdigit, words)) or not all(map(is_common, words.split())))


def _is_special(code: str) -> bool:
    """Whether a line of code is about its task, and not one that anybody writes."""
    words = code.split()
    is_rich = len(words) > _CODE_WORDS + 1 and any(map(str.isdigit, words))
    return is_rich and not all(map(is_common, filter(str.isalpha, words)))


def _is_long_code(line: str, words: str) -> bool:
    if line.lstrip().startswith(("import ", "from ", "#", "def ")):
        return False
    return words.count(" ") >= _CODE_WORDS - 1 and len(line.strip()) >= _LONG_CODE


def _values(text: str) -> set[str]:
    cells = {cell.strip().lower() for cell in _CELL.split(text)}
    return {cell for cell in cells if _is_telling(cell)} | {
        number for number in _NUMBER.findall(text) if _is_odd(number)
    }


def _is_telling(cell: str) -> bool:
    """Whether a value is so special that it hardly gets into an edit by chance."""
    if not _LONG_WORD <= len(cell) <= len("x") * 80 or cell.startswith("-"):
        return False
    if any(map(str.isdigit, cell)) and any(map(str.isalpha, cell)):
        return cell.replace("_", "").isalnum() is False or len(cell) >= len("abcd1234")
    if any(map(str.isdigit, cell)):
        return False
    words = plain(cell).split()
    return bool(words) and not all(map(is_common, words))


def _is_odd(number: str) -> bool:
    digits = re.sub(r"\D", "", number).lstrip("0")
    if len(digits.rstrip("0")) < _DIGITS:
        return False
    return number.count(".") > 1 or is_telling_number(number.lstrip("-").replace(",", ""))


def _is_long(value: str) -> bool:
    return len(value) >= len("10127.85")


def _finding(severity: Literal["warn", "block"], message: str, line: int | None) -> Finding:
    return Finding(rule=RULE, severity=severity, message=message, line=line)
