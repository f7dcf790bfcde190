"""Which failures are borne, and for how long."""

from datetime import UTC, datetime

import pytest

from autoloop.errors import ModelError, ProviderError
from autoloop.gateway.upstream.retry import PassingError, Patience, retry_after_s

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)


class Failing:
    """An action that raises what it was given, then answers."""

    def __init__(self, *errors: Exception) -> None:
        self.errors = list(errors)
        self.waits: list[float] = []

    def __call__(self) -> str:
        if self.errors:
            raise self.errors.pop(0)
        return "done"

    def borne_with(self, *, attempts: int = 6, total_s: float = 600.0) -> str:
        patience = Patience(
            attempts=attempts, total_s=total_s, sleep=self.waits.append, jitter=lambda: 0.0
        )
        return patience.bear(self)


def test_waits_double_up_to_the_longest() -> None:
    action = Failing(*[ProviderError("Oops.")] * 8)

    assert action.borne_with(attempts=9) == "done"

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


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry-After": "12"}, 12.0),
        ({"retry-after-ms": "1500", "retry-after": "9"}, 1.5),
        ({"retry-after": "Thu, 01 Jan 2026 12:00:30 GMT"}, 30.0),
        ({"retry-after": "Thu, 01 Jan 2026 11:00:00 GMT"}, 0.0),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "-5"}, None),
        ({"retry-after": "inf"}, None),
        ({}, None),
    ],
)
def test_the_wait_is_read_from_every_form(headers: dict[str, str], seconds: float | None) -> None:
    assert retry_after_s(headers, NOW) == seconds
