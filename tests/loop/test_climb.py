"""A whole climb: steps, reasons to stop, the final table, going on later."""

from dataclasses import replace

import pytest

from autoloop.errors import ModelError, ProjectError
from autoloop.loop import StopSignal
from autoloop.ports import Approach, ProposalOutcome, StepDesk
from autoloop.records import (
    Budget,
    FinalStarted,
    Notice,
    ProposalMade,
    Purpose,
    RunFinished,
    RunStarted,
    Split,
    StepFinished,
    StepStarted,
    StopReason,
)
from autoloop.testing.proposers import edit
from tests.loop.builders import RUN, Table, agent

NOTHING = ProposalOutcome(proposal=None, reason="no idea")


def steps(count: int | None) -> Budget:
    return Budget(hours=None, steps=count)


def test_a_better_edit_is_kept_and_a_worse_one_is_reverted() -> None:
    table = Table(turns=[edit(agent(1.0)), edit(agent(0.1))], budget=steps(2))

    table.climb()

    assert table.decisions() == ["keep", "revert"]
    assert table.workspace.source(table.workspace.tip(RUN)) == agent(1.0)
    assert [step.parent for step in table.store.steps()] == [
        table.begun().base,
        table.workspace.tip(RUN),
    ]


def test_the_run_is_recorded_with_its_reason_and_its_table() -> None:
    table = Table(turns=[edit(agent(1.0))])

    run = table.climb()

    assert run == table.store.run()
    assert run.stop_reason is StopReason.STEPS
    assert run.finished_at is not None
    assert run.active_s == table.clock.monotonic() > 0
    assert [(run.scores[s].baseline.mean, run.scores[s].best.mean) for s in Split] == [(0, 1)] * 3
    assert [run.scores[s].gain.n for s in Split] == [6, 3, 2]


def test_an_observer_is_told_the_whole_story() -> None:
    table = Table(turns=[edit(agent(1.0))])
    chapters = (RunStarted, StepStarted, ProposalMade, StepFinished, FinalStarted, RunFinished)

    table.climb()

    told = [type(event) for event in table.observer.events if isinstance(event, chapters)]
    assert told == list(chapters)


def test_without_a_kept_edit_the_gain_is_nothing_and_no_trial_is_run_twice() -> None:
    table = Table(turns=[edit(agent(0.0) + "# worse\n")], skill=0.5, final_attempts=2)

    run = table.climb()

    assert run.scores[Split.HOLDOUT].gain.mean == 0
    assert run.scores[Split.HOLDOUT].gain.low == run.scores[Split.HOLDOUT].gain.high == 0
    assert len(table.trials(Purpose.FINAL)) == 4


def test_final_trials_are_fresh_paired_and_alternating() -> None:
    table = Table(turns=[edit(agent(1.0))], final_attempts=2, workers=1)

    table.climb()

    base, best = (table.begun().base, table.workspace.tip(RUN))
    names = {table.workspace.source(base): "base", table.workspace.source(best): "best"}
    final = [r for r in table.runner.requests if r.purpose is Purpose.FINAL]
    assert [names[r.agent.source] for r in final] == ["base"] * 2 + ["best"] * 2 + [
        "base",
        "base",
        "best",
        "best",
    ]
    assert [r.attempt for r in final] == [0] * 4 + [1] * 4


def test_the_holdout_is_sealed_until_the_final_table() -> None:
    table = Table(turns=[edit(agent(1.0)), edit(agent(0.2))], budget=steps(2))

    table.climb()

    purposes = [request.purpose for request in table.runner.requests]
    first = purposes.index(Purpose.FINAL)
    assert set(purposes[first:]) == {Purpose.FINAL}
    assert all(r.split is not Split.HOLDOUT for r in table.runner.requests[:first])


def test_a_wish_to_stop_ends_the_run_without_a_table_and_it_can_be_resumed() -> None:
    table = Table(turns=[edit(agent(1.0))])
    table.stop.request()

    stopped = table.climb()
    assert (stopped.stop_reason, stopped.finished_at) == (StopReason.INTERRUPTED, None)
    assert not stopped.scores
    table.stop = StopSignal()

    assert table.climb().stop_reason is StopReason.STEPS
    assert table.decisions() == ["keep"]


def test_another_process_may_ask_it_to_stop() -> None:
    table = Table(turns=[edit(agent(1.0))])
    table.store.request_stop()

    run = table.climb()

    assert (run.stop_reason, run.finished_at) == (StopReason.ASKED, None)
    assert table.observer.of(RunFinished)[-1].run == run


def test_a_wish_to_stop_in_the_middle_of_a_step_loses_nothing() -> None:
    def ask_then_propose(desk: StepDesk) -> ProposalOutcome:
        del desk
        table.store.request_stop()
        return ProposalOutcome(proposal=edit(agent(1.0)))

    table = Table(turns=[ask_then_propose])
    assert table.climb().stop_reason is StopReason.ASKED
    (step,) = table.store.steps()
    assert (step.verdict, step.finished_at) == (None, None)
    table.store._stop_requested = False

    run = table.climb()

    assert (len(table.proposer.desks), table.decisions()) == (1, ["keep"])
    assert run.stop_reason is StopReason.STEPS


def test_six_empty_steps_in_a_row_end_the_run() -> None:
    table = Table(turns=[NOTHING, edit(agent(1.0)), *[NOTHING] * 6], budget=steps(None))

    run = table.climb()

    assert table.decisions() == ["empty", "keep", *["empty"] * 6]
    assert table.store.steps()[0].lesson == "empty: no idea"
    assert run.stop_reason is StopReason.NO_PROPOSALS
    assert run.finished_at is not None


def test_three_empty_steps_change_what_the_next_one_is_asked_for() -> None:
    asked: list[Approach] = []

    def look(desk: StepDesk) -> ProposalOutcome:
        asked.append(desk.course.approach)
        return NOTHING

    table = Table(turns=[look] * 6, budget=steps(None))

    table.climb()

    assert asked == [Approach.FREE] * 3 + [Approach.SMALL] * 3


def test_empty_steps_of_earlier_sessions_count() -> None:
    table = Table(turns=[NOTHING, NOTHING], budget=steps(2))
    assert table.climb().stop_reason is StopReason.STEPS
    table.budget = steps(None)
    table.store.save_run(replace(table.begun(), finished_at=None))

    table.climb()

    assert table.decisions() == ["empty"] * 6


def test_a_run_that_gave_up_tries_three_times_more_when_it_is_resumed() -> None:
    table = Table(budget=steps(None))

    assert table.climb().stop_reason is StopReason.NO_PROPOSALS
    assert table.climb().stop_reason is StopReason.NO_PROPOSALS

    assert table.decisions() == ["empty"] * 9


def test_a_run_killed_in_its_final_table_takes_no_further_step() -> None:
    table = Table(budget=steps(None))
    table.climb()
    table.store.save_run(replace(table.begun(), finished_at=None, stop_reason=None))

    run = table.climb()

    assert table.decisions() == ["empty"] * 6
    assert run.finished_at is not None


def test_a_finished_run_goes_on_with_more_steps_and_makes_its_table_anew() -> None:
    table = Table(turns=[edit(agent(0.0) + "\n"), edit(agent(1.0))])
    first = table.climb()
    table.budget = steps(2)

    second = table.climb()

    assert first.scores[Split.HOLDOUT].best.mean == 0
    assert second.scores[Split.HOLDOUT].best.mean == 1
    assert table.observer.of(RunStarted)[-1].resumed


def test_a_table_of_an_earlier_best_is_not_left_standing() -> None:
    table = Table(turns=[edit(agent(1.0))])
    table.climb()
    table.stop.request()

    assert not table.climb().scores


def test_a_provider_that_refuses_stops_the_run_and_says_why() -> None:
    table = Table(turns=[ModelError("The key is not valid.")])

    run = table.climb()

    assert (run.stop_reason, run.finished_at) == (StopReason.MODEL, None)
    assert table.observer.of(Notice) == [Notice(text="The key is not valid.")]
    table.proposer._turns = [edit(agent(1.0))]
    assert table.climb().stop_reason is StopReason.STEPS


def test_what_a_person_must_mend_is_raised_and_the_run_can_be_resumed() -> None:
    table = Table(turns=[ProjectError("The branch was moved.")])

    with pytest.raises(ProjectError, match="was moved"):
        table.climb()

    assert table.begun().stop_reason is None
    assert table.begun().active_s > 0
    table.proposer._turns = [edit(agent(1.0))]
    assert table.climb().stop_reason is StopReason.STEPS


def test_the_holdout_can_be_opened_early() -> None:
    table = Table(turns=[edit(agent(1.0))], budget=steps(None))
    table.stop.request()
    table.climb()
    table.stop = StopSignal()

    run = table.open_holdout()

    assert run.stop_reason is StopReason.INTERRUPTED
    assert run.finished_at is not None
    assert run.scores[Split.HOLDOUT].gain.n == 2
    assert table.store.steps() == ()


def test_the_time_of_all_sessions_adds_up() -> None:
    table = Table(turns=[edit(agent(1.0))])
    first = table.climb()
    table.clock.advance(1_000_000)

    second = table.climb()

    assert second.active_s == pytest.approx(first.active_s)
