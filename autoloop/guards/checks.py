"""Names of checks: a list of what a hidden test looks at, put into a prompt."""

import re
from collections.abc import Iterable, Iterator
from pathlib import PurePosixPath

from autoloop.guards.instructions import plain
from autoloop.guards.material import TrainTask
from autoloop.guards.program import read, read_before
from autoloop.guards.stems import meaning_of
from autoloop.records import Finding

RULE = "hidden-words"
_PROGRAMS = frozenset({".py", ".js", ".ts", ".rb", ".sh"})
_QUOTED = re.compile(r"[\"']([A-Za-z][A-Za-z ,]{10,90})[\"']")
_DEFINED = re.compile(r"\b(?:def|function)\s+(?:test_)?([a-z]+(?:_[a-z]+){2,14})\s*\(")
_PARTS = re.compile(r"[.,;:!?]\s|\n|\s(?=- )")
_WORD = re.compile(r"[a-z]+|\d+")
_IDLE_WORDS = (
    "the a an is are was were be of in on it its to and or that this as at has have with for by "
    "each every all there they their one any no not than check checks make sure"
)
_IDLE = frozenset(_IDLE_WORDS.split())
"""Words that say nothing of what is checked."""
_WORDS = 3
"""Telling words of a name of a check, below which anybody says it."""
_ALIKE = 0.5
_NEIGHBOURS = 12
_MANY = 3
"""Names of checks close together that are a list of them."""

Words = frozenset[str]


class ChecksGuard:
    """Blocks prompts that go through the names of hidden checks, word for word or nearly."""

    def __init__(self, tasks: Iterable[TrainTask]) -> None:
        names = {
            name
            for task in tasks
            for file in task.hidden
            if PurePosixPath(file.name).suffix.lower() in _PROGRAMS
            for name in _names(file.text)
        }
        self._names = {words for words in map(_words, names) if len(words) >= _WORDS}
        self._known = frozenset(word for words in self._names for word in words)
        self._short = {name.removeprefix("the ") for name in names if name.count(" ") >= _WORDS}

    def check(self, *, before: str, after: str) -> tuple[Finding, ...]:
        """One finding at most; `after` must parse."""
        old = read_before(before)
        rows = [
            (item.line, part)
            for item in read(after).texts
            if item.text not in old.spellings and " " in item.text
            for part in _PARTS.split(item.text.lower())
        ]
        hits = dict[object, list[int]]()
        for place, (_, part) in enumerate(rows):
            for name in self._told(part):
                hits.setdefault(name, []).append(place)
        places = sorted(min(found) for found in hits.values())
        for first in places:
            if sum(0 <= other - first < _NEIGHBOURS for other in places) >= _MANY:
                message = (
                    "The edit goes through what the hidden checks of train tasks are called. "
                    "Say how to check any work against its task."
                )
                line = rows[first][0]
                return (Finding(rule=RULE, severity="block", message=message, line=line),)
        return ()

    def _told(self, part: str) -> Iterator[object]:
        """Names of checks that a part of a sentence says, or nearly."""
        words = _words(part)
        if plain(part).removeprefix("the ") in self._short:
            yield plain(part).removeprefix("the ")
        elif len(words & self._known) >= _WORDS:
            best = max(self._names, key=lambda name: _alike(name, words))
            if _alike(best, words) >= _ALIKE:
                yield best


def _names(text: str) -> Iterator[str]:
    yield from (plain(name) for name in _QUOTED.findall(text) if name.count(" ") >= _WORDS - 1)
    yield from (name.replace("_", " ") for name in _DEFINED.findall(text))


def _words(text: str) -> Words:
    return frozenset(meaning_of(word) for word in _WORD.findall(text.lower()) if word not in _IDLE)


def _alike(one: Words, other: Words) -> float:
    return len(one & other) / len(one | other) if len(one & other) >= _WORDS else 0.0
