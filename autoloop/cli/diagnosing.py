"""The command that says what failed trials have in common."""

from dataclasses import asdict
from typing import Annotated

import typer

from autoloop import Optimizer
from autoloop.cli.climbing import Json, RunName
from autoloop.cli.printing import print_json, print_table, say
from autoloop.results import FailureGroup, Sighting

_EXAMPLES = 3
_ENTRIES = 3


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(failures)


def failures(
    context: typer.Context,
    run: RunName = None,
    all: Annotated[  # noqa: A002 - the option's name
        bool, typer.Option("--all", help="Trials of every agent, not of the best alone.")
    ] = False,
    json: Json = False,
) -> None:
    """What the failed train trials of a run have in common."""
    found = Optimizer(context.obj).run(run).failures(agents="all" if all else "best")
    report = found.report
    if json:
        groups = [{**asdict(group), "words": group.symptom.words} for group in report.groups]
        print_json({"run": found.run, "agents": found.agents, **asdict(report), "groups": groups})
        return
    whose = "the best agent" if found.agents == "best" else "all agents"
    say(f"{found.run}: {report.failed} failed and {report.passed} passing train trials of {whose}.")
    if report.groups:
        head = ("symptom", "failed", "passing", "tasks", "for example, with entries of the trace")
        print_table(head, map(_row, report.groups))
    if report.unexplained:
        names = ", ".join(one.trial for one in report.unexplained[: 4 * _EXAMPLES])
        say(f"{len(report.unexplained)} failed without any of these: {names}")


def _row(group: FailureGroup) -> tuple[str, ...]:
    return (
        group.symptom.value,
        f"{group.failed} ({group.failed_share:.0%})",
        f"{group.passed} ({group.passed_share:.0%})",
        f"{group.tasks}",
        "; ".join(map(_example, group.sightings[:_EXAMPLES])),
    )


def _example(one: Sighting) -> str:
    entries = ", ".join(map(str, one.entries[:_ENTRIES]))
    return f"{one.trial} {entries}".strip()
