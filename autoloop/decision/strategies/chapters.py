"""A run so far as a keep rule remembers it: what each edit's trials showed, in order.

An edit's trials are those with nothing else on. Where one landed that was mostly tried together
with others, few are its own, and what it did to each task would be a guess. There the belief starts
anew, with all trials that had the new incumbent in them, each the less the more others were on.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import chain as one_after_the_other

from autoloop.decision.drift import Change
from autoloop.decision.strategies.lineage import Ended, besides, chain_of, ended_of
from autoloop.records import Board, Chapter, History, Observation, Score, Side, Version

CHAPTERS = 1024
Trials = Sequence[Observation]
Told = tuple[Observation, Side, float]
"""A trial, of whom it is, and how much it says."""


def history_of(board: Board, change: Change | None) -> History:
    """The baseline's first pass, then a chapter for each edit in the order they were decided."""
    ended, seen = ended_of(board.closed), board.observations
    first = min([*(one.opened for one in board.open), *(one.opened for one in board.closed)])
    last = max([first, *(one.closed for one in ended)])
    at = change.at if change else 0
    # Those that ended before the task model changed.
    before = sum(one.closed <= at for one in ended) if change else len(ended)
    anew = bool(ended) and _starts_anew(ended[-1], seen)
    told = () if anew else tuple(_of_nobody(seen[max(last, at) :], board.base))
    return History(
        chapters=_chapters(seen if anew else seen[:last], ended, first=first, at=at, before=before),
        changed=1 + before if at else 0,
        since=tuple(map(_score, told)),
    )


@lru_cache(maxsize=16)
def _chapters(
    seen: tuple[Observation, ...], ended: tuple[Ended, ...], *, first: int, at: int, before: int
) -> tuple[Chapter, ...]:
    """Of an edit that saw the task model change, only what came after it counts."""
    baseline = (_told(one, Side.INCUMBENT) for one in seen[:first] if one.version == Version())
    chapters = [_chapter(0, kept=False, anew=False, told=tuple(baseline))]
    every = _by_edits(seen)
    fresh = _by_edits(seen[at:]) if at else every
    base, last, anew = 0, first, False
    for place, one in enumerate(ended):
        since, by_edits = (0, every) if place < before else (at, fresh)
        was_anew, anew = anew, _starts_anew(one, seen)
        if anew:
            until = ended[place + 1].closed if place + 1 < len(ended) else len(seen)
            trials = seen[max(one.opened, since) : max(until, since)]
            told = _with(chain_of(ended[: place + 1]), trials)
        elif was_anew:
            told = (known for known in _own(by_edits, one, base) if known[1] is Side.CANDIDATE)
        else:
            trials = seen[max(last, since) : max(one.closed, since)]
            told = one_after_the_other(_own(by_edits, one, base), _of_nobody(trials, base))
        chapters.append(_chapter(one.step, kept=one.kept, anew=anew, told=tuple(told)))
        base, last = one.step if one.kept else base, max(last, one.closed)
    return tuple(chapters)


def _starts_anew(one: Ended, seen: Trials) -> bool:
    """Whether edits landed that had mostly been tried with others which a coin switched on."""
    steps, alone, mixed = set(one.steps), 0, 0
    for version in (each.version for each in seen[one.opened : one.closed] if one.kept):
        if steps.issubset(version.on):
            alone += len(version.on) == len(steps)
            mixed += len(version.on) > len(steps) and bool(version.off)
    return mixed > alone


def _by_edits(seen: Trials) -> Mapping[tuple[int, ...], Trials]:
    """Trials by the edits that were on; the incumbent's by that which they were run for."""
    by_edits = defaultdict[tuple[int, ...], list[Observation]](list)
    for one in seen:
        by_edits[one.version.on or one.version.off[-1:]].append(one)
    return by_edits


def _own(by_edits: Mapping[tuple[int, ...], Trials], one: Ended, base: int) -> Iterator[Told]:
    """Trials that were run for these edits, with nothing else on."""
    for key in sorted({one.steps, *((step,) for step in one.steps)}):
        for seen in by_edits.get(key, ()):
            if seen.version.base == base and seen.version.on in ((), one.steps):
                yield _told(seen, Side.CANDIDATE if seen.version.on else Side.INCUMBENT)


def _of_nobody(trials: Trials, base: int) -> Iterator[Told]:
    """Trials of the incumbent that were run for no edit."""
    return (_told(one, Side.INCUMBENT) for one in trials if one.version == Version(base=base))


def _with(chain: tuple[int, ...], trials: Trials) -> Iterator[Told]:
    """Trials with all of an incumbent in them, but for those of one edit alone on top of it."""
    for seen in trials:
        version, others = seen.version, besides(seen.version, chain)
        is_one = version.base == chain[-1] and len(version.on) == 1
        if others == 0 or (others and version.off and not is_one):
            yield _told(seen, Side.INCUMBENT, others=others)


def _told(seen: Observation, side: Side, *, others: int = 0) -> Told:
    """With tampering a trial says nothing of the tasks."""
    return seen, side, 0.0 if seen.tampered else 1.0 / (1 + others)


@lru_cache(maxsize=CHAPTERS)
def _chapter(step: int, *, kept: bool, anew: bool, told: tuple[Told, ...]) -> Chapter:
    """A chapter; equal ones are the same object, by which rules remember their arithmetic."""
    return Chapter(step=step, kept=kept, anew=anew, scores=tuple(map(_score, told)))


def _score(told: Told) -> Score:
    seen, side, weight = told
    return Score(
        side=side,
        task=seen.task,
        split=seen.split,
        attempt=seen.attempt,
        reward=seen.reward,
        cost=seen.cost,
        weight=weight,
    )
