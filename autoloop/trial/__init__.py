"""Runs one trial: from image to reward, with everything in between recorded by the host."""

from autoloop.trial.canaries import author_canaries
from autoloop.trial.feedback import read_feedback
from autoloop.trial.retry import RetryingRunner
from autoloop.trial.runner import SandboxRunner
from autoloop.trial.seat import AgentSeat
from autoloop.trial.tracks import read_track

__all__ = [
    "AgentSeat",
    "RetryingRunner",
    "SandboxRunner",
    "author_canaries",
    "read_feedback",
    "read_track",
]
