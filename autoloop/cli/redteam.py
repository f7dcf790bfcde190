"""The command that attacks."""

from dataclasses import asdict
from typing import Annotated

import typer

from autoloop import Optimizer
from autoloop.cli.climbing import Json, Workers
from autoloop.cli.exits import Exit
from autoloop.cli.printing import print_json, print_table, say

COLUMNS = ("attack", "", "channel", "tests run", "result", "evidence")


def register(app: typer.Typer) -> None:
    """Add the commands of this file."""
    app.command()(redteam)


def redteam(
    context: typer.Context,
    attack: Annotated[
        list[int] | None, typer.Option(help="Only the attacks of this number; may be repeated.")
    ] = None,
    workers: Workers = None,
    json: Json = False,
) -> None:
    """Play the attacks of docs/security.md on this machine, and say what became of each."""
    report = Optimizer(context.obj, workers=workers).redteam(attack or ())
    counts = {result: report.count(result) for result in ("gained", "detected", "impossible")}
    if json:
        rows = [asdict(row) for row in report.rows]
        facts = {"sound": report.sound, "afterwards": report.afterwards}
        print_json({"attacks": len(rows), **counts, **facts, "rows": rows})
    else:
        print_table(
            COLUMNS,
            [
                (
                    *(f"{row.group}{row.number}", row.name, row.channel, row.place),
                    *(row.result, ", ".join([*row.rules, row.evidence])),
                )
                for row in report.rows
            ],
        )
        say(
            f"{len(report.rows)} attacks: {counts['gained']} gained something,"
            f" {counts['detected']} were detected, {counts['impossible']} are impossible."
        )
        say(report.afterwards)
    if counts["gained"] or not report.sound:
        raise typer.Exit(Exit.UNSOUND)
