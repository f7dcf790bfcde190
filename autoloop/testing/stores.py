"""A store without a disk."""

import threading

from autoloop.records import Run, Step, TrialKey, TrialResult


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
