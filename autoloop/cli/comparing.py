"""The command that compares two agents."""

from typing import Annotated

import typer

from autoloop import Optimizer
from autoloop.cli.climbing import Json
from autoloop.cli.printing import points, print_json, print_table, say
from autoloop.results import ComparedSide, Comparison, Interval, McNemar

CONTESTANT = "An evaluation; base, best, a step's number or a commit of the run; or an agent.py."
MOST_NAMES = 12
"""Names of tasks that are listed; the JSON has all."""


def register(app: typer.Typer) -> None:
    """Add the command of this file."""
    app.command()(compare)


def compare(
    context: typer.Context,
    a: Annotated[str, typer.Argument(help=CONTESTANT)],
    b: Annotated[str, typer.Argument(help="The same; it is the gain of B that is told.")],
    run: Annotated[
        str | None, typer.Option("--run", help="Name of the run; latest by default.")
    ] = None,
    json: Json = False,
) -> None:
    """Compare two agents task by task, by recorded trials; nothing is run."""
    found = Optimizer(context.obj).compare(a, b, run=run)
    if json:
        print_json(found)
        return
    rows = [_side_row("A", found.a), _side_row("B", found.b)]
    header = ("", "agent", "tasks", "shared", "trials", "score", "success", "cost", "time")
    print_table(header, [(*row[:3], f"{found.tasks}", *row[3:]) for row in rows])
    say(_differences(found))
    _print_families(found)
    for side, only in ((found.a, found.only_a), (found.b, found.only_b)):
        if only:
            say(f"Only {side.name} passes {_names(only)}")
    if found.mcnemar is not None:
        say(_mcnemar(found.mcnemar))
    for note in found.notes:
        say(note)
    say("")
    say(found.sentence)


def _side_row(letter: str, side: ComparedSide) -> tuple[str, ...]:
    cost = "unknown" if side.cost_usd is None else f"{side.cost_usd:.4f} USD"
    return (
        letter,
        side.name,
        f"{side.tasks}",
        f"{side.trials}",
        points(side.score),
        points(side.success),
        cost,
        f"{side.seconds:.1f} s",
    )


def _differences(found: Comparison) -> str:
    """B minus A in time and cost of a trial."""
    time = _amount(found.seconds, "{:+.1f} s")
    cost = "cost unknown" if found.cost_usd is None else _amount(found.cost_usd, "{:+.4f} USD")
    return f"B minus A, each trial: {time}; {cost}."


def _amount(difference: Interval, form: str) -> str:
    low, mean, high = (
        form.format(x + 0.0) for x in (difference.low, difference.mean, difference.high)
    )
    return f"{mean} [{low}, {high}]" if difference.n > 1 else mean


def _print_families(found: Comparison) -> None:
    rows = [
        (
            own.family,
            f"{own.gain.n}",
            points(own.a),
            points(own.b),
            points(own.gain, signed=True),
            f"{own.p_value:.2g}",
        )
        for own in found.families
    ]
    if rows:
        say("")
        print_table(("family", "tasks", "A", "B", "B minus A", "p"), rows)
        say("")


def _names(tasks: tuple[str, ...]) -> str:
    more = f" and {len(tasks) - MOST_NAMES} more" if len(tasks) > MOST_NAMES else ""
    return f"{len(tasks)}: {', '.join(tasks[:MOST_NAMES])}{more}."


def _mcnemar(test: McNemar) -> str:
    return (
        f"McNemar's exact test: A alone passes {test.only_a}, B alone {test.only_b};"
        f" p = {test.p_value:.2g} (mid-p {test.mid_p:.2g})."
    )
