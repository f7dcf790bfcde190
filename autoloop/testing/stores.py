"""A store and an archive without a disk."""

import threading
from collections.abc import MutableSequence
from dataclasses import dataclass, field, replace

from autoloop.records import ArchiveKey, Run, Step, TrialKey, TrialResult


class MemoryStore:
    """Keeps a run's state in dictionaries; any thread may use it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._run: Run | None = None
        self._steps: dict[int, Step] = {}
        self._trials: list[TrialResult] = []
        self._counted: dict[TrialKey, TrialResult] = {}
        self._known: set[tuple[str, TrialKey]] = set()
        self._notebook = ""
        self._stop_requested = False

    def run(self) -> Run | None:
        """The run's record."""
        return self._run

    def save_run(self, run: Run) -> None:
        """Store the run's record."""
        self._run = run

    def steps(self) -> tuple[Step, ...]:
        """All steps by index."""
        with self._lock:
            return tuple(self._steps[index] for index in sorted(self._steps))

    def save_step(self, step: Step) -> None:
        """Store a step, replacing its earlier stage."""
        with self._lock:
            self._steps[step.index] = step

    def trials(self) -> tuple[TrialResult, ...]:
        """All recorded trials in the order they were saved."""
        with self._lock:
            return tuple(self._trials)

    def find_trial(self, key: TrialKey) -> TrialResult | None:
        """The counted trial with this key."""
        with self._lock:
            return self._counted.get(key)

    def save_trial(self, result: TrialResult) -> None:
        """Store a finished trial; the first of a counted key stays."""
        with self._lock:
            named = (result.id, result.key)
            if named in self._known or (result.counts and result.key in self._counted):
                return
            self._known.add(named)
            self._trials.append(result)
            if result.counts:
                self._counted[result.key] = result

    def notebook(self) -> str:
        """The meta-agent's notebook."""
        return self._notebook

    def save_notebook(self, text: str) -> None:
        """Replace the notebook."""
        self._notebook = text

    def request_stop(self) -> None:
        """Play another process that asks this run to stop."""
        self._stop_requested = True

    def stop_requested(self) -> bool:
        """Whether `request_stop` was called."""
        return self._stop_requested

    def close(self) -> None:
        """Nothing is held."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Archived:
    """A trial in a `MemoryArchive`."""

    key: ArchiveKey
    run: str
    result: TrialResult


@dataclass(frozen=True, slots=True, kw_only=True)
class MemoryArchive:
    """A `TrialArchive` in a list, which runs of one process share; any thread may use it."""

    run: str
    """The run it is opened for."""
    shelf: MutableSequence[Archived] = field(default_factory=list)
    """Everything added so far, by all runs; a test may take something out."""
    lock: threading.Lock = field(default_factory=threading.Lock)

    def of(self, run: str) -> "MemoryArchive":
        """The same archive, opened for another run."""
        return replace(self, run=run)

    def trials(self, key: ArchiveKey) -> tuple[TrialResult, ...]:
        """Trials of this content in the order they were added."""
        with self.lock:
            found = [one for one in self.shelf if one.key == key]
        return tuple(
            replace(one.result, folder=f"../{one.run}/{one.result.folder}", reused_from=one.run)
            for one in found
        )

    def add(self, key: ArchiveKey, result: TrialResult) -> None:
        """Store a trial that this run ran, once, and never an invalid one."""
        with self.lock:
            known = {(one.run, one.result.id) for one in self.shelf}
            if result.counts and (self.run, result.id) not in known:
                self.shelf.append(Archived(key=key, run=self.run, result=result))

    def close(self) -> None:
        """Nothing is held."""
