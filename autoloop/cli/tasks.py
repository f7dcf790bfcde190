"""Commands about tasks: list, check, new, import."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from autoloop import Optimizer, TaskError
from autoloop.cli.climbing import Json, Workers
from autoloop.cli.exits import Exit
from autoloop.cli.printing import print_json, print_table, say, say_error

app = typer.Typer(no_args_is_help=True, help="List, check, write and import tasks.")
importing = typer.Typer(no_args_is_help=True, help="Make tasks from other benchmarks' own files.")
app.add_typer(importing, name="import")

Folder = Annotated[Path | None, typer.Argument(help="Folder of tasks; the project's by default.")]


@app.command("list")
def list_tasks(context: typer.Context, folder: Folder = None, json: Json = False) -> None:
    """All tasks with family, difficulty and split, and every folder that cannot be used."""
    optimizer = Optimizer(context.obj)
    found = optimizer.tasks(folder)
    try:
        splits = {name: split.value for name, split in optimizer.splits(found.tasks).items()}
    except TaskError as error:
        splits = {}
        say_error(str(error))
    if json:
        print_json({"tasks": found.tasks, "splits": splits, "problems": found.problems})
    else:
        rows = [(t.name, t.family, t.difficulty, splits.get(t.name, "-")) for t in found.tasks]
        print_table(("task", "family", "difficulty", "split"), rows)
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
    folder: Folder = None,
    workers: Workers = None,
    json: Json = False,
) -> None:
    """Prove for every task: its solution scores 1, doing nothing scores 0."""
    proofs = Optimizer(context.obj).check_tasks(folder, workers=workers)
    if json:
        print_json([{**asdict(proof), "sound": proof.sound} for proof in proofs])
    else:
        rows = [
            (p.task, _score(p.oracle), _score(p.nop), "ok" if p.sound else f"UNSOUND {p.problem}")
            for p in proofs
        ]
        print_table(("task", "solution", "nothing", "verdict"), rows)
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


def _score(reward: float | None) -> str:
    return "-" if reward is None else f"{reward:g}"
