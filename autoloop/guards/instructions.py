"""What gives single train tasks away: words, names and sentences that few instructions hold."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

_PATH = re.compile(r"(?<![\w/.~-])(?:/?[\w.-]+/)*[\w-][\w.-]*\.[A-Za-z]\w{0,5}\b|(?:/[\w.-]+){2,}")
_NUMBER = re.compile(r"(?<![\w.])\d+(?:\.\d+)?(?![\w.]*\w)")
_IDENTIFIER = re.compile(r"\b[A-Za-z]\w*_\w+\b|\b[a-z]+(?:[A-Z][a-z0-9]+)+\b")
_SENTENCE_END = re.compile(r"(?<=[.!?:;])\s+|\n\s*\n|\n\s*[-*#\d]+[.)]?\s+")
_WORD = re.compile(r"\w+")
_LONG = 8
_SENTENCE_WORDS = 5
# Files that any project or harness may speak of.
_COMMON_NUMBERS = frozenset({"192.168", "127.0", "172.16", "10.0"})
_COMMON_STEMS = frozenset(
    {"a", "answer", "answers", "app", "archive", "b", "base", "changes", "clean", "config",
     "configuration", "data", "default", "document", "example", "file", "files", "final", "foo",
     "hello", "index", "info", "input", "inputs", "items", "list", "log", "logs", "main",
     "manifest", "merged", "module", "new", "notes", "numbers", "old", "out", "output", "outputs",
     "page", "program", "readme", "records", "report", "reports", "result", "results", "sample",
     "script", "settings", "summary", "table", "temp", "test", "tests", "text", "tmp", "todo",
     "user", "users", "values", "version", "words", "x", "y"}
)  # fmt: skip
_COMMON_FILES = frozenset({"agent.py", "instruction.md", "readme.md", "__init__.py", "e.g", "i.e"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """What gives one task away."""

    files: frozenset[str]
    plain_files: frozenset[str]
    """Names such as `summary.csv`, that many a project has; they tell something together only."""
    others: frozenset[str]
    """Numbers and identifiers."""
    sentences: frozenset[str]


class Instructions:
    """The instructions of the train tasks, ready to be asked who holds a text."""

    def __init__(self, instructions: Mapping[str, str]) -> None:
        words = {name: _words(text, name) for name, text in instructions.items()}
        self.words = _distinctive(words)
        self.few = max(1, len(instructions) // 10)
        """So many tasks at most may share what still points at them."""
        self._texts = {name: text.lower() for name, text in instructions.items()}
        self._plain = {name: plain(text) for name, text in instructions.items()}

    def holding(self, text: str) -> tuple[str, ...]:
        """Tasks whose instruction has a text, in any case and however it is spaced."""
        raw, wanted = text.lower(), plain(text)
        if not wanted:
            return ()
        return tuple(
            name
            for name in self._texts
            if raw in self._texts[name] or f" {wanted} " in f" {self._plain[name]} "
        )

    def holding_all(self, texts: Sequence[str]) -> tuple[str, ...]:
        """Tasks whose instruction has each of some texts, in any case."""
        wanted = [text.lower() for text in texts]
        return tuple(
            name for name, held in self._texts.items() if all(text in held for text in wanted)
        )

    def beginning(self, text: str) -> tuple[str, ...]:
        """Tasks whose instruction begins or ends with a text."""
        raw = text.lower().strip()
        return tuple(
            name
            for name, held in self._texts.items()
            if held.lstrip().startswith(raw) or held.rstrip().endswith(raw)
        )


def plain(text: str) -> str:
    """A text's words in small letters, with single spaces between them."""
    return " ".join(_WORD.findall(text.lower()))


def _is_anybodys(name: str) -> bool:
    stem = name.rpartition(".")[0]
    return all(word in _COMMON_STEMS for word in re.findall("[a-z]+", stem))


def is_telling_number(number: str) -> bool:
    """Whether a number is odd enough not to be a plain limit: 20000 and 4096 are not."""
    if "." in number:
        return len(number) > len("0.50")
    value = number.lstrip("0")
    if value.isdigit() and len(value) == len("2024") and value[:2] in {"19", "20"}:
        return False  # a year
    if len(value) < len("1000") or not value.rstrip("0")[1:].rstrip("05"):
        return False
    # Longer numbers are never converted: Python refuses beyond 4,300 digits.
    return len(value) > len("1048576") or int(value) & (int(value) - 1) != 0


def _words(instruction: str, task: str) -> Words:
    paths = {path.rstrip(".-").lower() for path in _PATH.findall(instruction)}
    names = {path.rpartition("/")[2] for path in paths}
    # Without a dot it is a folder, whose name alone may be any word; so may `summary` be.
    files = paths | {name for name in names if "." in name} | _name_of(task)
    weak = {name for name in files if "/" not in name and _is_anybodys(name)}
    numbers = {number for number in _NUMBER.findall(instruction) if is_telling_number(number)}
    words = {name.lower() for name in _IDENTIFIER.findall(instruction) if len(name) >= _LONG} - {
        "node_modules"
    }
    sentences = {plain(part) for part in _SENTENCE_END.split(instruction)}
    return Words(
        files=frozenset(files - weak - _COMMON_FILES),
        plain_files=frozenset(weak - _COMMON_FILES),
        others=frozenset((numbers - _COMMON_NUMBERS) | (words - files)),
        sentences=frozenset(s for s in sentences if s.count(" ") >= _SENTENCE_WORDS - 1),
    )


def _name_of(task: str) -> frozenset[str]:
    """The name of a task, where it is no common word; no agent needs it."""
    is_telling = re.search(r"[/_-]", task) is not None and not _is_anybodys(f"{task}.")
    return frozenset({task.lower()} if is_telling else ())


def _distinctive(tasks: Mapping[str, Words]) -> dict[str, Words]:
    """The same words without those that more than a fifth of the tasks share."""
    most = max(1, len(tasks) // 5)
    rare = rare_of(
        ((w.files | w.plain_files | w.others | w.sentences) for w in tasks.values()), most
    )
    return {
        task: Words(
            files=words.files & rare,
            plain_files=words.plain_files & rare,
            others=words.others & rare,
            sentences=words.sentences & rare,
        )
        for task, words in tasks.items()
    }


_Item = TypeVar("_Item")


def rare_of(sets: Iterable[frozenset[_Item]], most: int) -> frozenset[_Item]:
    """What is in so many sets at most."""
    uses: Counter[_Item] = Counter()
    for words in sets:
        uses.update(words)
    return frozenset(word for word, count in uses.items() if count <= most)
