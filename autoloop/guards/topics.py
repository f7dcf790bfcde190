"""What single train tasks are about: words that point at one of them, and how many come together.

A word that everybody uses says little and one that few people use says much, if hardly any other
train task has it. What counts is how much of one task stands close together, in one sentence, or
how many tasks are touched at all: an honest edit touches one by chance.
"""

import math
import re
from collections import Counter
from collections.abc import Iterator, Mapping

from autoloop.guards.common import is_everyday, is_of_the_trade

_WORD = re.compile(r"[a-z]{4,}")
_BORDER = re.compile(r"(?<=[.!?:;])\s+|\n")
_RARE = 2
"""Tasks at most that may share a word which still says something."""
_ODD, _PLAIN = 2.0, 1.0
"""What a word of few people, and one of everybody, says."""
_EMPTY = frozenset(
    """about above after again also always another anybody been before being below between both come
    comes could does done each either else ever every fewer first from goes gone good have here
    however into itself just know known last like made make many might more most much must need
    needed needs never next often only onto other others over right same second several shall should
    some somebody still such take than that their them then there these they thing things this
    those under upon used uses using very want wanted well went were what when where wherever
    whether which while whom whose will with would wrong""".split()
)
"""Words that are about nothing."""
_MANY_TASKS = 40
_WORDS = 60
"""Different words of an instruction beyond which each says less: a long one holds any word."""
_LONGEST = 40
"""Words of a sentence; in longer ones anything comes together."""


class Topics:
    """The telling words of the train tasks' instructions."""

    def __init__(self, instructions: Mapping[str, str]) -> None:
        held = {name: _words(text) for name, text in instructions.items()}
        uses: Counter[str] = Counter(word for words in held.values() for word in words)
        scale = min(1.0, math.log(max(2, len(held))) / math.log(_MANY_TASKS))
        self._weights: dict[str, dict[str, float]] = {}
        self.odd: dict[str, str] = {}
        """The task of each word that only one task and few people use."""
        for name, words in held.items():
            room = scale * min(1.0, math.sqrt(_WORDS / max(1, len(words))))
            for word in words:
                self._note(word, name, uses[word], room)

    def _note(self, word: str, task: str, uses: int, room: float) -> None:
        if uses > _RARE or word in _EMPTY or is_of_the_trade(word):
            return
        is_odd = not is_everyday(word)
        if is_odd and uses == 1:
            self.odd[word] = task
        weight = room * (_ODD if is_odd else _PLAIN) / uses
        self._weights.setdefault(word, {})[task] = weight

    def closest(self, text: str) -> tuple[float, str, tuple[str, ...]]:
        """How much the most telling sentence of a text says, of which task, by which words."""
        best: tuple[float, str, tuple[str, ...]] = (0.0, "", ())
        for sentence in _BORDER.split(text.lower()):
            words = frozenset(_WORD.findall(sentence))
            if len(words) <= _LONGEST:
                known = words & self._weights.keys()
                # `type` and `types` are one word.
                best = max(best, self._of(known - {f"{word}s" for word in known}))
        return best

    def _of(self, words: frozenset[str]) -> tuple[float, str, tuple[str, ...]]:
        sums: dict[str, float] = {}
        for word in words:
            for task, weight in self._weights[word].items():
                sums[task] = sums.get(task, 0.0) + weight
        if not sums:
            return (0.0, "", ())
        task = max(sums, key=lambda one: (sums[one], one))
        return (sums[task], task, tuple(sorted(w for w in words if task in self._weights[w])))

    def touched(self, text: str) -> Iterator[tuple[str, str]]:
        """Odd words of a text with the task that each points at."""
        for word in _WORD.findall(text.lower()):
            if word in self.odd:
                yield word, self.odd[word]


def _words(text: str) -> frozenset[str]:
    return frozenset(_WORD.findall(text.lower()))
