"""A first guard against overfitting: words that only train tasks use must not enter agent.py."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from autoloop.errors import CandidateError
from autoloop.guards.texts import Text, texts
from autoloop.records import Finding

_PATH = re.compile(r"(?<![\w/.~-])(?:/?[\w.-]+/)*[\w-][\w.-]*\.[A-Za-z]\w{0,5}\b|(?:/[\w.-]+){2,}")
_NUMBER = re.compile(r"(?<![\w.])\d+(?:\.\d+)?(?![\w.]*\w)")
_IDENTIFIER = re.compile(r"\b[A-Za-z]\w*_\w+\b|\b[a-z]+(?:[A-Z][a-z0-9]+)+\b")
_SENTENCE_END = re.compile(r"(?<=[.!?:;])\s+|\n\s*\n|\n\s*[-*#\d]+[.)]?\s+")
_WORD = re.compile(r"\w+")
_LONG = 8
_SENTENCE_WORDS = 5
# Files that any project or harness may speak of.
_COMMON_FILES = frozenset(
    {"agent.py", "instruction.md", "readme.md", "__init__.py", "main.py", "e.g", "i.e"}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Words:
    """What gives one task away."""

    files: frozenset[str]
    others: frozenset[str]
    """Numbers and identifiers."""
    sentences: frozenset[str]


class TaskWordsGuard:
    """Finds words of train instructions that an edit adds to agent.py.

    A whole sentence, or two file names of one task, blocks; a single word warns. Words that many
    tasks share say nothing about one of them and are let through.
    """

    def __init__(self, instructions: Mapping[str, str]) -> None:
        self._tasks = _distinctive({name: _words(text) for name, text in instructions.items()})

    def check(self, *, before: str, after: str) -> tuple[Finding, ...]:
        """Findings per task, worst first; `after` must parse."""
        old = _old_texts(before)
        added = tuple(item for item in texts(after) if item.text not in old)
        known = _Spelling(Text(text=text, line=0) for text in old)
        seen = _Spelling(added)
        found = [
            finding
            for task, words in self._tasks.items()
            for finding in _sentence_findings(task, words.sentences, known=known, seen=seen)
            or _word_findings(task, words, known=known, seen=seen)
        ]
        return tuple(sorted(found, key=lambda finding: finding.severity != "block"))


class _Spelling:
    """A program's texts, ready to be asked whether a word or a sentence occurs in them."""

    def __init__(self, items: Iterable[Text]) -> None:
        self._items = tuple((item, item.text.lower(), _plain(item.text)) for item in items)
        # One look at everything spares thousands of patterns that match nowhere.
        self._all = "\n".join(text for _, text, _ in self._items)

    def line_of(self, word: str) -> int | None:
        if word not in self._all:
            return None
        pattern = re.compile(rf"(?<![\w.-]){re.escape(word)}(?![\w-])")
        return next((item.line for item, text, _ in self._items if pattern.search(text)), None)

    def line_of_sentence(self, sentence: str) -> int | None:
        wanted = f" {sentence} "
        return next((item.line for item, _, text in self._items if wanted in f" {text} "), None)


def _old_texts(source: str) -> frozenset[str]:
    try:
        return frozenset(item.text for item in texts(source))
    except CandidateError:
        # A broken agent.py may be mended: then all of the new one is new.
        return frozenset()


def _sentence_findings(
    task: str, sentences: Iterable[str], *, known: _Spelling, seen: _Spelling
) -> list[Finding]:
    for sentence in sorted(sentences):
        line = seen.line_of_sentence(sentence)
        if line is not None and known.line_of_sentence(sentence) is None:
            text = (
                f"The edit copies a sentence of train task {task!r} into agent.py: {sentence!r}. "
                "Say what would help with any task instead."
            )
            return [Finding(rule="task-words", severity="block", message=text, line=line)]
    return []


def _word_findings(task: str, words: _Words, *, known: _Spelling, seen: _Spelling) -> list[Finding]:
    files = _added(words.files, known=known, seen=seen)
    others = _added(words.others, known=known, seen=seen)
    if not files and not others:
        return []
    names = ", ".join(repr(word) for word in (*files, *others))
    line = min((*files.values(), *others.values()))
    # `/app/a.csv` and `a.csv` are one file.
    distinct = {word.rpartition("/")[2] for word in files}
    if len(distinct) > 1:
        text = (
            f"The edit adds {names} to agent.py, which only belong to train task {task!r}. "
            "It would help that task alone; write what helps with any file."
        )
        return [Finding(rule="task-words", severity="block", message=text, line=line)]
    text = f"The edit adds {names} to agent.py, known from train task {task!r}. Is that general?"
    return [Finding(rule="task-words", severity="warn", message=text, line=line)]


def _added(words: Iterable[str], *, known: _Spelling, seen: _Spelling) -> dict[str, int]:
    lines = {word: seen.line_of(word) for word in sorted(words)}
    return {
        word: line
        for word, line in lines.items()
        if line is not None and known.line_of(word) is None
    }


def _words(instruction: str) -> _Words:
    paths = {path.rstrip(".-").lower() for path in _PATH.findall(instruction)}
    names = {path.rpartition("/")[2] for path in paths}
    # Without a dot it is a folder, whose name alone may be any word.
    files = paths | {name for name in names if "." in name}
    numbers = {number for number in _NUMBER.findall(instruction) if _is_telling(number)}
    words = {name.lower() for name in _IDENTIFIER.findall(instruction) if len(name) >= _LONG}
    sentences = {_plain(part) for part in _SENTENCE_END.split(instruction)}
    return _Words(
        files=frozenset(files - _COMMON_FILES),
        others=frozenset(numbers | (words - files)),
        sentences=frozenset(s for s in sentences if s.count(" ") >= _SENTENCE_WORDS - 1),
    )


def _is_telling(number: str) -> bool:
    """Whether a number is odd enough not to be a plain limit: 20000 and 4096 are not."""
    if "." in number:
        return len(number) > len("0.50")
    value = number.lstrip("0")
    if len(value) < len("1000") or not value.rstrip("0")[1:].rstrip("05"):
        return False
    # Longer numbers are never converted: Python refuses beyond 4,300 digits.
    return len(value) > len("1048576") or int(value) & (int(value) - 1) != 0


def _distinctive(tasks: Mapping[str, _Words]) -> dict[str, _Words]:
    """The same words without those that more than a fifth of the tasks share."""
    most = max(1, len(tasks) // 5)
    uses: Counter[str] = Counter()
    for words in tasks.values():
        uses.update(words.files | words.others | words.sentences)
    rare = frozenset(word for word, count in uses.items() if count <= most)
    return {
        task: _Words(
            files=words.files & rare,
            others=words.others & rare,
            sentences=words.sentences & rare,
        )
        for task, words in tasks.items()
    }


def _plain(text: str) -> str:
    return " ".join(_WORD.findall(text.lower()))
