"""A gain on a single train task is no ground to keep an edit, unless validation bears it out."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from autoloop.decision.narrow import chance_of_gain, chance_of_proof, gains_of, is_narrow, mean_gain
from autoloop.decision.strategies.around import Around
from autoloop.records import (
    NARROW,
    Board,
    Chance,
    Decision,
    Move,
    OpenEdit,
    Order,
    Verdict,
    Version,
)

SURE = 0.8
"""Rules keep nothing for its gain that is less likely to help than this."""
HOPELESS = 0.2
"""Where validation will most likely not bear the edit out in all its trials, none more is spent."""
LEAST = 6
"""Trials with the edit on validation tasks before it may be called hopeless."""
ROUNDS = 4
"""Trials with the edit on each validation task after which the question is closed, and as many
without it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Proof:
    """What validation alone says of a narrow edit."""

    gain: float
    chance: float
    prospect: float
    """How likely it is that validation bears the edit out once it had all its trials."""
    trials: int
    """With the edit."""

    @property
    def words(self) -> str:
        """In half a sentence."""
        return (
            f"its gain on train tasks hangs on a single one of them, and validation alone shows"
            f" {100 * self.gain:+.0f} points ({100 * self.chance:.0f} % sure of a gain)"
        )


@dataclass(frozen=True, slots=True)
class Corroborated(Around):
    """Another strategy, but that narrow edits need the word of validation before they are kept.

    Where that is not clear it asks for trials on validation tasks with and without the edit. Edits
    that the other strategy keeps for something else than a gain are left to it.
    """

    def decide(self, board: Board) -> Move:
        """As the other strategy, which keeps no narrow edit that validation does not bear out."""
        move = self.inner.decide(board)
        verdicts = dict(move.verdicts)
        unclear: list[OpenEdit] = []
        for edit in board.open:
            verdict = verdicts.get(edit.step)
            if verdict is None or not _is_kept_narrow(board, edit, verdict):
                continue
            answer = _answer(board, edit, verdict)
            if answer is None:
                unclear.append(edit)
                del verdicts[edit.step]
            else:
                verdicts[edit.step] = answer
        chances = {**move.chances, **dict(_chances(move, unclear))}
        if verdicts or not unclear:
            return replace(move, verdicts=verdicts, chances=chances)
        orders = tuple(_orders(board, unclear[0]))
        return Move(orders=orders, notice=move.notice, chances=chances)


def _chances(move: Move, unclear: Iterable[OpenEdit]) -> Iterator[tuple[int, Chance]]:
    """Of edits whose verdict has to wait, by its numbers."""
    for edit in unclear:
        numbers = move.verdicts[edit.step].numbers
        if {"p_better", "trials"} <= numbers.keys():
            chance = Chance(p_better=numbers["p_better"], trials=int(numbers["trials"]))
            yield edit.step, chance


def _is_kept_narrow(board: Board, edit: OpenEdit, verdict: Verdict) -> bool:
    if verdict.decision is not Decision.KEEP or 0 < edit.size < board.incumbent_size:
        return False
    for_its_gain = verdict.numbers.get("p_better", 1.0) >= SURE
    return for_its_gain and is_narrow(gains_of(board, edit, board.train))


def _answer(board: Board, edit: OpenEdit, verdict: Verdict) -> Verdict | None:
    """What becomes of a narrow edit that would be kept; None while validation has to be asked."""
    proof = _proof(board, edit)
    if proof.gain > 0.0 and proof.chance >= SURE:
        return _said(verdict, proof, verdict.decision, reason=f"{verdict.reason}; {proof.words}")
    most = ROUNDS * len(board.validation)
    if proof.trials >= most or (proof.trials >= LEAST and proof.prospect <= HOPELESS):
        return _said(verdict, proof, Decision.REVERT, reason=f"reverted: {proof.words}")
    if board.exhausted:
        reason = f"undecided, so reverted: {proof.words}"
        return _said(verdict, proof, Decision.UNDECIDED, reason=reason)
    return None


def _said(verdict: Verdict, proof: _Proof, decision: Decision, *, reason: str) -> Verdict:
    numbers = {
        **verdict.numbers,
        NARROW: 1.0,
        "narrow_validation_gain": proof.gain,
        "narrow_validation_chance": proof.chance,
    }
    return Verdict(decision=decision, reason=reason, numbers=numbers)


def _proof(board: Board, edit: OpenEdit) -> _Proof:
    gains = gains_of(board, edit, board.validation)
    tasks = set(board.validation)
    trials = sum(edit.step in o.version.on and o.task in tasks for o in board.observations)
    return _Proof(
        gain=mean_gain(gains),
        chance=chance_of_gain(gains),
        prospect=chance_of_proof(gains, sure=SURE, weight=len(tasks) * ROUNDS / 2),
        trials=trials,
    )


def _orders(board: Board, edit: OpenEdit) -> Iterator[Order]:
    """Trials on validation tasks with and without the edit, where there are fewest."""
    on = Version(base=board.base, on=tuple(sorted((*edit.parents, edit.step))))
    off = Version(base=board.base, on=edit.parents, off=(edit.step,))
    seen = [(one.version, one.task) for one in board.observations]
    seen += [(one.version, one.task) for one in board.pending]
    counts = Counter(
        (edit.step in version.on, task)
        for version, task in seen
        if edit.step in (*version.on, *version.off)
    )
    for _ in range(max(board.free, 0 if board.pending else 1)):
        is_on, task = min(
            ((side, task) for task in board.validation for side in (True, False)),
            key=lambda place: counts[place],
        )
        counts[is_on, task] += 1
        yield Order(version=on if is_on else off, task=task)
