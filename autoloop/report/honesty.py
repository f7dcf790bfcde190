"""What is said beside scores: how far selection flatters, and what was kept in vain."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean

from autoloop.records import (
    LOSS,
    Decision,
    Interval,
    Origin,
    Purpose,
    SelectionGap,
    Split,
    SplitScores,
    Step,
    SuccessRates,
    TrialResult,
    Verdict,
    Worthless,
)

SELECTION = (Split.TRAIN, Split.VALIDATION)
FEW_TASKS = 8
"""With no more train tasks than this, little can be known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sides:
    """Digests of the two agents that a final table compares."""

    baseline: str
    best: str


def expected_worthless(steps: Iterable[Step]) -> Worthless:
    """How many kept edits the verdicts themselves expect to be worthless.

    What the loop takes out of agent.py itself is none, and what it took back is kept no more.
    """
    kept = [s for s in steps if s.verdict is not None and s.verdict.decision is Decision.KEEP]
    gone = {step.takes_back for step in kept if step.origin is Origin.ROLLBACK}
    own = [s.verdict for s in kept if s.origin is Origin.META and s.index not in gone]
    chances = [chance for v in own if v and (chance := _in_vain(v)) is not None]
    return Worthless(kept=len(own), judged=len(chances), expected=sum(chances))


def _in_vain(verdict: Verdict) -> float | None:
    """Chance that an edit is of no use for what it was kept for; None where that is not known."""
    numbers = verdict.numbers
    if LOSS in numbers:
        return numbers[LOSS]
    return 1.0 - numbers["p_better"] if "p_better" in numbers else None


def selection_gap(scores: Mapping[Split, SplitScores]) -> SelectionGap | None:
    """Reported minus true score; None while there is no final table with all splits."""
    selection = [scores[split] for split in SELECTION if split in scores]
    holdout = scores.get(Split.HOLDOUT)
    if holdout is None or not holdout.best.n or not any(own.best.n for own in selection):
        return None
    return SelectionGap(
        best=_pooled(own.best for own in selection) - holdout.best.mean,
        baseline=_pooled(own.baseline for own in selection) - holdout.baseline.mean,
    )


def claimed_gain(scores: Mapping[Split, SplitScores]) -> float | None:
    """Gain on the tasks that chose the best: what the search claims; None without a table."""
    gains = [scores[split].gain for split in SELECTION if split in scores]
    return _pooled(gains) if any(gain.n for gain in gains) else None


def success_rates(trials: Sequence[TrialResult], sides: Sides) -> SuccessRates | None:
    """How often the two agents passed in the final table's trials; None before there are any."""
    final = [t for t in trials if t.key.purpose is Purpose.FINAL]
    own = [t for t in final if t.key.agent in {sides.baseline, sides.best}]
    if not own:
        return None
    return SuccessRates(
        baseline=_passed(own, sides.baseline),
        best=_passed(own, sides.best),
        trials=sum(trial.counts for trial in own),
        invalid_trials=sum(not trial.counts for trial in own),
    )


def worthless_sentence(found: Worthless) -> str:
    """The expectation in words; empty when nothing was kept."""
    if not found.kept:
        return ""
    if not found.judged:
        return (
            f"Expected worthless edits among the {found.kept} kept ones: not known, the keep rule"
            " gives no chances."
        )
    silent = found.kept - found.judged
    without = f" ({silent} more have no chance recorded)" if silent else ""
    return (
        f"Expected worthless edits among the kept ones: {found.expected:.1f} of {found.judged}"
        f"{without}."
    )


def few_tasks_sentence(splits: Iterable[Split]) -> str:
    """What is said where few of the tasks are train tasks; empty where enough are."""
    train = sum(split is Split.TRAIN for split in splits)
    if train > FEW_TASKS:
        return ""
    return (
        f"With {train} train task{'s'[: train != 1]} little can be known: five tasks have to get"
        " better, and none worse, before luck is less than 5 % likely, and the figures of a climb"
        " are themselves rough. More tasks help more than more trials of these."
    )


def queries_sentence(steps: Iterable[Step]) -> str:
    """How often validation was asked, in words; empty while it was not."""
    count = sum(step.asked_validation for step in steps)
    if not count:
        return ""
    verdicts = "verdict" if count == 1 else "verdicts"
    return f"Validation was asked for {count} {verdicts}; each of them tells a little of it."


def gap_sentence(found: SelectionGap | None) -> str:
    """The gap in words; empty without one."""
    if found is None:
        return ""
    return (
        f"Reported (selection) score minus holdout score: {100 * found.best:+.1f} points; for the"
        f" baseline, which nothing was selected for, {100 * found.baseline:+.1f}."
    )


def success_sentence(found: SuccessRates | None) -> str:
    """The rates in words; empty without any."""
    if found is None:
        return ""
    before, after = (
        "not measured" if rate is None else f"{100 * rate:.0f} %"
        for rate in (found.baseline, found.best)
    )
    return (
        f"Success rate on holdout: baseline {before}, best {after} of {found.trials} trials"
        f" ({found.invalid_trials} invalid)."
    )


def _passed(trials: Iterable[TrialResult], agent: str) -> float | None:
    own = [trial.passed for trial in trials if trial.counts and trial.key.agent == agent]
    return fmean(own) if own else None


def _pooled(intervals: Iterable[Interval]) -> float:
    """Mean over all tasks of several splits."""
    known = [own for own in intervals if own.n]
    return sum(own.mean * own.n for own in known) / sum(own.n for own in known)
