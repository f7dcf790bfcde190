"""Reserving and settling, by the numbers."""

from datetime import timedelta

import pytest

from autoloop.errors import UserError
from autoloop.loop import Meter
from autoloop.records import (
    Budget,
    Outcome,
    Purpose,
    Span,
    StopReason,
    TrialKey,
    TrialResult,
    Usage,
)
from autoloop.testing.clocks import THEN, ManualClock


def meter(budget: Budget, *, kept_back: int = 0, clock: ManualClock | None = None) -> Meter:
    own = Meter(budget, clock or ManualClock(), active_s=0.0, workers=2)
    own.keep_back(kept_back)
    return own


def trial(
    *, tokens: int = 0, usd: float = 0.0, seconds: float = 0, outcome: Outcome = Outcome.SCORED
) -> TrialResult:
    key = TrialKey(agent="a", task="t", task_digest="d", purpose=Purpose.SEARCH, attempt=0)
    return TrialResult(
        id="t__1",
        key=key,
        step=0,
        split=None,
        outcome=outcome,
        reward=0.0,
        usage=Usage(prompt_tokens=tokens, cost_usd=usd),
        span=Span(started_at=THEN, finished_at=THEN + timedelta(seconds=seconds)),
    )


def test_a_trial_in_flight_is_reserved() -> None:
    own = meter(Budget(hours=None, trials=2))
    own.start()
    assert own.refusal() is None

    own.start()

    assert own.refusal() is StopReason.TRIALS


def test_a_trial_that_ended_without_a_result_gives_its_reservation_back() -> None:
    own = meter(Budget(hours=None, trials=1))
    own.start()

    own.release()

    assert own.refusal() is None
    assert own.trials == 0


def test_an_invalid_trial_costs_and_is_not_counted() -> None:
    own = meter(Budget(hours=None, trials=1))
    own.start()

    own.settle(trial(tokens=7, outcome=Outcome.INVALID))

    assert (own.trials, own.usage.tokens) == (0, 7)
    assert own.refusal() is None


def test_what_is_in_flight_is_reserved_at_the_mean_so_far() -> None:
    own = meter(Budget(hours=None, tokens=100))
    for tokens in (20, 40):
        own.start()
        own.settle(trial(tokens=tokens))
    own.start()
    assert own.refusal() is None

    own.start()

    assert own.refusal() is StopReason.TOKENS


def test_the_final_table_is_reserved_until_it_is_made() -> None:
    own = meter(Budget(hours=None, usd=1.0), kept_back=4)
    own.start()
    own.settle(trial(usd=0.2))
    assert own.refusal() is StopReason.USD

    own.keep_back(0)

    assert own.refusal() is None


def test_the_time_of_the_final_table_is_shared_by_the_workers() -> None:
    clock = ManualClock()
    own = meter(Budget(hours=1.0), kept_back=4, clock=clock)
    own.count(trial(seconds=600))
    clock.advance(2_399)
    assert own.refusal() is None

    clock.advance(1)

    assert own.refusal() is StopReason.HOURS


def test_steps_limit_new_steps_alone() -> None:
    own = meter(Budget(hours=None, steps=3))

    assert own.refusal(steps=2) is None
    assert own.refusal(steps=3) is StopReason.STEPS
    assert own.refusal() is None


def test_what_earlier_sessions_spent_is_remembered() -> None:
    own = meter(Budget(hours=None, trials=2))

    own.recall([trial(tokens=5), trial(tokens=6)], [])

    assert own.refusal() is StopReason.TRIALS
    assert own.usage.tokens == 11


def test_what_is_left_is_said_in_words() -> None:
    assert meter(Budget(hours=None)).left(5) == "no limit"
    assert meter(Budget(hours=None, steps=5)).left(2) == "3 of 5 steps"


def test_money_that_cannot_be_counted_is_refused_when_it_is_limited() -> None:
    with pytest.raises(UserError, match="take usd out of the budget"):
        meter(Budget(usd=2.5)).spend(Usage(calls=1, cost_usd=None))
