"""Commands about language models: check."""

import typer

from autoloop import Optimizer
from autoloop.cli.climbing import Json
from autoloop.cli.exits import Exit
from autoloop.cli.printing import print_json, print_table, say_error
from autoloop.results import ModelCheck

app = typer.Typer(no_args_is_help=True, help="Look at the language models of a project.")

COLUMNS = (
    "role",
    "model",
    "asked by",
    "seconds",
    "tools",
    "caching",
    "thinking",
    "price",
    "source",
)


@app.callback()
def _group() -> None:
    """Look at the language models of a project."""


@app.command()
def check(context: typer.Context, json: Json = False) -> None:
    """Ask task and meta model one small question each: is it answered, how fast, at what price."""
    checks = Optimizer(context.obj).check_models()
    if json:
        print_json(checks)
    else:
        print_table(COLUMNS, [_row(check) for check in checks])
    for problem in dict.fromkeys(check.problem for check in checks if check.problem):
        say_error(problem)
    if code := _exit(checks):
        raise typer.Exit(code)


def _exit(checks: tuple[ModelCheck, ...]) -> Exit:
    bad = [check for check in checks if check.problem]
    if not bad:
        return Exit.OK
    return Exit.STOPPED if all(check.may_pass for check in bad) else Exit.MEND


def _row(check: ModelCheck) -> tuple[str, ...]:
    seconds = "-" if check.seconds is None else f"{check.seconds:.1f}"
    features = (check.tools, check.caching, check.thinking)
    return (
        *(check.role, check.model, check.way, seconds),
        *map(_yes_or_no, features),
        *(_price(check), check.price_source),
    )


def _yes_or_no(known: bool | None) -> str:  # noqa: FBT001 - a value that is shown, no switch
    return "unknown" if known is None else "yes" if known else "no"


def _price(check: ModelCheck) -> str:
    """US dollars for a million tokens."""
    named = {
        "in": check.input_usd,
        "out": check.output_usd,
        "cached": check.cached_usd,
        "written": check.written_usd,
    }
    said = [f"{name} {usd:g}" for name, usd in named.items() if usd is not None]
    return ", ".join(said) or "unknown"
