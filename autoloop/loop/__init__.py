"""The loop: propose, evaluate, decide, commit or revert. It knows protocols only."""

from autoloop.loop.attempts import run_attempts
from autoloop.loop.board import Replayed, RunRecords, replay
from autoloop.loop.climb import climb, open_holdout
from autoloop.loop.folding import Merging
from autoloop.loop.lab import Lab, StoppedError, StopSignal
from autoloop.loop.meter import Meter
from autoloop.loop.parts import LabParts, Parts, Plan

__all__ = [
    "Lab",
    "LabParts",
    "Merging",
    "Meter",
    "Parts",
    "Plan",
    "Replayed",
    "RunRecords",
    "StopSignal",
    "StoppedError",
    "climb",
    "open_holdout",
    "replay",
    "run_attempts",
]
