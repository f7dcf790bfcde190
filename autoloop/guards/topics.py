"""What single train tasks are about: words that point at one of them, and how many come together.

A word that everybody uses says little and one that few people use says much, if hardly any other
train task has it. What counts is how much of one task stands close together, in one sentence, or
how many tasks are touched at all: an honest edit touches one by chance.
"""

import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Set
from itertools import pairwise

from autoloop.guards.common import is_everyday, is_of_the_trade
from autoloop.guards.instructions import Instructions
from autoloop.guards.stems import BORDER, empty_stems, stem_of

_WORD = re.compile(r"[a-z]{4,}")
_FILE, _PLAIN_FILE = 2.5, 1.0
"""What the name of a file says that one task has, and of one that any may have."""
_FILE_NAME = re.compile(r"[\w-]+\.[a-z]\w{0,5}\b")
_RARE = 2
"""Tasks at most that may share a word which still says something."""
_ODD, _PLAIN = 2.0, 1.0
"""What a word of few people, and one of everybody, says."""
_MANY_TASKS = 40
_WORDS = 60
"""Different words of an instruction beyond which each says less: a long one holds any word."""
_LONGEST = 40
"""Words of a sentence; in longer ones anything comes together."""


class Topics:
    """The telling words of the train tasks' instructions."""

    def __init__(self, instructions: Mapping[str, str]) -> None:
        held = {name: _words(text) for name, text in instructions.items()}
        uses: Counter[str] = Counter(stem for words in held.values() for stem in words)
        scale = min(1.0, math.log(max(2, len(held))) / math.log(_MANY_TASKS))
        self._weights: dict[str, dict[str, float]] = {}
        self.odd: dict[str, str] = {}
        """The task of each stem that only one task and few people use."""
        for name, words in held.items():
            room = scale * min(1.0, math.sqrt(_WORDS / max(1, len(words))))
            for stem, word in words.items():
                self._note(stem, word, name, uses[stem], room)
        for name, known in Instructions(instructions).words.items():
            for files, weight in ((known.files, _FILE), (known.plain_files, _PLAIN_FILE)):
                for file in files:
                    self._weights.setdefault(file, {})[name] = scale * weight

    def _note(self, stem: str, word: str, task: str, uses: int, room: float) -> None:
        if uses > _RARE or stem in empty_stems() or is_of_the_trade(word):
            return
        is_odd = not is_everyday(word)
        if is_odd and uses == 1:
            self.odd[stem] = task
        weight = room * (_ODD if is_odd else _PLAIN) / uses
        self._weights.setdefault(stem, {})[task] = weight

    def closest(self, text: str) -> tuple[float, str, tuple[str, ...]]:
        """How much the most telling sentences of a text say, of which task, by which words."""
        best: tuple[float, str, tuple[str, ...]] = (0.0, "", ())
        sentences = [{*_words(one), *_FILE_NAME.findall(one)} for one in BORDER.split(text.lower())]
        for one, other in pairwise([*sentences, set[str]()]):
            near = one | other if len(one) + len(other) <= _LONGEST else one
            if len(near) <= _LONGEST:
                best = max(best, self._of(self._weights.keys() & near))
        return best

    def closest_of(self, words: Iterable[str]) -> tuple[float, str, tuple[str, ...]]:
        """The same of words that stand together somewhere."""
        text = " ".join(words).lower()
        return self._of(self._weights.keys() & {*_words(text), *_FILE_NAME.findall(text)})

    def _of(self, known: Set[str]) -> tuple[float, str, tuple[str, ...]]:
        sums: dict[str, float] = {}
        for stem in known:
            for task, weight in self._weights[stem].items():
                sums[task] = sums.get(task, 0.0) + weight
        if not sums:
            return (0.0, "", ())
        task = max(sums, key=lambda one: (sums[one], one))
        return (sums[task], task, tuple(sorted(w for w in known if task in self._weights[w])))

    def touched(self, text: str) -> Iterator[tuple[str, str]]:
        """Odd words of a text with the task that each points at."""
        for word in _WORD.findall(text.lower()):
            stem = stem_of(word)
            if stem in self.odd:
                yield word, self.odd[stem]


def _words(text: str) -> dict[str, str]:
    """The words of a text by their stems."""
    return {stem_of(word): word for word in _WORD.findall(text.lower())}
