"""The meta-agent's desk: the train split, and of the rest nothing but verdicts."""

from collections.abc import Callable
from dataclasses import asdict, replace

import pytest

from autoloop.loop.desk import Desk
from autoloop.ports import Approach, ProposalOutcome, StepDesk
from autoloop.records import (
    CONFLICT,
    Budget,
    ChangeKind,
    Decision,
    Failure,
    Outcome,
    Proposal,
    Purpose,
    StepLesson,
    StepResult,
    TaskPrediction,
    TrialRequest,
    TrialResult,
    Verdict,
)
from autoloop.testing.proposers import Turn, edit
from autoloop.testing.strategies import ScreenStrategy
from autoloop.testing.trials import InlineEngine
from tests.loop.builders import Table, agent, chance, improving, sided

EDITS = [edit(agent(1.0)), edit(agent(0.3)), edit(agent(0.9))]


def climbed() -> Table:
    """A run with kept and reverted edits, its final table made."""
    table = Table(turns=EDITS, budget=Budget(hours=None, steps=3))
    table.climb()
    return table


def desk_of(table: Table) -> Desk:
    work = table.work()
    return Desk(work, step=4, source=work.tip().source)


def everything_on(desk: StepDesk) -> str:
    """All words and figures that the meta-agent can get to see."""
    traces = desk.traces()
    return repr(
        [
            desk.directive,
            desk.source,
            desk.scoreboard(),
            desk.score(),
            desk.predictions(),
            desk.course,
            [asdict(step) for step in desk.history()],
            [desk.diff(step.index) for step in desk.history()],
            traces,
            [desk.trace(trace.trial) for trace in traces],
            desk.check(agent(0.5)),
            desk.notebook(),
        ]
    )


def test_no_task_of_validation_or_holdout_is_named() -> None:
    table = climbed()

    shown = everything_on(desk_of(table))

    assert "train/t1" in shown
    assert not any(word in shown for word in ("validation/", "holdout/"))
    hidden = [t.id for t in table.store.trials() if not t.key.task.startswith("train/")]
    assert hidden
    assert not any(name in shown for name in hidden)


def test_no_figure_that_validation_had_a_part_in_is_shown() -> None:
    table = climbed()
    verdicts = [step.verdict for step in table.store.steps()]
    assert any(v and "validation_gain" in v.numbers for v in verdicts)

    history = desk_of(table).history()

    assert all(step.train_gain is not None for step in history)
    assert [step.lesson for step in history] == [
        "keep; +100 points on the train tasks.",
        "revert; -83 points on the train tasks.",
        "revert; -17 points on the train tasks.",
    ]


def test_how_validation_went_leaves_no_trace_on_the_desk() -> None:
    def shown(validation: float) -> str:
        table = Table(turns=[edit(agent(0.0))], skill=0.9)
        table.runner.chance = lambda source, task: (
            validation if task.startswith("validation/") else chance(source, task)
        )
        table.climb()
        assert table.decisions() == ["revert"]
        return everything_on(desk_of(table))

    assert shown(0.0) == shown(1.0)


def test_an_empty_step_says_why() -> None:
    table = Table(turns=[ProposalOutcome(proposal=None, reason="I had no idea")])
    table.climb()

    (step,) = desk_of(table).history()

    assert (step.decision, step.lesson) == ("empty", "empty: I had no idea")


def test_the_scoreboard_shows_the_incumbent_alone() -> None:
    desk = desk_of(climbed())

    board = desk.scoreboard()

    assert [standing.task for standing in board] == [f"train/t{n}" for n in range(6)]
    assert all(s.mean_reward == 1.0 and s.passes == s.attempts > 0 for s in board)
    assert {standing.family for standing in board} == {"train"}


def test_traces_come_newest_first_and_name_their_edit() -> None:
    table = climbed()

    traces = desk_of(table).traces()

    recorded = [t.id for t in table.store.trials() if t.key.task.startswith("train/")]
    assert [trace.trial for trace in traces] == recorded[::-1]
    assert {trace.agent for trace in traces} == {"incumbent", "step 0", "step 2", "step 3"}
    assert {t.reward for t in traces if t.agent == "step 0"} == {0.0}


def test_a_trace_that_is_not_listed_cannot_be_opened() -> None:
    table = climbed()
    desk = desk_of(table)
    hidden = next(t.id for t in table.store.trials() if t.key.task.startswith("validation/"))

    for name in (hidden, "nonsense", f"../{hidden}"):
        with pytest.raises(KeyError):
            desk.trace(name)


def test_diffs_of_finished_steps_can_be_seen() -> None:
    desk = desk_of(climbed())

    assert "+SKILL = 0.3" in desk.diff(2)
    with pytest.raises(KeyError):
        desk.diff(9)


def test_a_spot_check_runs_once_on_train_tasks_and_is_charged() -> None:
    table = climbed()
    desk, before = desk_of(table), len(table.store.trials())

    first = desk.spot_check(agent(1.0), ["train/t1", "train/t2", "train/t1"])
    again = desk.spot_check(agent(1.0), ["train/t1", "train/t2"])

    assert [t.task for t in first] == ["train/t1", "train/t2"] == [t.task for t in again]
    assert {t.step for t in table.trials(Purpose.SPOT)} == {4}
    assert len(table.store.trials()) == before + 2
    assert desk._work.lab.meter.trials == 2


def test_a_trace_of_a_spot_check_says_so() -> None:
    desk = desk_of(climbed())

    desk.spot_check(agent(0.77), ["train/t1"])

    assert desk.traces()[0].agent == "spot check in step 4"


@pytest.mark.parametrize("task", ["validation/v0", "holdout/h0", "nonsense"])
def test_a_spot_check_of_anything_but_train_is_refused(task: str) -> None:
    table = climbed()
    before = len(table.store.trials())

    with pytest.raises(KeyError, match=task):
        desk_of(table).spot_check(agent(1.0), ["train/t1", task])

    assert len(table.store.trials()) == before


def test_a_spot_check_ends_early_when_the_budget_is_spent() -> None:
    table = Table(budget=Budget(hours=None, trials=1))
    table.begun()

    results = desk_of(table).spot_check(agent(1.0), ["train/t1", "train/t2"])

    assert len(results) == 1


def test_spot_checks_are_no_evidence() -> None:
    def spot_checking(times: int) -> Callable[[StepDesk], ProposalOutcome]:
        def propose(desk: StepDesk) -> ProposalOutcome:
            if times:
                desk.spot_check(agent(0.9), [f"train/t{n}" for n in range(times)])
            return ProposalOutcome(proposal=edit(agent(0.9)))

        return propose

    with_spots, without = Table(turns=[spot_checking(6)]), Table(turns=[spot_checking(0)])

    assert with_spots.climb().scores == without.climb().scores

    assert with_spots.store.steps()[0].verdict == without.store.steps()[0].verdict
    assert len(with_spots.trials(Purpose.SPOT)) == 6


def test_the_verifiers_troubles_are_not_shown_but_the_agents_are() -> None:
    kinds = iter(["VerifierTimeoutError", "AgentTimeoutError", "QuotaError"])

    class Failing:
        def run(self, request: TrialRequest) -> TrialResult:
            result = table.runner.run(request)
            failure = Failure(kind=next(kinds, "AgentCrashed"), message="secret or not")
            return TrialResult(
                id=result.id,
                key=result.key,
                step=0,
                split=result.split,
                outcome=Outcome.FAILED,
                reward=0.0,
                failure=failure,
                span=result.span,
            )

    table = Table(workers=1)
    table.engine = InlineEngine(Failing())
    table.climb()

    failures = [trace.failure for trace in reversed(desk_of(table).traces())][:4]
    assert failures == [
        "",
        "AgentTimeoutError: secret or not",
        "QuotaError: secret or not",
        "AgentCrashed: secret or not",
    ]


def test_a_failure_of_a_named_step_says_which() -> None:
    late = Failure(kind="AgentTimeoutError", message="It took too long.")
    steps = (
        StepResult(name="plan", failure=Failure(kind="VerifierTimeoutError", message="secret")),
        StepResult(name="build", failure=late),
    )

    class Stepwise:
        def run(self, request: TrialRequest) -> TrialResult:
            return replace(table.runner.run(request), steps=steps, failure=steps[0].failure)

    table = Table(workers=1)
    table.engine = InlineEngine(Stepwise())
    table.climb()

    failures = {trace.failure for trace in desk_of(table).traces()}
    assert failures == {"step build: AgentTimeoutError: It took too long."}


def test_the_notebook_outlives_the_step() -> None:
    table = climbed()
    desk_of(table).write_notebook("Tried restating the task.")

    assert desk_of(table).notebook() == "Tried restating the task."


def several(*turns: Turn) -> Table:
    """A run with two edits under test at once, its final table made."""
    table = Table(
        turns=[improving("One", A=0.3), improving("Two", B=0.3), *turns],
        baseline=sided(),
        budget=Budget(hours=None, steps=2 + len(turns)),
        strategy=ScreenStrategy(edits=2),
    )
    table.climb()
    return table


def test_traces_name_all_edits_of_a_version() -> None:
    names = {trace.agent for trace in desk_of(several()).traces()}

    assert {"step 0", "steps 1+2"} <= names
    assert all(name.startswith(("step", "incumbent")) for name in names)


def test_other_edits_under_test_are_in_the_history() -> None:
    seen: list[str] = []

    def look(desk: StepDesk) -> ProposalOutcome:
        (other,) = [step for step in desk.history() if step.decision == "open"]
        seen.append(desk.diff(other.index))
        return improving("Three", C=0.2)(desk)

    several(look)

    assert "= 0.3" in seen[0]


def test_an_incumbent_that_was_never_tried_by_itself_has_a_standing() -> None:
    table = several()
    table.store._trials = [t for t in table.store.trials() if len(t.version.on) != 1]

    board = desk_of(table).scoreboard()

    assert all(standing.attempts > 0 for standing in board)


def test_why_an_edit_went_with_nothing_is_told() -> None:
    table = several(improving("Three", A=0.4))
    conflict = Verdict(
        decision=Decision.REVERT,
        reason="reverted: it conflicts with step 1, which was kept",
        numbers={CONFLICT: 1.0},
    )
    table.store.save_step(replace(table.store.steps()[-1], verdict=conflict))

    told = desk_of(table).history()[2]

    assert (told.decision, told.lesson) == ("revert", f"revert: {conflict.reason}")


def predicting(*, chance: float) -> Proposal:
    cures = (TaskPrediction(task="train/t1", chance=0.9), TaskPrediction(task="train/t2"))
    return replace(edit(agent(1.0)), kind=ChangeKind.TOOL, chance=chance, predicted=cures)


def test_what_was_predicted_of_earlier_steps_stands_beside_what_happened() -> None:
    learnt = replace(edit(agent(0.2)), lesson=StepLesson(step=1, text="It was the tool."))
    table = Table(turns=[predicting(chance=0.7), learnt], budget=Budget(hours=None, steps=2))
    table.climb()

    desk = desk_of(table)
    first, second = desk.history()

    assert (first.kind, first.remark) == (ChangeKind.TOOL, "It was the tool.")
    assert first.lesson.startswith("keep: it was given a chance of 70 % to be kept; +100 points")
    assert "Of 2 tasks that it was to cure train/t1, train/t2 went better." in first.lesson
    assert (second.kind, second.remark) == (None, "")
    record = desk.predictions()
    assert record.overall.kept.brier == pytest.approx(0.09)
    assert (record.overall.cured.count, record.overall.cured.hits) == (2, 2)
    assert [score.kind for score in record.kinds] == [ChangeKind.TOOL]
    assert table.store.steps()[0].lesson == first.lesson


def test_the_scoreboard_says_how_sure_it_is() -> None:
    desk = desk_of(climbed())

    (row, *_), score = desk.scoreboard(), desk.score()

    assert row.low < row.passes / row.attempts <= row.high == 1.0
    assert score is not None
    assert (score.mean, score.n) == (1.0, 6)


def test_before_a_train_task_was_tried_there_is_no_score() -> None:
    desk = desk_of(Table())

    assert desk.score() is None
    assert {(row.attempts, row.low, row.high) for row in desk.scoreboard()} == {(0, 0.0, 1.0)}


def test_the_plan_says_after_how_many_steps_another_kind_is_asked_for() -> None:
    turns = [edit(agent(0.4 - n / 100)) for n in range(3)]
    table = Table(turns=turns, skill=0.9, budget=Budget(hours=None, steps=3), simplify=False)
    table.climb()

    course = Desk(
        replace(table.work(), plan=replace(table.plan(), plateau=3)), step=4, source=""
    ).course

    assert (course.approach, course.fruitless) == (Approach.OTHER_KIND, 3)


def test_a_trace_is_opened_to_be_read_piece_by_piece() -> None:
    table = climbed()
    desk = desk_of(table)
    trial = desk.traces()[0].trial

    assert desk.open_trace(trial).entry(1).message == f"transcript of {trial}"
    assert desk.trace(trial).endswith(f"transcript of {trial}")


def test_failures_are_told_of_train_trials_alone() -> None:
    table = climbed()
    desk = desk_of(table)
    shown = [trace.trial for trace in desk.traces()]
    hidden = next(t.id for t in table.store.trials() if t.key.task.startswith("validation/"))

    report = desk.failures(shown)

    assert report.failed + report.passed == len(shown)
    assert {one.trial for group in report.groups for one in group.sightings} <= {*shown}
    with pytest.raises(KeyError):
        desk.failures([*shown, hidden])
