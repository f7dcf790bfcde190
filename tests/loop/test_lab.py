"""Trials on their way: attempts, seeds, what counts, and a clean end."""

from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field

import pytest

from autoloop.errors import InfraError, StorageError
from autoloop.loop import Lab, StoppedError, run_attempts
from autoloop.loop.lab import MachineError
from autoloop.records import Agent, Event, Purpose, StopReason, TrialRequest, TrialResult
from autoloop.testing.observers import RecordingObserver
from autoloop.testing.stores import MemoryStore
from tests.loop.builders import Table, agent

BASE = Agent(source=agent(0.5))
TASKS = ("train/t1", "train/t2")


def attempts(lab: Lab, count: int, *, tasks: Sequence[str] = TASKS) -> Sequence[TrialResult]:
    return run_attempts(lab, BASE, tasks, attempts=count, purpose=Purpose.SEARCH)


def test_attempts_are_numbered_and_brought_to_the_wished_number() -> None:
    table = Table()
    lab = table.work().lab

    attempts(lab, 1)
    results = attempts(lab, 3)

    assert sorted((t.key.task, t.key.attempt) for t in results) == [
        (task, number) for task in TASKS for number in range(3)
    ]
    assert len(table.runner.requests) == 6


def test_a_task_named_twice_is_run_once() -> None:
    table = Table(workers=4)

    attempts(table.work().lab, 1, tasks=("train/t1", "train/t1"))

    assert len(table.runner.requests) == 1


def test_every_attempt_has_its_own_seed_and_keeps_it() -> None:
    tables = [Table(), Table(), Table(seed=1)]
    for table in tables:
        attempts(table.work().lab, 3)

    first, again, other = [[r.seed for r in table.runner.requests] for table in tables]
    assert first == again
    assert len({*first, *other}) == 12


def test_an_earlier_sessions_trials_are_not_run_again() -> None:
    table = Table()
    attempts(table.work().lab, 2)

    attempts(table.work().lab, 2)

    assert len(table.runner.requests) == 4


def test_trials_of_a_task_that_changed_do_not_count() -> None:
    table = Table()
    attempts(table.work().lab, 1)
    table.digest = "sha256:01"

    results = attempts(table.work().lab, 1)

    assert [t.key.task_digest for t in results] == ["sha256:01"] * 2
    assert [t.key.attempt for t in results] == [0, 0]


def test_trials_of_different_purposes_never_stand_in_for_each_other() -> None:
    table = Table()
    lab = table.work().lab

    for purpose in Purpose:
        run_attempts(lab, BASE, ["train/t1"], attempts=1, purpose=purpose)

    assert {r.purpose for r in table.runner.requests} == set(Purpose)
    assert len({r.seed for r in table.runner.requests}) == len(Purpose)


@dataclass
class _DiskWatcher(RecordingObserver):
    """Notes how many trials are stored whenever something is said."""

    store: MemoryStore
    stored: list[int] = field(default_factory=list)

    def notify(self, event: Event) -> None:
        del event
        self.stored.append(len(self.store.trials()))


def test_a_finished_trial_is_on_disk_before_anybody_hears_of_it() -> None:
    store = MemoryStore()
    watcher = _DiskWatcher(store=store)
    table = Table(store=store, observer=watcher)

    attempts(table.work().lab, 1)

    assert watcher.stored == [0, 0, 1, 2]


class _Silent:
    """An engine whose trials end when the test says so."""

    workers = 4

    def __init__(self) -> None:
        self.futures: list[Future[TrialResult]] = []

    def submit(self, request: TrialRequest) -> Future[TrialResult]:
        del request
        self.futures.append(Future())
        return self.futures[-1]

    def close(self, *, now: bool = False) -> None:
        del now


def test_draining_records_what_ran_and_drops_what_did_not_begin() -> None:
    table, engine = Table(), _Silent()
    table.engine = engine
    lab = table.work().lab
    for task in TASKS:
        lab.start(BASE, task, purpose=Purpose.SEARCH)
    engine.futures[0].set_running_or_notify_cancel()
    engine.futures[0].set_result(table.runner.run(lab.running[0]))

    lab.drain()

    assert [trial.key.task for trial in table.store.trials()] == ["train/t1"]
    assert (lab.running, engine.futures[1].cancelled()) == ((), True)
    assert (lab.meter.trials, lab.meter._in_flight) == (1, 0)


def test_an_engine_that_cancels_a_trial_is_the_machines_fault() -> None:
    table, engine = Table(), _Silent()
    table.engine = engine
    lab = table.work().lab
    lab.start(BASE, "train/t1", purpose=Purpose.SEARCH)
    engine.futures[0].cancel()
    engine.futures[0].set_running_or_notify_cancel()

    with pytest.raises(MachineError, match="cancelled by its engine"):
        lab.collect()

    assert lab.meter._in_flight == 0


def test_a_wish_to_stop_is_heard_while_trials_run() -> None:
    table, engine = Table(), _Silent()
    table.engine = engine
    lab = table.work().lab
    lab.start(BASE, "train/t1", purpose=Purpose.SEARCH)
    table.stop.request()

    with pytest.raises(StoppedError) as stopped:
        lab.collect()

    assert stopped.value.reason is StopReason.INTERRUPTED


class _FullStore(MemoryStore):
    def save_trial(self, result: TrialResult) -> None:
        raise StorageError(f"The disk is full; {result.id} was not recorded.")


def test_a_disk_that_fills_up_ends_the_run_with_its_sentence() -> None:
    table = Table(store=_FullStore())

    run = table.climb()

    assert run.stop_reason is StopReason.INFRASTRUCTURE
    assert issubclass(StorageError, InfraError)
    assert "The disk is full" in str(table.observer.events[-2])
