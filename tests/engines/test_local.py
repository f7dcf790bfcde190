"""What the pool of threads promises beyond the port."""

import os
import threading
from concurrent.futures import wait
from dataclasses import dataclass, field

from autoloop.engines import LocalEngine, default_workers
from autoloop.records import TrialRequest, TrialResult
from autoloop.testing.trials import SimulatedRunner
from tests.loop.builders import make_request


@dataclass
class _Gated:
    """Runs a trial once the gate is open."""

    gate: threading.Event = field(default_factory=threading.Event)
    started: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))
    inner: SimulatedRunner = field(
        default_factory=lambda: SimulatedRunner(chance=lambda _source, _task: 1.0)
    )

    def run(self, request: TrialRequest) -> TrialResult:
        self.started.release()
        self.gate.wait()
        return self.inner.run(request)


def test_no_more_trials_run_at_once_than_there_are_workers() -> None:
    runner = _Gated()
    engine = LocalEngine(runner, workers=2)
    futures = [engine.submit(make_request(f"t{n}")) for n in range(5)]

    runner.started.acquire()
    runner.started.acquire()

    assert not runner.started.acquire(blocking=False)
    runner.gate.set()
    wait(futures)
    engine.close()


def test_ending_at_once_drops_what_has_not_begun() -> None:
    runner = _Gated()
    engine = LocalEngine(runner, workers=1)
    futures = [engine.submit(make_request(f"t{n}")) for n in range(3)]
    runner.started.acquire()

    engine.close(now=True)
    runner.gate.set()
    futures[0].result()

    assert [future.cancelled() for future in futures] == [False, True, True]


def test_two_trials_per_processor_when_nobody_chose() -> None:
    assert default_workers() == 2 * (os.cpu_count() or 1)
