"""Commands that look after a project: init, stop, gc, doctor, export."""

from pathlib import Path
from typing import Annotated

import typer

from autoloop import Optimizer
from autoloop.cli.climbing import Json, RunName
from autoloop.cli.exits import Exit
from autoloop.cli.printing import print_json, print_table, say


def register(app: typer.Typer) -> None:
    """Add the commands of this file."""
    for command in (init, stop, gc, doctor, export):
        app.command()(command)


def init(
    context: typer.Context,
    folder: Annotated[Path | None, typer.Argument(help="Folder of the new project.")] = None,
    json: Json = False,
) -> None:
    """Write the first files of a project; nothing that exists is touched."""
    written = Optimizer.init(folder or context.obj)
    if json:
        print_json({"written": written})
        return
    for path in written:
        say(f"wrote {path}")
    if not written:
        say("Nothing to do: the project is complete.")
        return
    say(
        "Next: say in program.md what the agent should become. Write tasks (autoloop tasks new NAME"
        " copies a small one; give it another instruction, tests and solution) until at least 6"
        " differ. See what is missing (autoloop doctor), then: autoloop climb"
    )


def stop(context: typer.Context, run: RunName = None, json: Json = False) -> None:
    """Ask the process that works on a run to end cleanly; the run can be resumed."""
    meant = Optimizer(context.obj).run(run)
    meant.stop()
    if json:
        print_json({"run": meant.name})
        return
    say(f"Asked {meant.name} to stop. It ends when the trials that run now have ended.")


def gc(
    context: typer.Context,
    keep: Annotated[
        int | None, typer.Option(min=0, help="Also delete all but so many of the newest runs.")
    ] = None,
    images: Annotated[
        int | None, typer.Option(min=0, help="Also delete all but so many images of tasks.")
    ] = None,
    json: Json = False,
) -> None:
    """Remove what dead runs left behind."""
    cleaned = Optimizer(context.obj).gc(keep=keep, images=images)
    if json:
        print_json(cleaned)
        return
    say(
        f"Removed {cleaned.containers} containers, {len(cleaned.runs)} runs and"
        f" {cleaned.images} images ({cleaned.freed_bytes / 1e6:.0f} MB)."
    )


def export(
    context: typer.Context,
    harbor: Annotated[
        Path, typer.Option(help="Folder that everything `harbor run` needs is written into.")
    ],
    agent: Annotated[
        str, typer.Option(help="best, a run's name, or a path; the project's agent.py by default.")
    ] = "",
    json: Json = False,
) -> None:
    """Write what is needed to run the agent elsewhere."""
    written = Optimizer(context.obj).export_harbor(harbor, agent=agent)
    if json:
        print_json({"written": written})
        return
    for path in written:
        say(f"wrote {path}")


def doctor(context: typer.Context, json: Json = False) -> None:
    """Look at everything a climb needs."""
    checks = Optimizer(context.obj).doctor()
    if json:
        print_json(checks)
    else:
        rows = [(c.subject, "fine" if c.fine else "MEND", c.remark) for c in checks]
        print_table(("subject", "state", "remark"), rows)
    if not all(check.fine for check in checks):
        raise typer.Exit(Exit.UNSOUND)
