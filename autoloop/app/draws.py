"""Tells trials apart across runs, which take over trials from one another."""

from autoloop.records import TrialResult

Draw = tuple[str, str]
"""The run that ran a trial, and the trial's id there."""


def draw_of(run: str, trial: TrialResult) -> Draw:
    """What all records of one trial have in common; `run` is the one that this record is in."""
    return (trial.reused_from or run, trial.id)
