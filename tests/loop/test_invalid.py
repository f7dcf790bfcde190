"""Trials that the machine spoiled: run again, never counted, and not for ever."""

from collections.abc import Callable
from dataclasses import replace

from autoloop.errors import ModelError
from autoloop.loop import run_attempts
from autoloop.records import (
    Agent,
    Budget,
    Failure,
    Notice,
    Outcome,
    Purpose,
    Split,
    StopReason,
    TrialFinished,
    TrialRequest,
    TrialResult,
)
from autoloop.testing.proposers import edit
from autoloop.testing.trials import InlineEngine
from tests.loop.builders import Table, agent

Broken = Callable[[TrialRequest], bool]


def broken_times(times: int, task: str) -> Broken:
    """The first `times` trials of a task are invalid."""
    left = [times]

    def is_broken(request: TrialRequest) -> bool:
        left[0] -= request.task.name == task
        return request.task.name == task and left[0] >= 0

    return is_broken


def climbing(broken: Broken, budget: Budget | None = None) -> Table:
    edits = [edit(agent(skill)) for skill in (1.0, 0.1, 0.2, 0.3)]
    table = Table(turns=edits, budget=budget or Budget(hours=None, steps=1))
    table.runner.invalid = broken
    return table


def test_an_invalid_trial_is_run_again_as_the_same_attempt() -> None:
    table = climbing(broken_times(2, "train/t1"))

    run = table.climb()

    own = [t for t in table.store.trials() if t.key.task == "train/t1" and t.step == 0][:3]
    assert [t.outcome for t in own] == [Outcome.INVALID, Outcome.INVALID, Outcome.SCORED]
    assert len({t.key for t in own}) == 1
    assert run.stop_reason is StopReason.STEPS
    assert table.decisions() == ["keep"]


def test_a_full_disk_ends_the_run_at_once_with_its_sentence() -> None:
    full = Failure(kind="StorageError", message="Only 1.2 GB are free.")

    class Full:
        def run(self, request: TrialRequest) -> TrialResult:
            result = table.runner.run(request)
            return replace(result, outcome=Outcome.INVALID, failure=full)

    table = Table(workers=1)
    table.engine = InlineEngine(Full())

    run = table.climb()

    assert (run.stop_reason, len(table.store.trials())) == (StopReason.INFRASTRUCTURE, 1)
    assert [notice.text for notice in table.observer.of(Notice)] == ["Only 1.2 GB are free."]


def test_an_invalid_trial_is_no_evidence() -> None:
    sound, spoiled = climbing(lambda _request: False), climbing(broken_times(2, "validation/v0"))

    assert sound.climb().scores == spoiled.climb().scores

    assert len(spoiled.store.trials()) == len(sound.store.trials()) + 2
    verdicts = [table.store.steps()[0].verdict for table in (sound, spoiled)]
    assert verdicts[0] == verdicts[1]


def test_a_task_that_is_invalid_three_times_ends_the_run_and_is_named() -> None:
    table = climbing(lambda request: request.task.name == "train/t2")

    run = table.climb()

    assert (run.stop_reason, run.finished_at) == (StopReason.INFRASTRUCTURE, None)
    (notice,) = table.observer.of(Notice)
    assert notice.text == "Task 'train/t2' could not be run 3 times: It went away."
    assert sum(not trial.counts for trial in table.store.trials()) == 3


def test_three_invalid_trials_in_a_row_end_the_run() -> None:
    table = climbing(lambda _request: True)

    run = table.climb()

    assert run.stop_reason is StopReason.INFRASTRUCTURE
    (notice,) = table.observer.of(Notice)
    assert notice.text == "3 trials in a row could not be run. Last: It went away."


def test_a_sound_trial_between_invalid_ones_lets_the_run_go_on() -> None:
    bad = {"train/t0", "train/t2", "train/t4", "holdout/h1"}
    met: set[str] = set()

    def first_time(request: TrialRequest) -> bool:
        new = request.task.name not in met
        met.add(request.task.name)
        return new and request.task.name in bad

    table = climbing(first_time)

    assert table.climb().stop_reason is StopReason.STEPS


def test_a_run_that_the_machine_ended_goes_on_when_it_is_mended() -> None:
    table = climbing(lambda request: request.split is Split.HOLDOUT)
    assert table.climb().stop_reason is StopReason.INFRASTRUCTURE
    table.runner.invalid = lambda _request: False

    run = table.climb()

    assert run.finished_at is not None
    assert run.scores[Split.HOLDOUT].gain.n == 2


def test_invalid_trials_cost_but_are_none_of_the_trials() -> None:
    table = climbing(broken_times(2, "train/t1"), Budget(hours=None, trials=40))

    table.climb()

    counted = [trial for trial in table.store.trials() if trial.counts]
    assert len(counted) == 40
    assert len(table.store.trials()) == 42


def test_a_provider_that_refuses_a_trial_ends_the_run() -> None:
    class Refusing:
        def run(self, request: TrialRequest) -> TrialResult:
            if request.task.name == "train/t3":
                raise ModelError("The model 'x' does not exist.")
            return table.runner.run(request)

    table = climbing(lambda _request: False)
    table.engine = InlineEngine(Refusing(), workers=2)

    run = table.climb()

    assert (run.stop_reason, run.finished_at) == (StopReason.MODEL, None)
    assert len(table.store.trials()) == len(table.runner.requests) == 3


def test_trials_that_a_worker_ran_again_are_recorded_and_paid() -> None:
    table = Table()
    work = table.work()

    class Retrying:
        def run(self, request: TrialRequest) -> TrialResult:
            if not table.runner.requests:
                table.runner.invalid = lambda _request: True
                work.parts.retried.put(table.runner.run(request))
                table.runner.invalid = lambda _request: False
            return table.runner.run(request)

    work.parts.engine._runner = Retrying()  # type: ignore[attr-defined]  # the fake's own
    run_attempts(work.lab, Agent(), ["train/t1"], attempts=1, purpose=Purpose.SEARCH)

    assert [trial.counts for trial in table.store.trials()] == [False, True]
    assert tuple(work.lab.trials) == table.store.trials()
    assert len(table.observer.of(TrialFinished)) == 2
    assert (work.lab.meter.trials, work.lab.meter.usage.calls) == (1, 2)
