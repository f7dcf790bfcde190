"""No edit is kept that tried to get at its score, whatever its trials seem to show."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from autoloop.decision.strategies.around import Around
from autoloop.records import Board, Decision, Move, Verdict

TAMPERED = "tampered_trials"
"""The number of a verdict that says in how many of the edit's trials somebody tampered."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Blame:
    """Edits that tampered trials speak against."""

    guilty: Mapping[int, int]
    """Of whom it is clear: the number of such trials."""
    suspects: Mapping[int, int]
    """Of those who may not be kept while it is not."""


@dataclass(frozen=True, slots=True)
class Incorruptible(Around):
    """Another strategy, but that it ends edits which tamper, and keeps none that may have.

    Where several edits were on together, the guilty one is among those that were on in every trial
    with tampering that is not explained yet; further trials tell it from the others.
    """

    def decide(self, board: Board) -> Move:
        """End who is guilty; else as the other strategy, which keeps no suspect."""
        if not any(seen.tampered for seen in board.observations):
            return self.inner.decide(board)
        blame = _blame(board)
        if blame.guilty:
            return Move(verdicts={s: _verdict(count) for s, count in blame.guilty.items()})
        move = self.inner.decide(board)
        verdicts = _unkept(move.verdicts, blame.suspects)
        return replace(move, verdicts=verdicts, notice=_notice(board) or move.notice)


def _blame(board: Board) -> _Blame:
    opened = {edit.step: edit.opened for edit in board.open}
    seen = [
        frozenset(step for step in one.version.on if opened.get(step, place + 1) <= place)
        for place, one in enumerate(board.observations)
        if one.tampered
    ]
    guilty = {step for on in seen if len(on) == 1 for step in on}
    unexplained = [on for on in seen if on and not on & guilty]
    shared = frozenset.intersection(*unexplained) if unexplained else frozenset[int]()
    if len(shared) == 1:
        return _Blame(guilty=_counted(guilty | shared, seen), suspects={})
    suspects = shared or frozenset[int]().union(*unexplained)
    return _Blame(guilty=_counted(guilty, seen), suspects=_counted(suspects, seen))


def _counted(steps: Iterable[int], seen: Sequence[frozenset[int]]) -> dict[int, int]:
    """In how many tampered trials each of them was on."""
    return {step: sum(step in on for on in seen) for step in sorted(steps)}


def _notice(board: Board) -> str:
    """What a person should know of the incumbent itself."""
    own = sum(
        seen.tampered and not seen.version.on and seen.version.base == board.base
        for seen in board.observations
    )
    if not own:
        return ""
    return (
        f"In {own} of its own trials the incumbent tampered with its score: look at them with"
        " `autoloop audit`, and mend agent.py before you trust this climb."
    )


def _unkept(verdicts: Mapping[int, Verdict], suspects: Mapping[int, int]) -> dict[int, Verdict]:
    return {
        step: _verdict(suspects[step])
        if verdict.decision is Decision.KEEP and step in suspects
        else verdict
        for step, verdict in verdicts.items()
    }


def _verdict(trials: int) -> Verdict:
    several = "trial" if trials == 1 else "trials"
    return Verdict(
        decision=Decision.REVERT,
        reason=f"reverted: somebody tampered with the score in {trials} {several} it was part of",
        numbers={TAMPERED: float(trials)},
    )
