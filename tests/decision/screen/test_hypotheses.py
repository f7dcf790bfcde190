"""What edits may do: weights, effects, and what is learned from earlier edits."""

import pytest

from autoloop.decision.screen.grid import DELTA
from autoloop.decision.screen.hypotheses import (
    BETTER,
    KINDS,
    NEUTRAL,
    OVERFIT,
    WORSE,
    hypotheses,
)

sizes = pytest.mark.parametrize(("train", "validation"), [(3, 0), (8, 4), (60, 30), (300, 150)])


@sizes
def test_weights_and_effects_add_up_to_one(train: int, validation: int) -> None:
    known = hypotheses(train, validation)

    assert known.prior.sum() == pytest.approx(1.0)
    assert known.exposed.sum(axis=1) == pytest.approx(1.0)
    assert known.unexposed.sum(axis=1) == pytest.approx(1.0)


@sizes
def test_every_hypothesis_is_of_one_kind(train: int, validation: int) -> None:
    known = hypotheses(train, validation)

    assert sum(known.of(kind) for kind in KINDS) == pytest.approx(1.0)
    assert all(known.of(kind).any() for kind in KINDS)


@sizes
def test_only_good_edits_raise_tasks_that_nobody_read(train: int, validation: int) -> None:
    known = hypotheses(train, validation)
    effects = known.unexposed @ DELTA

    assert (effects[known.of(BETTER) > 0] > 0.0).all()
    assert (effects[known.of(WORSE) > 0] < 0.0).all()
    assert effects[known.of(NEUTRAL) > 0] == pytest.approx(0.0)


def test_what_is_learned_by_heart_lifts_train_tasks_more_than_others() -> None:
    known = hypotheses(60, 30)
    lifted = (known.exposed - known.unexposed) @ DELTA

    assert (lifted[known.of(OVERFIT) > 0] >= 0.0).all()
    assert lifted.max() > 0.2


def test_good_edits_are_not_expected_more_often_than_bad_ones() -> None:
    known = hypotheses(60, 30)

    assert known.of(BETTER) @ known.prior < known.of(WORSE) @ known.prior


def test_what_earlier_edits_were_is_learned() -> None:
    known = hypotheses(60, 30)

    before = known.weights({}, trust=100.0)
    after = known.weights({BETTER: 50.0}, trust=100.0)

    assert before == pytest.approx(known.prior)
    assert after.sum() == pytest.approx(1.0)
    share = float(before @ known.of(BETTER))
    assert after @ known.of(BETTER) == pytest.approx((100 * share + 50) / 150)
