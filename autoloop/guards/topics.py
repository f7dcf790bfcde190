"""How near a sentence comes to one train task more than to any other, told in whatever words.

Words count by how few tasks and how few people use them, those of tests and solutions too, but
less; two words that stand close together in one task alone count once more. One sentence must say
much; of sentences that stand near to different tasks, each may say little.
"""

import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache

from autoloop.guards.common import craft_words, is_common, is_everyday, is_of_the_trade
from autoloop.guards.stems import BORDER, empty_stems, meaning_of, stem_of

_WORD = re.compile(r"[a-z]{4,}")
_TOKEN = re.compile(r"[a-z]{3,}|\d+(?:\.\d+)*")
_HUMP = re.compile(r"(?<=[a-z])(?=[A-Z])")
_ODD, _MANUALS, _PLAIN, _CRAFT = 2.0, 1.2, 1.0, 0.4
"""What a word of few people, one of manuals, one of everybody and one of all advice says."""
_HIDDEN = 0.7
"""What a word of tests and solution says, beside one of the instruction."""
_PAIR, _MANY_PAIRS = 0.35, 4
_SHARED = 1.2
"""What a sentence may say of another task as well."""
_WINDOW = 6
_SPACES = 2
_DIGITS, _LETTERS = 3, 4
_NUMBERS = "two three four five six seven eight nine ten eleven twelve"
_DIGIT = {word: str(number) for number, word in enumerate(_NUMBERS.split(), start=2)}
_SHARE = 4
"""A word that one task in so many has says nothing."""
_MANY_TASKS = 40
_ROOM = 60
"""Different words beyond which each says less: a long text holds any word."""
_TELLING = 0.8
"""What a word says of one task, to mention it."""
_MENTIONED = 0.15
"""Tasks mentioned by each telling word of a sentence, below which it happens by chance."""
_LONGEST = 45
"""Words of a sentence; in longer ones anything comes together."""

Pair = tuple[str, str]


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Near:
    """How near a sentence is to its nearest task."""

    score: float
    lead: float
    """What it says of this task more than of the next one."""
    task: str
    words: tuple[str, ...]
    """What it shares with the task, hidden files included."""
    told: tuple[str, ...] = ()
    """What of that stands in the instruction, as the sentence spells it."""

    @property
    def claim(self) -> float:
        """What it says, or how much more of this task than of any other, if that is much less."""
        return min(self.score, self.lead + _SHARED)


NOTHING = Near(score=0.0, lead=0.0, task="", words=())


class Topics:
    """The train tasks, ready to be asked which one a sentence is about."""

    def __init__(
        self, instructions: Mapping[str, str], hidden: Mapping[str, str] | None = None
    ) -> None:
        self._told = told = {name: _stems(text) for name, text in instructions.items()}
        kept = {name: _stems(_HUMP.sub(" ", text)) for name, text in (hidden or {}).items()}
        uses = Counter(word for words in told.values() for word in words)
        seen = Counter(
            word for name in told for word in told[name].keys() | kept.get(name, {}).keys()
        )
        self._scale = min(1.0, math.log(max(2, len(told))) / math.log(_MANY_TASKS))
        self._border = max(2.0, len(told) / _SHARE)
        self._weights: dict[str, dict[str, float]] = {}
        for name, words in told.items():
            self._note(name, words, uses, 1.0)
            self._note(name, kept.get(name, {}), seen, _HIDDEN)
        self._pairs = self._rare_pairs(instructions, uses)

    def _note(self, task: str, words: Mapping[str, str], uses: Counter[str], part: float) -> None:
        telling = {one: word for one, word in words.items() if self._rarity(uses[one]) > 0}
        room = self._scale * part * min(1.0, math.sqrt(_ROOM / max(1, len(words))))
        for one, word in telling.items():
            weight = room * self._rarity(uses[one]) * _worth(word)
            known = self._weights.setdefault(one, {})
            known[task] = max(weight, known.get(task, 0.0))

    def _rarity(self, uses: int) -> float:
        return max(0.0, 1 - math.log(max(1, uses)) / math.log(self._border))

    def _rare_pairs(self, instructions: Mapping[str, str], uses: Counter[str]) -> dict[Pair, str]:
        """The task of each two words that stand together in it alone."""
        owners: dict[Pair, str] = {}
        shared: set[Pair] = set()
        for name, text in instructions.items():
            for pair in {pair for one in BORDER.split(text.lower()) for pair in _pairs(one)}:
                if owners.setdefault(pair, name) != name:
                    shared.add(pair)
        return {
            pair: name
            for pair, name in owners.items()
            if pair not in shared and all(self._rarity(uses[word]) > 0 for word in pair)
        }

    def nearest(self, sentence: str) -> Near:
        """The task that a sentence says most of; its words of instructions and hidden files."""
        words = _stems(sentence)
        return self._of(words, sentence) if len(words) <= _LONGEST else NOTHING

    def nearest_of(self, words: Iterable[str]) -> Near:
        """The same of names that stand in one definition."""
        return self._of(_stems(" ".join(words)), "")

    def mentioned(self, sentence: str) -> frozenset[str]:
        """Tasks that a sentence has a telling word of, which says little of any other."""
        words = _stems(sentence)
        rows = [self._weights[word] for word in self._weights.keys() & words.keys()]
        tasks = {max(row, key=row.__getitem__) for row in rows if _is_single(row, self._scale)}
        return frozenset(tasks if len(tasks) >= _MENTIONED * len(words) else ())

    def _of(self, words: Mapping[str, str], sentence: str) -> Near:
        sums: dict[str, float] = {}
        for word in self._weights.keys() & words.keys():
            for task, weight in self._weights[word].items():
                sums[task] = sums.get(task, 0.0) + weight
        if not sums:
            return NOTHING
        pairs = Counter(self._pairs[pair] for pair in _pairs(sentence) if pair in self._pairs)
        for task, count in pairs.items():
            so_far = sums.get(task, 0.0)
            sums[task] = so_far + self._scale * _PAIR * min(count, _MANY_PAIRS)
        rest = sorted(((score, task) for task, score in sums.items()), reverse=True)
        score, task = rest.pop(0)
        shared = sorted(word for word in words if task in self._weights.get(word, {}))
        return Near(
            score=score,
            lead=score - (rest[0][0] if rest else 0.0),
            task=task,
            words=tuple(shared),
            told=tuple(words[word] for word in shared if word in self._told[task]),
        )


def sentences(text: str) -> Iterator[str]:
    """Those of a text in small letters."""
    pieces = (one.strip() for one in BORDER.split(text.lower()))
    return (one for one in pieces if one.count(" ") >= _SPACES)


@cache
def _craft_stems() -> frozenset[str]:
    return frozenset(map(stem_of, craft_words()))


def _is_single(row: Mapping[str, float], scale: float) -> bool:
    best, *others = sorted(row.values(), reverse=True)
    return best >= _TELLING * scale and (not others or others[0] <= best / 2)


def _worth(word: str) -> float:
    if stem_of(word) in _craft_stems():
        return _CRAFT
    if word[0].isdigit():
        return _PLAIN
    if is_common(word):
        return _PLAIN
    return _MANUALS if is_everyday(word) else _ODD


def _stems(text: str) -> dict[str, str]:
    """The words that can be telling, by what they mean."""
    found: dict[str, str] = {}
    for word in _TOKEN.findall(text.lower()):
        if _is_content(word):
            found.setdefault(meaning_of(word), word)
    return found


@cache
def _is_content(word: str) -> bool:
    if word[0].isdigit():
        return len(word) >= _DIGITS
    if len(word) < _LETTERS:
        return not is_everyday(word)
    return stem_of(word) not in empty_stems() and not is_of_the_trade(word)


def _pairs(sentence: str) -> set[Pair]:
    """Telling words, and small numbers, that stand close together."""
    found = [
        _DIGIT.get(word, word) if word in _DIGIT or word[0].isdigit() else meaning_of(word)
        for word in _TOKEN.findall(sentence)
        if word in _DIGIT or word[0].isdigit() or _is_content(word)
    ]
    return {
        (min(one, other), max(one, other))
        for place, one in enumerate(found)
        for other in found[place + 1 : place + _WINDOW]
        if one != other and not (one[0].isdigit() and other[0].isdigit())
    }
