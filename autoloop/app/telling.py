"""What may be told of the verifiers of a run's trials."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Literal

from autoloop.records import Feedback, Task, TrialResult
from autoloop.trial import read_feedback


def feedback_of(
    folder: Path, tasks: Sequence[Task], level: Literal["score", "checks", "full"]
) -> Callable[[TrialResult], Feedback]:
    """What a run's verifiers said, as far as `level` goes, by its tasks as they are."""
    tests = {t.name: {s.name: s.verifier.tests for s in t.steps} for t in tasks}

    def told(trial: TrialResult) -> Feedback:
        own = tests.get(trial.key.task, {})
        own = own if trial.steps else {"": next(iter(own.values()), ())}
        place = folder / trial.folder
        return read_feedback(place, trial, tests=own, level=level)

    return told
