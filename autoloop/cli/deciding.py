"""The command that asks for a run's verdicts again."""

from dataclasses import asdict
from typing import Annotated

import typer

from autoloop import Optimizer
from autoloop.cli.climbing import Json
from autoloop.cli.exits import Exit
from autoloop.cli.printing import print_json, print_table, say


def register(app: typer.Typer) -> None:
    """Add the command of this file."""
    app.command()(decide)


def decide(
    context: typer.Context,
    replay: Annotated[
        str, typer.Option("--replay", help="Name of the run, or 'latest'.")
    ] = "latest",
    json: Json = False,
) -> None:
    """Ask for every verdict of a run again, from its records; nothing is run or changed."""
    found = Optimizer(context.obj).run(None if replay == "latest" else replay).replay()
    if json:
        print_json({**asdict(found), "same": found.same})
    else:
        rows = [
            (f"{v.step}", "same" if v.same else "DIFFERS", v.replayed or "no verdict yet", v.title)
            for v in found.verdicts
        ]
        print_table(("step", "again", "verdict", "title"), rows)
        same = sum(verdict.same for verdict in found.verdicts)
        say(f"{found.run}, steered by {found.strategy}: {same} of {len(rows)} verdicts the same.")
    if not found.same:
        raise typer.Exit(Exit.UNSOUND)
