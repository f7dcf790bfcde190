"""Prints what the meta-agent said of its edits and predicted of them, and what came of it."""

from autoloop.cli.printing import print_table, say
from autoloop.results import (
    Foresight,
    PredictionRecord,
    PredictionScore,
    Proposal,
    ScoredStep,
    Step,
)


def print_proposal(proposal: Proposal) -> None:
    """Print the words of an edit: what, why, and what is expected of it."""
    say(f"{proposal.title}\n\nHypothesis: {proposal.hypothesis}\nExpected: {proposal.expected}")
    say(f"Without this task, still an improvement? {proposal.generality}")
    if proposal.kind is not None:
        say(f"Kind of change: {proposal.kind.value}.")
    if proposal.chance is not None:
        say(f"Predicted: kept with a chance of {_percent(proposal.chance)}.")
    for one in proposal.predicted:
        chance = "" if one.chance is None else f", with a chance of {_percent(one.chance)}"
        say(f"Predicted: {one.task} is cured{chance}.")
    for number, other in enumerate(proposal.alternatives, start=1):
        say(f"Alternative {number}: {other.title}")


def print_memory(step: Step) -> None:
    """Print what a step left behind besides its verdict."""
    if step.alternative_of is not None:
        say(f"Alternative {step.alternative} of step {step.alternative_of}.")
    if step.lesson:
        say(f"Lesson: {step.lesson}")
    if step.prompts:
        say(f"Prompts: {step.prompts}")


def print_predictions(record: PredictionRecord) -> None:
    """Print how good predictions were, over all and by kind of change; nothing without any."""
    scores = [s for s in (record.overall, *record.kinds) if s.kept.count or s.cured.count]
    if not scores:
        return
    say("\nPredictions of the meta-agent, and how often what it thought more likely happened:")
    header = ("kind of change", "kept", "hit rate", "Brier", "cured", "hit rate", "Brier")
    print_table(header, map(_row, scores))


def scored_row(one: ScoredStep) -> tuple[str, ...]:
    """A step's predictions as cells."""
    known = [task for task in one.tasks if task.cured is not None]
    cured = f"{sum(bool(t.cured) for t in known)} of {len(known)}" if known else "-"
    return (
        f"{one.step}",
        one.kind.value if one.kind else "-",
        "-" if one.chance is None else _percent(one.chance),
        {True: "yes", False: "no", None: "-"}[one.kept],
        cured,
    )


def _row(score: PredictionScore) -> tuple[str, ...]:
    kind = score.kind.value if score.kind else "all"
    return (kind, *_cells(score.kept), *_cells(score.cured))


def _cells(own: Foresight) -> tuple[str, str, str]:
    rate = "-" if own.hit_rate is None else _percent(own.hit_rate)
    return f"{own.count}", rate, "-" if own.brier is None else f"{own.brier:.3f}"


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %"
