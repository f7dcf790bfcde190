"""Which trials of earlier runs may stand for a trial that this run asks for, and which never."""

from collections.abc import Callable, Hashable, Set
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from autoloop.ports import TrialArchive
from autoloop.records import ArchiveKey, Purpose, TrialKey, TrialRequest, TrialResult

SHARED = frozenset({Purpose.SEARCH, Purpose.EVAL})
"""Purposes whose trials go into the archive and come out of it.

Not `SPOT`: the meta-agent chose the tasks, and submitted the edit since they went well; as evidence
about that edit they are selected. Not `FINAL`: it measures what the search has gained, and what an
earlier run has looked at already is no measurement.
"""
SAME_MODEL_FOR = timedelta(days=7)
"""Providers change what answers to a name, and the other side of a comparison runs now: with a much
older trial on this side, a drift of the model would pass for a gain."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reuse:
    """What a run takes out of the archive instead of running it, and what it puts in."""

    archive: TrialArchive
    key: Callable[[TrialRequest], ArchiveKey | None]
    """Content of a trial; None where nobody can tell, and it has to be run."""
    now: Callable[[], datetime]
    takes: bool = True
    """False: everything is run afresh; it is put in all the same."""
    repeats: bool = False
    """The model draws its answers from the trial's seed, as the offline stand-in does.

    The key then holds the seed of the run, so that purpose and attempt tell the trial's seed.
    """

    def find(self, request: TrialRequest, *, without: Set[str]) -> TrialResult | None:
        """The first archived trial that may stand for this one, recorded as if it were.

        `without` are the ids of the trials that the run has: a trial is one draw, and counts once.
        """
        if not self.takes or not _is_shared(request):
            return None
        key = self.key(request)
        trials = self.archive.trials(key) if key is not None else ()
        drawn = {self._draw(trial) for trial in trials if trial.id in without}
        fitting = (
            _as_asked(trial, request)
            for trial in trials
            if self._draw(trial) not in drawn and self._may_stand_for(trial, request)
        )
        return next(fitting, None)

    def add(self, request: TrialRequest, result: TrialResult) -> None:
        """Put in a trial that this run ran."""
        key = self.key(request) if _is_shared(request) else None
        if key is not None:
            self.archive.add(key, result)

    def _may_stand_for(self, trial: TrialResult, request: TrialRequest) -> bool:
        if request.purpose is Purpose.EVAL and _may_have_chosen(trial):
            return False
        if not self.repeats:
            return self.now() - trial.span.finished_at <= SAME_MODEL_FOR
        # Trials of one purpose with the seed of another attempt are what this run drew for that
        # attempt, or would draw: taken for this one as well, one draw would count twice.
        return trial.key.purpose is not request.purpose or _seeded(trial.key) == _seeded(
            request.key
        )

    def _draw(self, trial: TrialResult) -> Hashable:
        """What records of one draw have in common: runs at the same time may both have made it."""
        return _seeded(trial.key) if self.repeats else trial.id


def _is_shared(request: TrialRequest) -> bool:
    """Whether others may have this trial: never a reference agent's, which is run to try a task."""
    return request.purpose in SHARED and request.agent.kind == "python"


def _may_have_chosen(trial: TrialResult) -> bool:
    """Whether a search tried an edit with it: kept edits are those whose trials went well.

    An evaluation of such an edit with the same trials would report its luck as skill. Those of
    step 0 are of an agent that was there before, whatever they showed.
    """
    return trial.key.purpose is Purpose.SEARCH and trial.step > 0


def _seeded(key: TrialKey) -> Hashable:
    """All that a trial's seed is made of, besides what equal content has in common."""
    return (key.task, key.purpose, key.attempt)


def _as_asked(trial: TrialResult, request: TrialRequest) -> TrialResult:
    return replace(
        trial,
        key=request.key,
        step=request.step,
        version=request.version,
        split=request.split,
    )
