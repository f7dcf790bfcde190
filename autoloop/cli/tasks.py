"""Commands about tasks: list, check, new, import."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from autoloop import Optimizer, TaskError
from autoloop.cli.climbing import Json, Workers
from autoloop.cli.exits import Exit
from autoloop.cli.hints import print_hints
from autoloop.cli.printing import print_json, print_table, say, say_error
from autoloop.results import LastResult, TaskProof, TaskRecord

app = typer.Typer(no_args_is_help=True, help="List, check, write and import tasks.")
importing = typer.Typer(no_args_is_help=True, help="Make tasks from other benchmarks' own files.")
app.add_typer(importing, name="import")

COLUMNS = (
    *("task", "solution", "nothing", "fresh", "shared", "build", "offline", "image", "trial"),
    *("same in Harbor", "verdict"),
)
LISTED = ("task", "family", "difficulty", "split", "last result", "in all trials")
Source = Annotated[
    str | None, typer.Argument(help="Folder or other source of tasks; the project's by default.")
]


@app.command("list")
def list_tasks(context: typer.Context, source: Source = None, json: Json = False) -> None:
    """All tasks with split and last result, and every folder that cannot be used."""
    optimizer = Optimizer(context.obj)
    found = optimizer.tasks(source)
    last = optimizer.last_results(found.tasks)
    records = optimizer.task_records(found.tasks)
    try:
        splits = {name: split.value for name, split in optimizer.splits(found.tasks).items()}
    except TaskError as error:
        splits = {}
        say_error(str(error))
    if json:
        facts = {"tasks": found.tasks, "splits": splits, "last": last, "records": records}
        print_json({**facts, "problems": found.problems})
    else:
        rows = [
            (
                *(task.name, task.family, task.difficulty, splits.get(task.name, "-")),
                _last(last.get(task.name)),
                _state(records.get(task.name)),
            )
            for task in found.tasks
        ]
        print_table(LISTED, rows)
        print_hints(list(records.values()))
        for task in found.tasks:
            for note in task.notes:
                say(f"{task.name}: {note}")
    for problem in found.problems:
        say_error(str(problem))
    if found.problems:
        raise typer.Exit(Exit.MEND)


@app.command("check")
def check_tasks(
    context: typer.Context,
    source: Source = None,
    workers: Workers = None,
    repeat: Annotated[int, typer.Option(min=1, help="Runs of each solution.")] = 1,
    offline: Annotated[
        bool, typer.Option("--offline", help="Also build each image anew without network.")
    ] = False,
    harbor: Annotated[
        str, typer.Option(help="A Python with Harbor to compare with, auto, or none.")
    ] = "auto",
    json: Json = False,
) -> None:
    """Prove for every task: its solution scores 1 every time, doing nothing scores 0.

    Each solution is also tried where the tests run in the other of both places, a new container
    or its own, to tell which tasks need which.
    """
    optimizer = Optimizer(context.obj, workers=workers)
    proofs = optimizer.check_tasks(source, repeat=repeat, offline=offline, harbor=harbor)
    if json:
        print_json([_facts(proof) for proof in proofs])
    else:
        print_table(COLUMNS, map(_row, proofs))
        for proof in proofs:
            if proof.remark:
                say(f"{proof.task}: {proof.remark}.")
        say(f"{sum(p.sound for p in proofs)} of {len(proofs)} tasks are sound.")
    if not all(p.sound for p in proofs):
        raise typer.Exit(Exit.UNSOUND)


@app.command("new")
def new_task(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="Its folder below tasks/, such as csv/add-up.")],
    json: Json = False,
) -> None:
    """Write the skeleton of a new task."""
    folder = Optimizer(context.obj).new_task(name)
    if json:
        print_json({"folder": folder})
        return
    say(f"{folder}")


@importing.command("spreadsheetbench")
def import_spreadsheetbench(
    context: typer.Context,
    source: Annotated[Path, typer.Argument(help="Folder with dataset.json and spreadsheet/.")],
    out: Annotated[Path, typer.Argument(help="Folder that the tasks are written into.")],
    json: Json = False,
) -> None:
    """Make Harbor tasks from SpreadsheetBench's own files."""
    folders = Optimizer(context.obj).import_spreadsheetbench(source, out)
    if json:
        print_json({"tasks": folders})
        return
    say(f"{len(folders)} tasks written to {out}.")


def _facts(proof: TaskProof) -> dict[str, object]:
    words = {"flaky": proof.flaky, "sound": proof.sound, "remark": proof.remark}
    return {**asdict(proof), **words}


def _row(proof: TaskProof) -> tuple[str, ...]:
    words = {True: "yes", False: "NO", None: "-"}
    harbor = "-" if proof.same_in_harbor is None else words[proof.same_in_harbor]
    return (
        proof.task,
        _number(proof.oracle, "{:g}"),
        _number(proof.nop, "{:g}"),
        _number(proof.fresh, "{:g}"),
        _number(proof.shared, "{:g}"),
        _number(proof.build_s, "{:.1f} s"),
        words[proof.offline],
        _number(proof.image_mb, "{:.0f} MB"),
        _number(proof.trial_s, "{:.1f} s"),
        harbor if harbor != "-" or not proof.harbor_remark else "no answer",
        "ok" if proof.sound else f"UNSOUND {proof.problem}",
    )


def _number(value: float | None, form: str) -> str:
    return "-" if value is None else form.format(value)


def _state(record: TaskRecord | None) -> str:
    return "-" if record is None else f"{record.state.value} ({record.passed}/{record.trials})"


def _last(result: LastResult | None) -> str:
    return "-" if result is None else f"{result.mean:.2f} ({result.trials}x, {result.run})"
