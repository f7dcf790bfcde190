"""The command that says what the loop claims for edits that change nothing: calibrate."""

from dataclasses import asdict

import typer

from autoloop import Optimizer
from autoloop.cli.climbing import Hours, Json, Steps, Trials, Workers
from autoloop.cli.exits import exit_of
from autoloop.cli.printing import print_json, say
from autoloop.results import Calibration


def register(app: typer.Typer) -> None:
    """Add the command of this file."""
    app.command()(calibrate)


def calibrate(
    context: typer.Context,
    trials: Trials = None,
    hours: Hours = None,
    steps: Steps = None,
    workers: Workers = None,
    json: Json = False,
) -> None:
    """Run the real loop with edits that change nothing, and print what it would have claimed."""
    optimizer = Optimizer(context.obj, workers=workers)
    found = optimizer.calibrate(hours=hours, steps=steps, trials=trials)
    if json:
        print_json({**asdict(found), "covers_zero": found.covers_zero})
    else:
        _print(found)
    raise typer.Exit(exit_of(found.run))


def _print(found: Calibration) -> None:
    name = found.run.name
    say("")
    say(
        f"Edits that change nothing: kept {found.kept} of {found.edits}, {found.undecided}"
        " undecided."
    )
    _print_claims(found)
    cost = "unknown" if found.cost_usd is None else f"{found.cost_usd:.2f} USD"
    say(
        f"{found.trials} trials ({found.invalid_trials} invalid), {found.tokens} tokens, {cost},"
        f" {found.run.active_s / 60:.1f} minutes."
    )
    if found.run.finished_at is None:
        say(f"Not finished. Go on with: autoloop resume {name}")
    say(f"The edits are on branch autoloop/{name}, for nobody to take: autoloop log {name}")


def _print_claims(found: Calibration) -> None:
    if found.worthless.judged:
        say(
            f"Of the kept ones the rule expects {found.worthless.expected:.1f} of"
            f" {found.worthless.judged} to be worthless; in truth all are."
        )
    if found.claimed_gain is not None:
        claimed = f"{100 * found.claimed_gain:+.1f}"
        say(f"Claimed gain (selection score): {claimed} points; the truth is 0.")
    gain = found.holdout_gain
    if gain is not None:
        low, mean, high = (f"{100 * x:+.1f}" for x in (gain.low, gain.mean, gain.high))
        say(f"Holdout: {mean} [{low}, {high}] points: {_covers(found)}.")


def _covers(found: Calibration) -> str:
    if not found.kept:
        return "nothing was kept, so there is nothing to compare"
    return "covers zero, as 19 of 20 do" if found.covers_zero else "misses zero, as 1 of 20 does"
