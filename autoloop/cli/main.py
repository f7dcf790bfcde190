"""The `autoloop` command and what becomes of its errors."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from autoloop import __version__
from autoloop.cli import (
    auditing,
    calibrating,
    climbing,
    comparing,
    deciding,
    diagnosing,
    looking,
    models,
    planning,
    redteam,
    tasks,
    tending,
)
from autoloop.cli.exits import Exit, exit_of_error
from autoloop.cli.printing import say_error
from autoloop.errors import AutoloopError

app = typer.Typer(
    name="autoloop",
    help="Improves an AI agent on its own, and says truly what was gained.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
planning.register(app)
climbing.register(app)
calibrating.register(app)
looking.register(app)
comparing.register(app)
deciding.register(app)
auditing.register(app)
diagnosing.register(app)
tending.register(app)
redteam.register(app)
app.add_typer(tasks.app, name="tasks")
app.add_typer(models.app, name="models")


def _print_version(wanted: bool) -> None:  # noqa: FBT001 - typer hands over the option's value
    if wanted:
        print(__version__)
        raise typer.Exit


@app.callback()
def _options(
    context: typer.Context,
    project: Annotated[
        Path, typer.Option("--project", "-C", help="The project, or a folder inside it.")
    ] = Path(),
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Print the version and exit."
        ),
    ] = False,
) -> None:
    """Improves an AI agent on its own, and says truly what was gained."""
    del version  # Its callback has printed it.
    context.obj = project


def main() -> None:
    """Run the command line; every error of ours becomes a sentence and an exit code."""
    try:
        app()
    except AutoloopError as error:
        say_error(str(error))
        sys.exit(exit_of_error(error))
    except OSError as error:
        say_error(f"The machine refused: {error}. Look at the disk's room and the permissions.")
        sys.exit(Exit.STOPPED)
