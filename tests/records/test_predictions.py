"""What was predicted against what happened, by the numbers."""

from collections.abc import Mapping
from dataclasses import replace

import pytest

from autoloop.records import (
    CONFLICT,
    NARROW,
    ChangeKind,
    Decision,
    Origin,
    Outcome,
    Proposal,
    Purpose,
    Span,
    Split,
    Step,
    TaskPrediction,
    TrialKey,
    TrialResult,
    Verdict,
    Version,
    lessons_of,
    prediction_record,
    scored_steps,
    train_gains,
)
from autoloop.testing.clocks import THEN
from autoloop.testing.proposers import edit


def proposal(
    *,
    kind: ChangeKind | None = ChangeKind.PROMPT,
    chance: float | None = 0.8,
    cures: Mapping[str, float | None] | None = None,
) -> Proposal:
    predicted = tuple(TaskPrediction(task=t, chance=c) for t, c in (cures or {}).items())
    return replace(edit("source"), kind=kind, chance=chance, predicted=predicted)


def step(
    index: int,
    decision: Decision | None,
    made: Proposal | None = None,
    *,
    numbers: dict[str, float] | None = None,
) -> Step:
    verdict = (
        None
        if decision is None
        else Verdict(decision=decision, reason="validation said 33 %", numbers=numbers or {})
    )
    return Step(
        index=index, parent="base", started_at=THEN, proposal=made or proposal(), verdict=verdict
    )


def trial(
    task: str, version: Version, reward: float, *, split: Split = Split.TRAIN, attempt: int = 0
) -> TrialResult:
    key = TrialKey(
        agent=f"{version}", task=task, task_digest="d", purpose=Purpose.SEARCH, attempt=attempt
    )
    return TrialResult(
        id=f"{task}__{version.base}{version.on}{attempt}",
        key=key,
        step=0,
        version=version,
        split=split,
        outcome=Outcome.SCORED,
        reward=reward,
        span=Span(started_at=THEN, finished_at=THEN),
    )


OFF, ON = Version(), Version(on=(1,))


def test_the_brier_score_is_the_mean_squared_error_of_the_chances() -> None:
    steps = [
        step(1, Decision.KEEP, proposal(chance=0.8)),
        step(2, Decision.REVERT, proposal(chance=0.6)),
        step(3, Decision.UNDECIDED, proposal(chance=0.1)),
    ]

    kept = prediction_record(steps, ()).overall.kept

    assert kept.brier == pytest.approx((0.2**2 + 0.6**2 + 0.1**2) / 3)
    assert (kept.count, kept.hits, kept.happened) == (3, 2, 1)
    assert kept.hit_rate == pytest.approx(2 / 3)


def test_each_kind_of_change_has_a_score_of_its_own() -> None:
    steps = [
        step(1, Decision.KEEP, proposal(kind=ChangeKind.TOOL, chance=1.0)),
        step(2, Decision.REVERT, proposal(kind=ChangeKind.PROMPT, chance=1.0)),
        step(3, Decision.REVERT, proposal(kind=None, chance=0.0)),
    ]

    record = prediction_record(steps, ())

    assert [(s.kind, s.kept.brier) for s in record.kinds] == [
        (ChangeKind.PROMPT, 1.0),
        (ChangeKind.TOOL, 0.0),
    ]
    assert record.overall.kept.brier == pytest.approx(1 / 3)


def test_a_task_is_cured_where_it_goes_better_with_the_edit_than_without() -> None:
    cures = {"better": 0.9, "same": 0.5, "worse": None, "never tried": 0.5}
    trials = [
        *(trial("better", OFF, 0.0), trial("better", ON, 1.0), trial("better", ON, 0.0, attempt=1)),
        *(trial("same", OFF, 1.0), trial("same", ON, 1.0)),
        *(trial("worse", OFF, 1.0), trial("worse", ON, 0.0)),
        trial("never tried", OFF, 0.0),
    ]
    steps = [step(1, Decision.REVERT, proposal(cures=cures))]

    (scored,) = scored_steps(steps, trials)
    cured = prediction_record(steps, trials).overall.cured

    assert {one.task: one.cured for one in scored.tasks} == {
        "better": True,
        "same": False,
        "worse": False,
        "never tried": None,
    }
    assert (cured.count, cured.hits, cured.happened) == (3, 1, 1)
    assert cured.brier == pytest.approx((0.1**2 + 0.5**2) / 2)


def test_only_train_trials_of_the_search_say_whether_a_task_is_cured() -> None:
    steps = [step(1, Decision.KEEP, proposal(cures={"t": None}))]
    on, off = trial("t", ON, 1.0), trial("t", OFF, 0.0)
    spot = replace(on, key=replace(on.key, purpose=Purpose.SPOT))
    invalid = replace(on, outcome=Outcome.INVALID)

    def cured(*trials: TrialResult) -> bool | None:
        return scored_steps(steps, trials)[0].tasks[0].cured

    assert cured(on, off) is True
    assert cured(spot, off) is None
    assert cured(invalid, off) is None
    assert cured(replace(on, split=Split.VALIDATION), replace(off, split=Split.VALIDATION)) is None


def test_an_edit_is_compared_with_the_incumbent_that_it_was_tried_against() -> None:
    steps = [step(3, Decision.KEEP, proposal(cures={"t": None}))]
    on = trial("t", Version(base=2, on=(3,)), 0.5)
    first = trial("t", Version(), 1.0)
    as_an_edit = trial("t", Version(base=0, on=(2,)), 0.0)
    left_out = trial("t", Version(base=2, on=(4,), off=(3,)), 0.0)
    another_edit = trial("t", Version(base=2, on=(4,)), 0.0)
    on_another = trial("t", Version(base=1, on=(3,)), 1.0)

    def cured(*trials: TrialResult) -> bool | None:
        return scored_steps(steps, trials)[0].tasks[0].cured

    assert cured(on, first) is None
    assert cured(on, first, as_an_edit) is True
    assert cured(on, first, left_out) is True
    assert cured(on, first, another_edit) is None
    assert cured(on, on_another, replace(as_an_edit, reward=0.75)) is False


@pytest.mark.parametrize(
    "unjudged",
    [
        step(1, None),
        step(1, Decision.EMPTY),
        step(1, Decision.REVERT, numbers={CONFLICT: 2.0}),
        replace(step(1, Decision.KEEP), origin=Origin.ROLLBACK),
        replace(step(1, Decision.EMPTY), proposal=None),
    ],
)
def test_where_nothing_was_decided_about_an_edit_nothing_is_scored(unjudged: Step) -> None:
    record = prediction_record([unjudged], ())

    assert record.overall.kept.count == 0
    assert record.overall.kept.hit_rate is None
    assert record.overall.kept.brier is None


def test_a_lesson_tells_what_was_predicted_and_what_happened_on_train_tasks() -> None:
    cures = {"a": None, "b": None, "c": None}
    trials = [trial("a", OFF, 0.0), trial("a", ON, 1.0), trial("b", OFF, 0.0), trial("b", ON, 0.0)]
    own = step(1, Decision.REVERT, proposal(cures=cures), numbers={"train_gain": 0.031})

    assert lessons_of([own], trials)[1] == (
        "revert: it was given a chance of 80 % to be kept; +3 points on the train tasks. Of 3"
        " tasks that it was to cure a went better; b did not; c could not be compared."
    )


def test_the_gain_on_train_tasks_is_taken_from_trials_where_the_verdict_is_silent() -> None:
    trials = [
        *(trial("a", OFF, 0.0), trial("a", ON, 1.0), trial("a", ON, 0.5, attempt=1)),
        *(trial("b", OFF, 0.5), trial("b", ON, 0.25)),
        trial("untried", OFF, 1.0),
        *(
            trial("v", OFF, 0.0, split=Split.VALIDATION),
            trial("v", ON, 1.0, split=Split.VALIDATION),
        ),
    ]
    silent = step(1, Decision.REVERT, numbers={"gain": 0.9})

    assert train_gains([silent], trials) == {1: pytest.approx((0.75 - 0.25) / 2)}
    assert train_gains([step(1, Decision.REVERT, numbers={"train_gain": 0.2})], trials) == {1: 0.2}
    assert train_gains([silent], ()) == {}
    assert "+25 points on the train tasks" in lessons_of([silent], trials)[1]


def test_a_lesson_says_that_a_gain_rests_on_one_task() -> None:
    narrow = step(1, Decision.REVERT, numbers={"train_gain": 0.05, NARROW: 1.0})

    assert (
        "+5 points on the train tasks; its gain on train tasks rests on one of them."
        in (lessons_of([narrow], ())[1])
    )


def test_a_lesson_says_nothing_of_hidden_tasks() -> None:
    silent = proposal(chance=None)

    lessons = lessons_of([step(1, Decision.KEEP, silent, numbers={"validation_gain": 0.4})], ())

    assert lessons[1] == "keep."


def test_a_step_without_an_edit_that_was_tried_has_its_reason_for_a_lesson() -> None:
    empty = step(2, Decision.EMPTY)

    assert lessons_of([empty, step(3, None)], ()) == {2: "empty: validation said 33 %"}
