"""A bounded pool of threads on this machine."""

import os
from concurrent.futures import Future, ThreadPoolExecutor

from autoloop.ports import TrialRunner
from autoloop.records import TrialRequest, TrialResult

WORKERS_PER_CPU = 2


def default_workers() -> int:
    """Trials at once when nobody chose: two for each processor, since trials mostly wait."""
    return WORKERS_PER_CPU * (os.cpu_count() or 1)


class LocalEngine:
    """An `Engine` of threads; each runs one trial at a time."""

    def __init__(self, runner: TrialRunner, *, workers: int) -> None:
        self._runner = runner
        self._workers = workers
        self._pool = ThreadPoolExecutor(max_workers=workers, thread_name_prefix="trial")

    @property
    def workers(self) -> int:
        """How many trials run at once."""
        return self._workers

    def submit(self, request: TrialRequest) -> Future[TrialResult]:
        """Start a trial as soon as a worker is free."""
        return self._pool.submit(self._runner.run, request)

    def close(self, *, now: bool = False) -> None:
        """Wait for what is running; with `now`, drop what has not begun and do not wait."""
        self._pool.shutdown(wait=not now, cancel_futures=now)
