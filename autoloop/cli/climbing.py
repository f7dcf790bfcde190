"""Commands that run trials: climb, resume, eval, holdout."""

from collections import Counter
from typing import Annotated, Any

import typer

from autoloop import ClimbRun, Optimizer, Split
from autoloop.cli.evaluation import print_evaluation
from autoloop.cli.exits import Exit, exit_of
from autoloop.cli.printing import points, print_json, print_table, say, unlike
from autoloop.results import Interval, Look, TaskState

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object at the end.")]
RunName = Annotated[str | None, typer.Argument(help="Name of the run; the latest by default.")]
Hours = Annotated[float | None, typer.Option(help="Stop after so many hours.")]
Steps = Annotated[int | None, typer.Option(help="Stop after so many steps.")]
Trials = Annotated[int | None, typer.Option(help="Stop after so many trials.")]
Tokens = Annotated[int | None, typer.Option(help="Stop after so many tokens.")]
Usd = Annotated[float | None, typer.Option(help="Stop after so many US dollars.")]
Workers = Annotated[
    int | None,
    typer.Option(help="Trials at once, whatever `workers` in program.md says (auto: two per CPU)."),
]
Fresh = Annotated[
    bool, typer.Option("--fresh", help="Run every trial, also what earlier runs have run already.")
]


def register(app: typer.Typer) -> None:
    """Add the commands of this file."""
    app.command()(climb)
    app.command()(resume)
    app.command("eval")(evaluate)
    app.command()(holdout)


def climb(
    context: typer.Context,
    hours: Hours = None,
    steps: Steps = None,
    trials: Trials = None,
    tokens: Tokens = None,
    usd: Usd = None,
    seed: Annotated[int | None, typer.Option(help="Seed of what is drawn by chance.")] = None,
    workers: Workers = None,
    fresh: Fresh = False,
    json: Json = False,
) -> None:
    """Improve agent.py until a limit is reached."""
    reuse = False if fresh else None
    optimizer = Optimizer(context.obj, seed=seed, workers=workers, reuse=reuse)
    run = optimizer.climb(hours=hours, steps=steps, trials=trials, tokens=tokens, usd=usd)
    _finish(run, json=json)


def resume(
    context: typer.Context,
    run: RunName = None,
    hours: Hours = None,
    steps: Steps = None,
    trials: Trials = None,
    tokens: Tokens = None,
    usd: Usd = None,
    workers: Workers = None,
    json: Json = False,
) -> None:
    """Go on with a run where it stopped; limits given here replace its own."""
    optimizer = Optimizer(context.obj, workers=workers)
    again = optimizer.resume(run, hours=hours, steps=steps, trials=trials, tokens=tokens, usd=usd)
    _finish(again, json=json)


def holdout(
    context: typer.Context,
    run: RunName = None,
    look: Annotated[
        bool, typer.Option("--look", help="One protected answer now; the holdout stays sealed.")
    ] = False,
    json: Json = False,
) -> None:
    """Open the sealed holdout of a run as it stands, and print what was truly gained."""
    meant = Optimizer(context.obj).run(run)
    if look:
        _print_look(meant.look(), json=json)
        return
    meant.holdout()
    _finish(meant, json=json)


def evaluate(
    context: typer.Context,
    tasks: Annotated[
        str | None,
        typer.Option(help="Folder or other source of Harbor tasks; the project's by default."),
    ] = None,
    split: Annotated[Split | None, typer.Option(help="Only this split of the project.")] = None,
    attempts: Annotated[int, typer.Option(min=1, help="Trials that each task has in the end.")] = 1,
    add: Annotated[
        str, typer.Option(help="Name of an evaluation that is brought to so many attempts.")
    ] = "",
    workers: Workers = None,
    agent: Annotated[
        str, typer.Option(help="oracle, nop, or a path; the project's agent.py by default.")
    ] = "",
    fresh: Fresh = False,
    json: Json = False,
) -> None:
    """Evaluate an agent on tasks; nothing is changed."""
    optimizer = Optimizer(context.obj, workers=workers, reuse=False if fresh else None)
    evaluation = optimizer.eval(agent=agent, tasks=tasks, split=split, attempts=attempts, add=add)
    if json:
        print_json(evaluation.summary)
    else:
        print_evaluation(evaluation.summary, evaluation.folder)
    if evaluation.stopped:
        raise typer.Exit(Exit.INTERRUPTED)
    if evaluation.problems or any(not trial.counts for trial in evaluation.trials):
        raise typer.Exit(Exit.UNSOUND)


def _print_look(found: Look, *, json: bool) -> None:
    if json:
        print_json(found)
        return
    cost = "unknown" if found.cost_usd is None else f"{found.cost_usd:.2f} USD"
    say(found.said)
    say(f"It took {found.trials} trials, {found.tokens} tokens, {cost}, {found.seconds:.0f} s.")


def _finish(run: ClimbRun, *, json: bool) -> None:
    record = run.record
    if json:
        print_json(run.summary)
    else:
        _print_climb(run)
    raise typer.Exit(exit_of(record))


def _print_climb(run: ClimbRun) -> None:
    record, facts = run.record, run.summary
    say("")
    if run.table:
        header, *rows = run.table
        print_table(header, rows)
        say("Points of 100 with 95 % intervals over tasks. Only holdout is free of selection.")
    for note in run.notes:
        say(note)
    cost = "unknown" if facts["cost_usd"] is None else f"{facts['cost_usd']:.2f} USD"
    say(
        f"{facts['steps']} steps: {facts['kept']} kept, {facts['reverted']} reverted,"
        f" {facts['undecided']} undecided. {facts['trials']} trials"
        f" ({unlike(facts)}), {facts['tokens']} tokens, {cost}."
    )
    if facts["lost_calls"]:
        say(
            f"{facts['lost_calls']} model calls broke off and were made again: the provider may"
            " have counted more for them than it said."
        )
    _print_best(facts["best"])
    _print_states(facts["tasks"])
    if record.finished_at is None:
        why = record.stop_reason.value if record.stop_reason else "it was ended"
        say(f"Not finished: {why}. Go on with: autoloop resume {run.name}")
    if not facts["kept"]:
        say("No edit was kept: the best agent.py is the one that the run began with.")
        return
    say(f"The best agent.py is on branch autoloop/{run.name}. Take it with:")
    say(f"  git checkout autoloop/{run.name} -- agent.py")


def _print_best(best: Any) -> None:  # noqa: ANN401 - a piece of a JSON document
    """What the best candidate's attempts are good for, on the split that is free of selection."""
    if not (facts := best.get("holdout")):
        return
    success = points(Interval(**facts["all"]["success"]))
    last = facts["all"]["passes"][-1]
    k, once, always = last["k"], *(points(Interval(**last[name])) for name in ("any", "all"))
    more = f"; pass@{k} {once}, pass^{k} {always}" if k > 1 else ""
    say(f"The best passes {success} of 100 holdout trials{more}.")


def _print_states(tasks: Any) -> None:  # noqa: ANN401 - a piece of a JSON document
    """How many tasks are flaky, never solved and so on."""
    counts = Counter(task["state"] for task in tasks)
    words = ", ".join(f"{counts[state]} {state.value}" for state in TaskState if counts[state])
    if words:
        say(f"Tasks, by the trials of all candidates: {words}. See autoloop status.")
