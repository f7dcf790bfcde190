"""Verdicts in words and numbers."""

from autoloop.decision.case import Case
from autoloop.records import Decision, Verdict

OPENINGS = {
    Decision.KEEP: "kept",
    Decision.REVERT: "reverted",
    Decision.UNDECIDED: "undecided, so reverted",
    Decision.EMPTY: "nothing to evaluate",
}


def explain(case: Case, decision: Decision, why: str) -> Verdict:
    """The verdict with a sentence such as `kept: +22 points on 20 train tasks (p = 0.004); …`."""
    numbers = _numbers(case)
    opening = f"{OPENINGS[decision]}: {why}{', ' if why else ''}"
    parts = [_gain(case, "train", case.train), _gain(case, "validation", case.validation)]
    seen = " and ".join(part for part in parts if part) or "nothing compared yet"
    chance = f" (p = {numbers['p_value']:.2g})" if parts[0] else ""
    reason = f"{opening}{seen}{chance}; {int(numbers['trials'])} trials"
    return Verdict(decision=decision, reason=reason, numbers=numbers)


def _gain(case: Case, split: str, tasks: tuple[str, ...]) -> str:
    compared = len(case.tally.compared(tasks))
    if not compared:
        return ""
    return f"{case.gain(tasks) * 100:+.0f} points on {compared} {split} task{'s'[: compared > 1]}"


def _numbers(case: Case) -> dict[str, float]:
    numbers = {
        "train_gain": case.gain(case.train),
        "p_value": case.p(case.visible),
        "train_p_value": case.p(case.train),
        "train_trials": float(case.tally.trials(case.train)),
        "validation_trials": float(case.tally.trials(case.validation)),
        "trials": float(case.tally.trials(case.visible)),
    }
    if case.tally.compared(case.validation):
        numbers["validation_gain"] = case.gain(case.validation)
    return numbers | (case.saving.numbers if case.saving else {})
