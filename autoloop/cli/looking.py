"""Commands that show what is recorded: status, log, show, diff, trace, report."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Annotated

import typer

from autoloop import Optimizer
from autoloop.cli.climbing import Json, RunName
from autoloop.cli.hints import print_hints
from autoloop.cli.memory import print_memory, print_predictions, print_proposal, scored_row
from autoloop.cli.printing import audit_document, print_json, print_rules, print_table, say
from autoloop.results import Decision, Predictions, Status, Step, StepResult

OfRun = Annotated[str | None, typer.Option("--run", help="Name of the run; latest by default.")]

WORDS = {
    Decision.KEEP: "kept",
    Decision.REVERT: "reverted",
    Decision.UNDECIDED: "undecided",
    Decision.EMPTY: "empty",
}

PLACES = {
    "fresh": "in a new container",
    "shared": "where the agent worked",
    "separate": "in the verifier's own container",
}


def register(app: typer.Typer) -> None:
    """Add the commands of this file."""
    for command in (status, log, show, diff, trace, report):
        app.command()(command)


def status(context: typer.Context, run: RunName = None, json: Json = False) -> None:
    """How a run stands, also while it is at work."""
    meant = Optimizer(context.obj).run(run)
    now, tasks = meant.status(), meant.tasks
    if json:
        print_json({**asdict(now), "audit": audit_document(now.audit), "tasks": tasks})
        return
    state = "at work" if now.alive else (now.run.stop_reason or "not at work")
    say(f"{now.run.name}: {state}. {_counts(now)}")
    cost = "unknown" if now.cost_usd is None else f"{now.cost_usd:.2f} USD"
    reused = f", {now.reused_trials} reused" if now.reused_trials else ""
    say(
        f"{now.trials} trials ({now.invalid_trials} invalid{reused}), {now.tokens} tokens, {cost},"
        f" {now.run.active_s / 60:.1f} minutes."
    )
    for note in now.notes:
        say(note)
    print_hints(tasks)


def log(
    context: typer.Context,
    run: RunName = None,
    predictions: Annotated[
        bool, typer.Option("--predictions", help="Only what was predicted, and what happened.")
    ] = False,
    json: Json = False,
) -> None:
    """All steps of a run with their verdicts, and how good the meta-agent's predictions were."""
    meant = Optimizer(context.obj).run(run)
    now, told = meant.status(), meant.predictions()
    if json:
        print_json(told if predictions else _documents(now.steps, told))
        return
    if predictions:
        print_table(("step", "kind", "chance", "kept", "cured"), map(scored_row, told.steps))
    else:
        header = ("step", "verdict", "commit", "better", "title", "reason")
        print_table(header, map(_row, now.steps))
    print_predictions(told.record)
    if predictions:
        return
    if now.flags:
        say(f"Integrity of trials: {now.flags}. See autoloop audit.")


def show(
    context: typer.Context,
    step: Annotated[int, typer.Argument(help="Index of the step.")],
    run: OfRun = None,
    json: Json = False,
) -> None:
    """One step: hypothesis, verdict, numbers and diff."""
    view = Optimizer(context.obj).run(run).show(step)
    if json:
        print_json(view)
        return
    proposal, verdict = view.step.proposal, view.step.verdict
    if proposal is not None:
        print_proposal(proposal)
    if view.step.review is not None:
        say(f"A reviewer's answer to the same: {view.step.review.words}")
    if verdict is not None:
        say(f"\nVerdict: {verdict.decision}. {verdict.reason}")
        print_table(("number", "value"), [(k, f"{v:.4g}") for k, v in verdict.numbers.items()])
    print_memory(view.step)
    if view.findings:
        say(f"\nTrials: {view.flags or 'all clean'}.")
        print_rules(view.findings)
    say(f"\n{view.diff}")


def diff(
    context: typer.Context,
    old: Annotated[str, typer.Argument(help="base, best, a step's number, or a commit.")] = "base",
    new: Annotated[str, typer.Argument(help="The same.")] = "best",
    run: OfRun = None,
    json: Json = False,
) -> None:
    """What changed in agent.py between two candidates."""
    text = Optimizer(context.obj).run(run).diff(old, new)
    if json:
        print_json({"old": old, "new": new, "diff": text})
        return
    say(text)


def trace(
    context: typer.Context,
    trial: Annotated[str, typer.Argument(help="Id of the trial, or the beginning of it.")],
    run: OfRun = None,
    json: Json = False,
) -> None:
    """What happened in one trial, as the host recorded it."""
    view = Optimizer(context.obj).run(run).trace(trial)
    if json:
        own = {**asdict(view.trial), "integrity": view.trial.integrity}
        print_json({**asdict(view), "trial": own})
        return
    result = view.trial
    trouble = f" {result.failure.kind}: {result.failure.message}" if result.failure else ""
    say(f"{result.id}: {result.outcome}, reward {result.reward:g}.{trouble}")
    for began in result.steps:
        say(f"step {began.name}: {_rewards(began)}")
    where = f" Tests ran {PLACES[result.verification]}." if result.verification else ""
    say(f"Integrity: {result.integrity}.{where}")
    for finding in result.findings:
        say(f"{finding.severity}: {finding.rule}: {finding.evidence}")
    if result.reused_from:
        say(f"Reused from {result.reused_from}.")
    say(f"{view.folder}\n")
    say(view.text)


def report(context: typer.Context, run: RunName = None, json: Json = False) -> None:
    """Write report.html of a run anew."""
    path = Optimizer(context.obj).run(run).report()
    if json:
        print_json({"report": path})
        return
    say(f"{path}")


def _documents(steps: Sequence[Step], told: Predictions) -> list[dict[str, object]]:
    """Steps as JSON has them, with what became of their predictions."""
    scored = {one.step: one for one in told.steps}
    return [{**asdict(step), "scored": scored.get(step.index)} for step in steps]


def _counts(now: Status) -> str:
    counts = [(now.decided(decision), word) for decision, word in WORDS.items()]
    words = [f"{count} {word}" for count, word in counts if count]
    return f"{len(now.steps)} steps: {', '.join(words) or 'none decided yet'}."


def _rewards(step: StepResult) -> str:
    """What a step of a trial was rewarded, or why it was not."""
    given = ", ".join(f"{key} {value:g}" for key, value in step.rewards.items()) or "no reward"
    return f"{given} ({step.failure.kind}: {step.failure.message})" if step.failure else given


def _chance(step: Step) -> str:
    """How likely the edit helps, where its verdict says so."""
    chance = step.verdict.numbers.get("p_better") if step.verdict else None
    return "-" if chance is None else f"{100 * chance:.0f} %"


def _row(step: Step) -> tuple[str, ...]:
    return (
        f"{step.index}",
        step.verdict.decision.value if step.verdict else "…",
        (step.candidate or "")[:10],
        _chance(step),
        step.proposal.title if step.proposal else "",
        step.verdict.reason if step.verdict else "",
    )
