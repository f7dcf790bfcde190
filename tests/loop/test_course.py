"""What steps that led to nothing ask of the next one."""

from dataclasses import replace

import pytest

from autoloop.loop.course import course_of, empty_in_a_row, has_given_up
from autoloop.ports import Approach, Course
from autoloop.records import (
    CONFLICT,
    ChangeKind,
    Decision,
    Origin,
    Step,
    Verdict,
    train_gains,
)
from autoloop.testing.clocks import THEN
from autoloop.testing.proposers import edit

KEEP, REVERT, EMPTY = Decision.KEEP, Decision.REVERT, Decision.EMPTY


def step(
    index: int,
    decision: Decision = REVERT,
    *,
    gain: float = 0.0,
    kind: ChangeKind | None = None,
    of: int | None = None,
) -> Step:
    is_empty = decision is EMPTY
    return Step(
        index=index,
        parent="base",
        started_at=THEN,
        proposal=None if is_empty else replace(edit("x"), kind=kind),
        candidate=None if is_empty else "commit",
        verdict=Verdict(decision=decision, reason="", numbers={"train_gain": gain}),
        alternative_of=of,
        decided=index,
        finished_at=THEN,
    )


def reverted(count: int) -> list[Step]:
    return [step(n) for n in range(1, count + 1)]


def course(steps: list[Step], plateau: int = 4) -> Course:
    return course_of(steps, plateau=plateau, gains=train_gains(steps, ()))


def asked(steps: list[Step], plateau: int = 4) -> Approach:
    return course(steps, plateau).approach


def test_each_plateau_asks_for_more_and_then_it_begins_anew() -> None:
    promising = [step(n, gain=0.01 * n) for n in range(1, 25)]

    approaches = [asked(promising[:count]) for count in range(0, 25, 2)]

    assert approaches == [
        *[Approach.FREE] * 2,
        *[Approach.OTHER_KIND] * 2,
        *[Approach.SIMPLIFY] * 2,
        *[Approach.MERGE] * 2,
        *[Approach.OTHER_KIND] * 2,
        *[Approach.SIMPLIFY] * 2,
        Approach.MERGE,
    ]


def test_a_kept_edit_ends_it() -> None:
    assert asked([*reverted(7), step(8, KEEP), step(9)]) is Approach.FREE


def test_how_long_it_takes_is_a_setting() -> None:
    assert asked(reverted(2), plateau=2) is Approach.OTHER_KIND
    assert asked(reverted(2), plateau=3) is Approach.FREE


def test_kinds_of_change_since_the_last_kept_edit_are_named() -> None:
    steps = [
        step(1, kind=ChangeKind.TOOL),
        step(2, KEEP, kind=ChangeKind.VERIFICATION),
        *(step(n, kind=ChangeKind.PROMPT) for n in range(3, 6)),
        step(6, kind=ChangeKind.CONTEXT),
    ]

    found = course(steps)

    assert found.kinds == (ChangeKind.PROMPT, ChangeKind.CONTEXT)
    assert found.fruitless == 4


def test_a_merge_names_the_two_edits_that_gained_most_and_others_the_next_time() -> None:
    gains = {2: 0.05, 5: 0.2, 7: 0.1, 9: 0.02}
    steps = [step(n, gain=gains.get(n, -0.1)) for n in range(1, 25)]

    assert course(steps[:12]).merge == (5, 7)
    assert course(steps).merge == (2, 9)


@pytest.mark.parametrize(
    "no_help",
    [
        step(3, gain=-0.1),
        step(3, KEEP, gain=0.3),
        step(3, gain=0.3, of=2),
        replace(step(3, gain=0.3), candidate=None),
        replace(
            step(3),
            verdict=Verdict(decision=REVERT, reason="", numbers={CONFLICT: 1, "train_gain": 1}),
        ),
    ],
)
def test_without_two_promising_edits_another_kind_is_asked_for(no_help: Step) -> None:
    steps = [step(2, gain=0.2), no_help, *(step(n) for n in range(4, 16))]

    found = course(steps)

    assert found.approach is Approach.OTHER_KIND
    assert found.merge == ()


def test_steps_that_the_loop_made_itself_ask_for_nothing() -> None:
    own = [replace(one, origin=Origin.ROLLBACK) for one in reverted(9)]

    assert course(own).fruitless == 0


def test_three_empty_conversations_ask_for_a_small_edit_before_all_else() -> None:
    empty = [step(n, EMPTY) for n in range(10, 13)]

    assert asked([*reverted(9), *empty]) is Approach.SMALL
    assert asked([*reverted(9), *empty[:2]]) is Approach.SIMPLIFY


def test_alternatives_do_not_come_of_conversations() -> None:
    steps = [*(step(n, EMPTY) for n in (1, 2)), step(3, EMPTY, of=1), step(4, of=1)]

    assert empty_in_a_row(steps) == 2


def test_six_empty_conversations_end_a_run_and_three_more_each_time() -> None:
    steps = [step(1), *(step(n, EMPTY) for n in range(2, 14))]

    ends = [count for count in range(13) if has_given_up(steps[: 1 + count])]

    assert ends == [6, 9, 12]


def test_a_late_verdict_on_an_older_edit_does_not_hide_empty_conversations() -> None:
    late = replace(step(1), decided=99)

    steps = [late, *(step(n, EMPTY) for n in range(2, 5))]

    assert (course(steps).approach, course(steps).empty) == (Approach.SMALL, empty_in_a_row(steps))


def test_an_edit_that_its_reviewer_refused_is_no_empty_conversation() -> None:
    refused = [replace(step(n), verdict=step(n, EMPTY).verdict) for n in range(1, 7)]

    assert empty_in_a_row(refused) == 0
    assert not has_given_up(refused)
