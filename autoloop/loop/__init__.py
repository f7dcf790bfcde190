"""The loop: propose, evaluate, decide, commit or revert. It knows protocols only."""

from autoloop.loop.attempts import run_attempts
from autoloop.loop.board import Replayed, RunRecords, replay
from autoloop.loop.climb import climb, open_holdout
from autoloop.loop.folding import Merging
from autoloop.loop.lab import Lab, StoppedError, StopSignal
from autoloop.loop.look import Looked, look
from autoloop.loop.meter import Meter
from autoloop.loop.parts import LabParts, Parts, Plan
from autoloop.loop.reuse import Reuse

__all__ = [
    "Lab",
    "LabParts",
    "Looked",
    "Merging",
    "Meter",
    "Parts",
    "Plan",
    "Replayed",
    "Reuse",
    "RunRecords",
    "StopSignal",
    "StoppedError",
    "climb",
    "look",
    "open_holdout",
    "replay",
    "run_attempts",
]
