"""Runs the real loop with edits that change nothing, on a person's own tasks and machine.

The run's name begins with `calibrate-`. That is what keeps it apart: neither `estimate` nor the
newest run of a project, nor anything else that learns from earlier trials, takes it up.
"""

from dataclasses import replace

from autoloop.app import looking, standing
from autoloop.app.calibration import Calibration
from autoloop.app.climbing import Climb, start_climb
from autoloop.app.project import CALIBRATE, Project
from autoloop.meta import UnchangedProposer
from autoloop.records import Split
from autoloop.report import claimed_gain


def calibrate(project: Project, climbing: Climb) -> Calibration:
    """Climb with edits that change nothing, and say what was claimed for them.

    Raises:
        UserError: the project, its tasks or its settings cannot be used.
    """
    own = replace(climbing, proposer=UnchangedProposer(), prefix=CALIBRATE)
    return calibration_of(project, start_climb(project, own).name)


def calibration_of(project: Project, name: str) -> Calibration:
    """What a calibration has found, also when it was ended early and resumed."""
    now = standing.status(project, name)
    facts = looking.summary(project, name)
    holdout = now.run.scores.get(Split.HOLDOUT)
    return Calibration(
        run=now.run,
        edits=facts.kept + facts.reverted + facts.undecided,
        kept=facts.kept,
        undecided=facts.undecided,
        worthless=now.worthless,
        claimed_gain=claimed_gain(now.run.scores),
        holdout_gain=None if holdout is None else holdout.gain,
        trials=facts.trials,
        invalid_trials=facts.invalid_trials,
        tokens=facts.tokens,
        cost_usd=facts.cost_usd,
    )
