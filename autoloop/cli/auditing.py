"""The command that looks once more at what a run kept."""

from typing import Annotated

import typer

from autoloop import Optimizer
from autoloop.cli.climbing import Json, RunName
from autoloop.cli.exits import Exit
from autoloop.cli.printing import audit_document, print_json, say
from autoloop.results import Audit, CandidateAudit, Integrity

STYLES = {Integrity.CLEAN: "", Integrity.SUSPICIOUS: "yellow", Integrity.TAMPERED: "red"}


def register(app: typer.Typer) -> None:
    """Add the command of this file."""
    app.command()(audit)


def audit(
    context: typer.Context,
    run: RunName = None,
    step: Annotated[
        int | None,
        typer.Option(min=0, help="Only the edit of this step, kept or not; 0: the first agent."),
    ] = None,
    json: Json = False,
) -> None:
    """Audit what a run kept, by rules over code, traces, commands and file changes."""
    found = Optimizer(context.obj).run(run).audit(step=step)
    if json:
        print_json(audit_document(found))
    else:
        _print(found)
    if found.tampered:
        raise typer.Exit(Exit.UNSOUND)


def _print(found: Audit) -> None:
    for own in found.candidates:
        _print_candidate(own)
    clean = len(found.candidates) - len(found.flagged)
    say(
        f"{found.run}: {len(found.candidates)} candidates audited, {clean} clean,"
        f" {len(found.flagged) - len(found.tampered)} suspicious, {len(found.tampered)} tampered."
    )


def _print_candidate(own: CandidateAudit) -> None:
    name = f"step {own.step}" if own.step else "first agent"
    say(
        f"{name} {own.commit[:10]}: {own.verdict.value}, {own.trials} trials",
        style=STYLES[own.verdict],
    )
    for finding in own.findings:
        places = f"{finding.count} places, such as " if finding.count > 1 else ""
        say(f"  {finding.severity}: {finding.rule}, {places}{finding.where}: {finding.evidence}")
    if own.opinion is not None:
        word = own.opinion.verdict.value if own.opinion.verdict else "no answer"
        reasons = " ".join(own.opinion.reasons)
        say(f"  advice of {own.opinion.model}: {word}. {reasons}")
