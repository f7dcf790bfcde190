"""AutoAgent's rule: every train task once, more passed tasks keeps. Here for comparison."""

from dataclasses import dataclass

from autoloop.decision.tally import Tally, ask, count
from autoloop.records import Ask, Decision, Evidence, Side, Verdict

FULL_REWARD = 1.0 - 1e-9


@dataclass(frozen=True, slots=True, kw_only=True)
class PassedRule:
    """More passed train tasks keeps; as many, and simpler, keeps; anything else reverts.

    Each side's first attempt at a task counts and no other. The rule knows no chance: of
    edits that change nothing `benchmarks/windtunnel.py` finds 25 of 552 kept with 20 + 10 tasks,
    each of them for a lucky score that from then on has to be beaten.
    """

    name: str = "passed"

    def decide(self, evidence: Evidence) -> Verdict | Ask:
        """Ask for one trial per task and side, then compare."""
        tally = count(evidence)
        wanted = [(s, t) for t in evidence.train for s in Side if not tally.asked(s, t)]
        missing = len(evidence.train) - len(tally.compared(evidence.train))
        if not missing:
            return _compare(tally, evidence)
        if evidence.exhausted:
            reason = f"undecided: the budget ended before {_tasks(missing)} had run on both sides"
            return Verdict(decision=Decision.UNDECIDED, reason=reason)
        return ask(wanted, evidence)


def _compare(tally: Tally, evidence: Evidence) -> Verdict:
    ours, theirs = (_passed(tally, evidence.train, side) for side in Side)
    simpler = evidence.candidate_size < evidence.incumbent_size
    keeps = ours > theirs or (ours == theirs and simpler)
    detail = f"passed {ours} of {_tasks(len(evidence.train))}, {theirs} before"
    if ours == theirs:
        detail += f" and {'simpler' if simpler else 'no simpler'}"
    return Verdict(
        decision=Decision.KEEP if keeps else Decision.REVERT,
        reason=f"{'kept' if keeps else 'reverted'}: {detail}",
        numbers={
            "passed": ours,
            "passed_before": theirs,
            "train_gain": (ours - theirs) / max(1, len(evidence.train)),
            "trials": 2 * len(evidence.train),
        },
    )


def _passed(tally: Tally, tasks: tuple[str, ...], side: Side) -> int:
    return sum(tally.of(side, task)[0] >= FULL_REWARD for task in tasks)


def _tasks(count_: int) -> str:
    return f"{count_} train task{'' if count_ == 1 else 's'}"
