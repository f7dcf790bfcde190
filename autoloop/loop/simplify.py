"""When to take back what was kept, and which part of it: read from the recorded steps alone."""

import difflib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise, takewhile

from autoloop.loop.board import RunRecords
from autoloop.records import Decision, Origin, Step

PLATEAU = 6
"""Edits in a row that were not kept, after which a kept one is taken back on trial."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ablation:
    """A kept edit, and what of it to leave out."""

    origin: Origin
    target: Step
    out: frozenset[int]
    """Hunks of its diff that are left out, by number."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hunk:
    """Lines that an edit put in the place of others."""

    start: int
    """First line of the new text; where the edit only took lines out, the line after them."""
    end: int
    before: tuple[str, ...]


def ablation_due(records: RunRecords) -> Ablation | None:
    """What to take back next; None while the meta-agent is to go on."""
    own = [step for step in records.steps if step.origin is not Origin.META]
    if any(step.finished_at is None for step in own):
        return None
    last = next((s for s in reversed(own) if s.origin is Origin.ROLLBACK), None)
    going_on = _simplification(records, last) if last is not None else None
    if going_on is not None:
        return going_on
    return _rollback(records) if _fruitless(records) >= PLATEAU else None


def ablation_of(records: RunRecords, step: Step) -> Ablation:
    """What a step that the loop itself began takes back."""
    earlier = RunRecords(
        steps=[s for s in records.steps if s.index < step.index],
        trials=(),
        splits=records.splits,
        digests={},
        base=records.base,
        baseline=records.baseline,
        merge=records.merge,
        size=records.size,
    )
    found = ablation_due(earlier)
    if found is None:
        raise AssertionError("a step of the loop's own was begun because one was due")
    return found


def hunks_of(before: str, after: str) -> tuple[Hunk, ...]:
    """The places in which a text was changed."""
    old, new = before.splitlines(keepends=True), after.splitlines(keepends=True)
    codes = difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes()
    return tuple(
        Hunk(start=first, end=last, before=tuple(old[start:end]))
        for tag, start, end, first, last in codes
        if tag != "equal"
    )


def without(after: str, hunks: Sequence[Hunk], out: frozenset[int]) -> str:
    """The new text with some hunks as they were before."""
    lines, made, at = after.splitlines(keepends=True), list[str](), 0
    for number, hunk in enumerate(hunks):
        if number in out:
            made += [*lines[at : hunk.start], *hunk.before]
            at = hunk.end
    return "".join([*made, *lines[at:]])


def next_out(
    count: int, answers: Sequence[bool], viable: Callable[[frozenset[int]], bool]
) -> frozenset[int] | None:
    """Delta debugging: which of `count` hunks to leave out next, given how earlier tries ended.

    Halves first, then smaller parts; what was not missed stays out. None: nothing is left to try.
    """
    given, kept, parts = iter(answers), list(range(count)), 2
    while len(kept) > 1:
        for chunk in _chunks(kept, parts):
            rest = [hunk for hunk in kept if hunk not in chunk]
            out = frozenset(range(count)) - frozenset(rest)
            if not viable(out):
                continue
            is_gone = next(given, None)
            if is_gone is None:
                return out
            if is_gone:
                kept, parts = rest, max(2, parts - 1)
                break
        else:
            if parts >= len(kept):
                return None
            parts = min(2 * parts, len(kept))
    return None


def _chunks(kept: Sequence[int], parts: int) -> Iterator[Sequence[int]]:
    edges = [len(kept) * number // parts for number in range(parts + 1)]
    yield from (kept[first:last] for first, last in pairwise(edges))


def _simplification(records: RunRecords, rollback: Step) -> Ablation | None:
    """The next part to leave out of an edit that was missed as a whole."""
    target = _targets(records).get(rollback.index)
    if target is None or target.proposal is None or _is_kept(rollback):
        return None
    after = target.proposal.source
    hunks = hunks_of(records.sources().foundation(target), after)
    tries = [s for s in records.steps if s.origin is Origin.SIMPLIFY and s.index > rollback.index]

    def viable(out: frozenset[int]) -> bool:
        return records.size(without(after, hunks, out)) > 0

    out = next_out(len(hunks), [_is_kept(step) for step in tries], viable)
    return None if out is None else Ablation(origin=Origin.SIMPLIFY, target=target, out=out)


def _rollback(records: RunRecords) -> Ablation | None:
    """The kept edit that is least certain to help, of those that were never taken back."""
    tried = {target.index for target in _targets(records).values()}
    target = _least_certain(records.landed(), tried)
    if target is None or target.proposal is None:
        return None
    hunks = hunks_of(records.sources().foundation(target), target.proposal.source)
    every = frozenset(range(len(hunks)))
    return Ablation(origin=Origin.ROLLBACK, target=target, out=every)


def _targets(records: RunRecords) -> Mapping[int, Step]:
    """What each rollback took back."""
    steps = {step.index: step for step in records.steps}
    return {
        s.index: steps[s.takes_back]
        for s in records.steps
        if s.origin is Origin.ROLLBACK and s.takes_back is not None
    }


def _least_certain(landed: Sequence[Step], tried: set[int]) -> Step | None:
    left = [s for s in landed if s.origin is Origin.META and s.index not in tried]
    return min(left, key=_certainty, default=None)


def _certainty(step: Step) -> tuple[float, int]:
    numbers = step.verdict.numbers if step.verdict else {}
    return numbers.get("p_better", 1.0), step.index


def _fruitless(records: RunRecords) -> int:
    """Edits of the meta-agent in a row, up to now, that were tried and not kept."""
    done = [
        step
        for step in records.steps
        if step.finished_at is not None
        and (step.proposal is not None or step.origin is not Origin.META)
    ]
    newest = sorted(done, key=lambda s: (s.decided or 0, s.index), reverse=True)
    return len(list(takewhile(lambda s: s.origin is Origin.META and not _is_kept(s), newest)))


def _is_kept(step: Step) -> bool:
    return step.verdict is not None and step.verdict.decision is Decision.KEEP
