"""Which failures are borne, and for how long."""

from datetime import UTC, datetime

import pytest

from autoloop.errors import ModelError, ProviderError
from autoloop.gateway.upstream.limiter import Limiter
from autoloop.gateway.upstream.retry import (
    FEW,
    PassingError,
    Patience,
    retry_after_s,
    wait_in_words,
)
from autoloop.records import ChatReply, Usage, charge, charged
from autoloop.testing.models import reply

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)


class Failing:
    """An action that raises what it was given, then answers."""

    def __init__(self, *errors: Exception) -> None:
        self.errors = list(errors)
        self.waits: list[float] = []

    def __call__(self) -> ChatReply:
        if self.errors:
            raise self.errors.pop(0)
        return reply("done")

    def borne_with(self, *, attempts: int = 6, total_s: float = 600.0) -> ChatReply:
        patience = Patience(
            attempts=attempts, total_s=total_s, sleep=self.waits.append, jitter=lambda: 0.0
        )
        return patience.bear(self)


def test_waits_double_up_to_the_longest() -> None:
    action = Failing(*[ProviderError("Oops.")] * 8)

    assert action.borne_with(attempts=9).message.content == "done"

    assert action.waits == [1, 2, 4, 8, 16, 32, 60, 60]


def test_a_longer_wait_that_is_asked_for_is_kept() -> None:
    action = Failing(PassingError("Slow down.", retry_after_s=90), ProviderError("Oops."))

    action.borne_with()

    assert action.waits == [90, 2]


def test_a_wait_beyond_all_patience_is_not_begun() -> None:
    action = Failing(PassingError("Come back tomorrow.", retry_after_s=86_400))

    with pytest.raises(ProviderError, match="tomorrow"):
        action.borne_with()

    assert action.waits == []


def test_the_last_failure_is_raised_when_patience_runs_out() -> None:
    action = Failing(ProviderError("One."), ProviderError("Two."), ProviderError("Three."))

    with pytest.raises(ProviderError, match="Two"):
        action.borne_with(attempts=2)


def test_other_errors_are_not_borne() -> None:
    action = Failing(ModelError("The key is refused."))

    with pytest.raises(ModelError):
        action.borne_with()

    assert action.waits == []


def test_jitter_takes_any_part_of_a_wait_but_none_of_what_is_asked_for() -> None:
    action = Failing(*[ProviderError("Oops.")] * 3, PassingError("Slow.", retry_after_s=7))
    draws = iter([1.0, 0.5, 0.25, 1.0])

    Patience(sleep=action.waits.append, jitter=lambda: next(draws)).bear(action)

    assert action.waits == [0, 1, 3, 7]


def test_what_failed_attempts_cost_is_part_of_the_answers_usage() -> None:
    known = PassingError("It broke off.", lost=True)
    charge(known, Usage(prompt_tokens=100, completion_tokens=1))
    action = Failing(known, PassingError("Gone.", lost=True))

    usage = action.borne_with().usage

    assert (usage.prompt_tokens, usage.completion_tokens, usage.lost) == (110, 6, 2)


def test_what_all_attempts_cost_is_told_with_the_last_failure() -> None:
    errors = [PassingError(f"Number {number}.", lost=True) for number in range(3)]
    for error in errors:
        charge(error, Usage(prompt_tokens=10))

    with pytest.raises(ProviderError) as caught:
        Failing(*errors).borne_with(attempts=3)

    assert charged(caught.value) == Usage(prompt_tokens=30, lost=3)


def test_empty_answers_are_paid_and_given_up_soon() -> None:
    silence = reply("", usage=Usage(calls=1, prompt_tokens=10))
    waits: list[float] = []

    with pytest.raises(PassingError, match="empty answers") as caught:
        Patience(sleep=waits.append).bear(lambda: silence)

    assert len(waits) == FEW - 1
    assert charged(caught.value) == Usage(prompt_tokens=10 * FEW)


def test_other_failures_take_nothing_of_the_few_attempts_at_a_stubborn_one() -> None:
    stubborn = [PassingError("No certificate.", attempts=2) for _ in range(2)]
    others = [ProviderError("Oops."), ProviderError("Oops.")]

    assert Failing(*others, stubborn[0]).borne_with().message.content == "done"
    with pytest.raises(ProviderError, match="No certificate"):
        Failing(*others, *stubborn).borne_with()


def test_a_model_that_means_to_say_nothing_is_believed_in_the_end() -> None:
    silence = reply("", usage=Usage(calls=1, prompt_tokens=10, completion_tokens=2))

    given = Patience(sleep=lambda _: None).bear(lambda: silence)

    assert given.message.content == ""
    assert given.usage == Usage(calls=1, prompt_tokens=10 * FEW, completion_tokens=2 * FEW)


def test_an_answer_that_begins_with_a_text_to_stop_at_is_asked_for_once() -> None:
    silence = reply("", usage=Usage(calls=1, prompt_tokens=10, completion_tokens=2))

    given = Patience(sleep=lambda _: None).bear(lambda: silence, stops=True)

    assert given == silence


def test_an_answer_without_a_token_is_no_stop() -> None:
    silence = reply("", usage=Usage(calls=1, prompt_tokens=10))

    with pytest.raises(PassingError, match="empty answers"):
        Patience(sleep=lambda _: None).bear(lambda: silence, stops=True)


def test_the_queue_of_the_provider_learns_how_calls_went() -> None:
    limiter, said = Limiter(most=8), list[int]()
    slow = PassingError("Slow down.", overloaded=True, retry_after_s=0.001)
    action = Failing(slow, slow)

    def ask() -> ChatReply:
        said.append(limiter.limit)
        return action()

    Patience(sleep=lambda _: None, limiter=limiter).bear(ask)

    # One call is under way: half of it is less than one, and each answer adds one.
    assert said == [8, 1, 1]
    assert limiter.limit == 2
    assert limiter.at_once == 0


def test_a_wait_beyond_all_patience_does_not_close_the_queue_for_good() -> None:
    limiter = Limiter(monotonic=lambda: 0.0)
    action = Failing(PassingError("Come back tomorrow.", retry_after_s=86_400))

    with pytest.raises(ProviderError, match="tomorrow"):
        Patience(total_s=600.0, limiter=limiter).bear(action)

    assert limiter.pause_s == 600.0


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry-After": "12"}, 12.0),
        ({"retry-after-ms": "1500", "retry-after": "9"}, 1.5),
        ({"retry-after": "Thu, 01 Jan 2026 12:00:30 GMT"}, 30.0),
        ({"retry-after": "Thu, 01 Jan 2026 11:00:00 GMT"}, 0.0),
        (
            # The server's clock is five hours ahead, and so is the date that it names.
            {
                "date": "Thu, 01 Jan 2026 17:00:00 GMT",
                "retry-after": "Thu, 01 Jan 2026 17:00:30 GMT",
            },
            30.0,
        ),
        ({"retry-after": "Thu, 01 Jan 2026 12:00:30 -0000"}, None),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "-5"}, None),
        ({"retry-after": "inf"}, None),
        ({}, None),
    ],
)
def test_the_wait_is_read_from_every_form(headers: dict[str, str], seconds: float | None) -> None:
    assert retry_after_s(headers, NOW) == seconds


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("Please retry in 20.04s.", 20.04),
        ("Please retry in 879.5ms.", 0.8795),
        ("Please retry in 1h2m3.5s.", 3_723.5),
        ("Rate limit reached. Please try again in 6m0s.", 360.0),
        ("Rate limit reached. Please try again in 1.2s. Visit our page.", 1.2),
        ("Please retry in a while.", None),
        ("Please try again later.", None),
        ("Please retry in s.", None),
        ("", None),
    ],
)
def test_the_wait_is_read_from_a_sentence(text: str, seconds: float | None) -> None:
    assert wait_in_words(text) == (None if seconds is None else pytest.approx(seconds))
