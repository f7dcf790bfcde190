"""Trials of earlier runs: which may stand for a new one, what they cost, what is not shared."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

import pytest

from autoloop.loop import Lab, Reuse, StoppedError, run_attempts
from autoloop.loop.reuse import SAME_MODEL_FOR
from autoloop.records import (
    Agent,
    Budget,
    Outcome,
    Purpose,
    Span,
    Split,
    StopReason,
    TrialFinished,
    TrialRequest,
    TrialResult,
    TrialStarted,
    Usage,
    Version,
)
from autoloop.testing.clocks import THEN
from autoloop.testing.proposers import edit
from autoloop.testing.stores import MemoryArchive
from autoloop.testing.trials import SMALL
from tests.loop.builders import SPLITS, Table, agent, content_key, make_task

AGENT = Agent(source=agent(0.5))
TASK = "train/t1"


def make_request(
    purpose: Purpose = Purpose.SEARCH,
    *,
    attempt: int = 0,
    task: str = TASK,
    of: Agent = AGENT,
) -> TrialRequest:
    return TrialRequest(
        task=make_task(task),
        agent=of,
        purpose=purpose,
        attempt=attempt,
        seed=1,
        step=3,
        version=Version(base=2),
        split=Split.TRAIN,
    )


def make_result(
    request: TrialRequest, name: str, *, step: int = 1, reward: float = 1.0
) -> TrialResult:
    return TrialResult(
        id=name,
        key=request.key,
        step=step,
        split=Split.VALIDATION,
        outcome=Outcome.SCORED,
        reward=reward,
        usage=SMALL,
        span=Span(started_at=THEN, finished_at=THEN),
        folder=f"jobs/{name}",
    )


def stocked(
    *names: str, purpose: Purpose = Purpose.SEARCH, step: int = 1, task: str = TASK
) -> MemoryArchive:
    """The archive, opened for `new`, after the run `old` put these trials of the agent in."""
    archive = MemoryArchive(run="old")
    for attempt, name in enumerate(names):
        request = make_request(purpose, attempt=attempt, task=task)
        archive.add(content_key(request), make_result(request, name, step=step))
    return archive.of("new")


def make_reuse(archive: MemoryArchive, *, takes: bool = True, repeats: bool = False) -> Reuse:
    return Reuse(archive=archive, key=content_key, now=lambda: THEN, takes=takes, repeats=repeats)


def test_an_archived_trial_becomes_one_of_the_run_that_asked() -> None:
    request = make_request(attempt=1)

    found = make_reuse(stocked("a")).find(request, without=set())

    assert found is not None
    assert (found.key, found.step, found.version) == (request.key, 3, Version(base=2))
    assert (found.split, found.folder) == (Split.TRAIN, "../old/jobs/a")
    assert (found.reused_from, found.usage, found.paid) == ("old", SMALL, Usage())


def test_each_trial_is_given_to_a_run_once_and_the_oldest_first() -> None:
    reuse = make_reuse(stocked("a", "b"))

    given = [reuse.find(make_request(attempt=9), without=w) for w in (set(), {"a"}, {"a", "b"})]

    assert [one and one.id for one in given] == ["a", "b", None]


@pytest.mark.parametrize("asked", list(Purpose))
@pytest.mark.parametrize("was", list(Purpose))
def test_only_search_and_evaluation_share_their_trials(was: Purpose, asked: Purpose) -> None:
    shared = {Purpose.SEARCH, Purpose.EVAL}
    archive = MemoryArchive(run="old")
    reuse = make_reuse(archive)
    request = make_request(was)

    reuse.add(request, make_result(request, "a", step=0))

    assert bool(archive.shelf) == (was in shared)
    found = reuse.find(make_request(asked), without=set())
    assert (found is not None) == ({was, asked} <= shared)


@pytest.mark.parametrize("purpose", [Purpose.SPOT, Purpose.FINAL])
def test_what_should_not_be_in_the_archive_is_not_asked_for(purpose: Purpose) -> None:
    reuse = make_reuse(stocked("a", purpose=purpose, step=0))

    assert reuse.find(make_request(purpose), without=set()) is None


def test_an_evaluation_does_not_see_the_trials_that_chose_its_agent() -> None:
    chose, before = stocked("a", step=1), stocked("b", step=0)

    assert make_reuse(chose).find(make_request(Purpose.EVAL), without=set()) is None
    assert make_reuse(before).find(make_request(Purpose.EVAL), without=set()) is not None
    assert make_reuse(chose).find(make_request(Purpose.SEARCH), without=set()) is not None


@pytest.mark.parametrize("kind", ["oracle", "nop"])
def test_reference_agents_are_always_run(kind: str) -> None:
    reference = Agent(kind="oracle") if kind == "oracle" else Agent(kind="nop")
    archive = MemoryArchive(run="old")
    reuse, request = make_reuse(archive), make_request(Purpose.EVAL, of=reference)

    reuse.add(request, make_result(request, "a"))
    assert not archive.shelf
    archive.add(content_key(request), make_result(request, "a"))

    assert reuse.find(request, without=set()) is None


@pytest.mark.parametrize(("late", "found"), [(timedelta(), True), (timedelta(hours=1), False)])
def test_a_model_may_have_changed_behind_its_name(late: timedelta, found: bool) -> None:  # noqa: FBT001
    reuse = replace(make_reuse(stocked("a")), now=lambda: THEN + SAME_MODEL_FOR + late)

    assert (reuse.find(make_request(), without=set()) is not None) == found


def test_what_repeats_itself_does_not_grow_old() -> None:
    late = THEN + 9 * SAME_MODEL_FOR
    reuse = replace(make_reuse(stocked("a"), repeats=True), now=lambda: late)

    assert reuse.find(make_request(), without=set()) is not None


def test_afresh_takes_nothing_and_gives_all_the_same() -> None:
    archive = stocked("a")
    reuse, request = make_reuse(archive, takes=False), make_request()

    reuse.add(request, make_result(request, "b"))

    assert reuse.find(request, without=set()) is None
    assert [one.result.id for one in archive.shelf] == ["a", "b"]


def test_a_content_that_nobody_can_tell_is_run_and_not_shared() -> None:
    archive = stocked("a")
    reuse, request = replace(make_reuse(archive), key=lambda _: None), make_request()

    reuse.add(request, make_result(request, "b"))

    assert reuse.find(request, without=set()) is None
    assert len(archive.shelf) == 1


def test_the_stand_ins_trial_of_a_seed_stands_for_that_seed_alone() -> None:
    reuse = make_reuse(stocked("a", "b"), repeats=True)

    second = reuse.find(make_request(attempt=1), without=set())

    assert second is not None
    assert second.id == "b"
    assert reuse.find(make_request(attempt=2), without={"b"}) is None


def test_a_draw_that_two_runs_of_the_stand_in_made_counts_once() -> None:
    archive = stocked("a", purpose=Purpose.EVAL)
    request = make_request(Purpose.EVAL)
    archive.add(content_key(request), make_result(request, "again"))
    reuse = make_reuse(archive, repeats=True)

    first = reuse.find(make_request(), without=set())

    assert first is not None
    assert reuse.find(make_request(attempt=1), without={first.id}) is None
    assert replace(reuse, repeats=False).find(make_request(), without={first.id}) is not None


@dataclass
class _Runs:
    """A run beside the archive, with trials of its agent at two tasks that `old` has run."""

    table: Table

    @property
    def started(self) -> list[str]:
        return [event.request.task.name for event in self.table.observer.of(TrialStarted)]

    @property
    def reused(self) -> list[str]:
        events = self.table.observer.of(TrialFinished)
        return [event.result.id for event in events if event.reused]


@pytest.fixture
def runs() -> _Runs:
    archive = MemoryArchive(run="old")
    for task in ("train/t1", "train/t2", "train/t3"):
        request = make_request(task=task)
        archive.add(content_key(request), make_result(request, f"old-{task}"))
    return _Runs(Table(reuse=make_reuse(archive.of("new"))))


def attempts(lab: Lab, count: int, *tasks: str) -> Sequence[TrialResult]:
    return run_attempts(
        lab, AGENT, tasks, attempts=count, purpose=Purpose.SEARCH, version=Version(on=(3,))
    )


def test_what_was_run_already_is_recorded_and_the_rest_run(runs: _Runs) -> None:
    tasks = [f"train/t{n}" for n in range(6)]

    results = attempts(runs.table.work().lab, 1, *tasks)

    assert sorted(runs.started) == ["train/t0", "train/t4", "train/t5"]
    assert runs.reused == [f"old-train/t{n}" for n in (1, 2, 3)]
    assert sorted(t.key.task for t in results) == tasks
    assert {t.key for t in runs.table.store.trials()} == {t.key for t in results}
    assert {(t.step, t.split) for t in results} == {(3, Split.TRAIN)}


def test_more_attempts_than_were_run_are_run_and_numbered_on(runs: _Runs) -> None:
    results = attempts(runs.table.work().lab, 3, "train/t1")

    assert runs.reused == ["old-train/t1"]
    assert sorted(t.key.attempt for t in results) == [0, 1, 2]
    assert [r.attempt for r in runs.table.runner.requests] == [1, 2]


def test_a_reused_trial_costs_this_run_nothing(runs: _Runs) -> None:
    lab = runs.table.work().lab

    attempts(lab, 2, "train/t1")

    assert (lab.meter.trials, lab.meter.usage, lab.meter._in_flight) == (1, SMALL, 0)


def test_a_resumed_run_counts_it_as_little(runs: _Runs) -> None:
    attempts(runs.table.work().lab, 1, "train/t1", "train/t2", "train/t5")
    meter = runs.table.work().lab.meter

    meter.recall(runs.table.store.trials(), ())

    assert (meter.trials, meter.usage) == (1, SMALL)


def test_a_resumed_run_keeps_what_it_reused_and_reuses_it_once(runs: _Runs) -> None:
    attempts(runs.table.work().lab, 1, "train/t1")

    results = attempts(runs.table.work().lab, 2, "train/t1")

    assert "old-train/t1" in {t.id for t in results}
    assert len({t.id for t in results}) == 2
    assert len(runs.reused) == 1


def test_only_what_this_run_ran_is_put_into_the_archive(runs: _Runs) -> None:
    reuse = runs.table.reuse
    assert reuse is not None
    assert isinstance(reuse.archive, MemoryArchive)

    attempts(runs.table.work().lab, 1, "train/t1", "train/t5")

    shelf = reuse.archive.shelf
    assert [(one.run, one.result.key.task) for one in shelf][3:] == [("new", "train/t5")]


def test_two_attempts_in_flight_do_not_take_the_same_trial(runs: _Runs) -> None:
    lab = runs.table.work().lab

    for _ in range(2):
        lab.start(AGENT, "train/t1", purpose=Purpose.SEARCH)

    assert [request.attempt for request in lab.running] == [0, 1]
    assert runs.started == ["train/t1"]


def test_an_end_that_comes_at_once_still_records_what_was_reused(runs: _Runs) -> None:
    lab = runs.table.work().lab
    lab.start(AGENT, "train/t1", purpose=Purpose.SEARCH)
    runs.table.stop.request()
    with pytest.raises(StoppedError):
        lab.collect()

    lab.drain()

    assert [t.id for t in runs.table.store.trials()] == ["old-train/t1"]
    assert lab.meter._in_flight == 0


def test_an_invalid_trial_is_not_shared(runs: _Runs) -> None:
    reuse = runs.table.reuse
    assert reuse is not None
    assert isinstance(reuse.archive, MemoryArchive)
    runs.table.runner.invalid = lambda _: len(runs.table.runner.requests) == 1

    attempts(runs.table.work().lab, 1, "train/t5")

    shelf = reuse.archive.shelf
    assert [one.result.outcome for one in shelf if one.run == "new"] == [Outcome.SCORED]


def make_climb(archive: MemoryArchive, *, budget: Budget, seed: int = 0) -> Table:
    reuse = make_reuse(archive, repeats=True)
    return Table(turns=[edit(agent(0.9))] * 2, skill=0.4, budget=budget, seed=seed, reuse=reuse)


def test_a_climb_twice_tells_the_same_and_pays_for_the_holdout_alone() -> None:
    archive = MemoryArchive(run="first")
    steps = Budget(hours=None, steps=1)
    first, second = (make_climb(archive.of(run), budget=steps) for run in ("first", "second"))

    runs = [table.climb() for table in (first, second)]

    assert runs[0].scores == runs[1].scores
    assert [t.reward for t in first.store.trials()] == [t.reward for t in second.store.trials()]
    assert len(first.runner.requests) > len(SPLITS)
    assert {r.purpose for r in second.runner.requests} == {Purpose.FINAL}


def test_the_trials_budget_is_for_what_is_run() -> None:
    archive = MemoryArchive(run="first")
    make_climb(archive, budget=Budget(hours=None, steps=1)).climb()
    again = make_climb(archive.of("second"), budget=Budget(hours=None, steps=1, trials=5))

    run = again.climb()

    assert run.stop_reason is StopReason.STEPS
    assert len(again.runner.requests) <= 5 < len(again.store.trials())
