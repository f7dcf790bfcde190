"""The command that says before a climb what can be known: estimate."""

from typing import Annotated

import typer

from autoloop import Optimizer
from autoloop.cli.climbing import Json, Workers
from autoloop.cli.printing import print_json, print_table, say
from autoloop.results import Estimate, Outlook, Price, Sight

MOST_TELLING = 5
MOST_NAMED = 8


def register(app: typer.Typer) -> None:
    """Add the command of this file."""
    app.command()(estimate)


def estimate(
    context: typer.Context,
    attempts: Annotated[
        int, typer.Option(min=1, help="Trials of each task that it rests on; recorded ones count.")
    ] = 2,
    no_run: Annotated[
        bool, typer.Option("--no-run", help="Use only trials that are recorded.")
    ] = False,
    workers: Workers = None,
    json: Json = False,
) -> None:
    """Say before a climb which gains it can see, and what they cost; holdout stays sealed."""
    found = Optimizer(context.obj, workers=workers).estimate(attempts=attempts, run=not no_run)
    if json:
        print_json(found)
        return
    _print(found)


def _print(found: Estimate) -> None:
    tasks = found.train + found.validation
    score = found.score
    say(
        f"agent.py on {found.train} train and {found.validation} validation tasks with"
        f" {found.model}: {found.trials} trials, {found.trials - found.ran} of them recorded"
        " earlier."
    )
    say(
        f"Score: {100 * score.mean:.1f} [{100 * score.low:.1f}, {100 * score.high:.1f}] points"
        f" over {score.n} tasks."
    )
    say(
        f"Noise: the same agent run twice differs by up to {100 * found.band:.1f} points (19 times"
        f" of 20). Within a task: sd {100 * found.within_sd:.0f}; between tasks: sd"
        f" {100 * found.between_sd:.0f}."
    )
    seen = "shows no gain, however large"
    if found.smallest_gain is not None:
        seen = f"shows a gain of {100 * found.smallest_gain:.1f} points or more"
    say(
        f"{tasks} tasks x 1 trial, of an edit and of the start agent, {seen} (80 % power,"
        " one-sided 5 %)."
    )
    say("")
    header = ("to see", "tasks", "attempts", "trials", "hours", "dollars")
    print_table(header, map(_sight, found.sights))
    say("Trials of both agents; those of the incumbent are used again for the next edit.")
    _print_tasks(found)
    say(_outlook(found.outlook))
    for warning in found.warnings:
        say(warning, style="yellow")


def _print_tasks(found: Estimate) -> None:
    say("")
    for word, tasks in (("Never", found.never), ("Always", found.always)):
        if tasks:
            more = f" and {len(tasks) - MOST_NAMED} more" if len(tasks) > MOST_NAMED else ""
            named = ", ".join(tasks[:MOST_NAMED])
            say(f"{word} solved, so they tell nothing yet ({len(tasks)}): {named}{more}.")
    telling = [
        f"{own.task} ({100 * own.share:.0f} %)"
        for own in found.shares
        if own.task not in {*found.never, *found.always}
    ]
    if telling:
        say(f"These carry most of what can be seen: {', '.join(telling[:MOST_TELLING])}.")


def _sight(sight: Sight) -> tuple[str, ...]:
    gain = f"{100 * sight.gain:.0f} points"
    if sight.price is None:
        return (gain, "-", "-", "not with these tasks", "-", "-")
    return (gain, f"{sight.tasks}", f"{sight.attempts}", *_price(sight.price))


def _price(price: Price) -> tuple[str, str, str]:
    usd = "unknown" if price.usd is None else f"{price.usd:.2f}"
    return (f"{price.trials}", f"{price.hours:.2f}", usd)


def _outlook(outlook: Outlook) -> str:
    if outlook.price is None:
        return "Nothing in program.md limits a climb."
    trials, hours, usd = _price(outlook.price)
    basis = "assumed, as in simulation: nothing is measured yet"
    if outlook.verdicts:
        basis = f"measured over {outlook.verdicts} verdicts"
    return (
        f"A climb with the budget of program.md: about {outlook.edits} edits judged at"
        f" {outlook.trials_per_verdict:.0f} trials each ({basis}); {trials} trials, {hours} hours,"
        f" {usd} dollars. What ends it: {outlook.limit}. The time that the meta-agent thinks"
        " comes on top."
    )
