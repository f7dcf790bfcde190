"""What may go wrong at a provider, and when it does."""

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

Way: TypeAlias = Literal[
    "refuse", "page", "reset", "slow", "stall", "cut", "end", "event", "garbage", "arguments",
    "empty", "blank", "filter",
]  # fmt: skip
Ask: TypeAlias = Literal["seconds", "milliseconds", "date", "words"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One way in which a call goes wrong."""

    name: str
    way: Way = "refuse"
    """`refuse` answers with an error in the format's own form, `page` with HTML; `reset` ends the
    connection, `slow` never begins to answer, `stall` stops in the middle and stays, `cut` breaks
    the connection in the middle (of a tool call, where there is one), `end` sends no more than that
    and ends as if it were all, `event` puts an error into the stream,
    `garbage` is no JSON, `arguments` is a tool call whose arguments are no JSON, `empty` has
    nothing in it and `blank` an empty text, `filter` ends with the provider's policy.
    """
    status: int = 200
    kind: str = ""
    """The error's name in the formats; see `KINDS`."""
    message: str = ""
    retry_after: Ask | None = None
    """In which form an answer says when to come back; `words` stand in its message as `{wait}`."""
    wait_s: float = 0.05
    """After how long; dates are in whole seconds, rounded up."""
    skew_s: float = 0.0
    """By how much the server's clock, and with it the `Date` header, is ahead."""
    charged: bool = False
    """Whether the provider counts the tokens of such a call."""

    @property
    def answers(self) -> bool:
        """Whether what was charged arrives whole at the client."""
        return self.way in {"arguments", "empty", "blank", "filter"}


KINDS: Mapping[str, tuple[str, str | None, str]] = {
    "rate": ("requests", "rate_limit_exceeded", "rate_limit_error"),
    "exhausted": ("RESOURCE_EXHAUSTED", None, "rate_limit_error"),
    "server": ("server_error", None, "api_error"),
    "overloaded": ("server_error", None, "overloaded_error"),
    "context": ("invalid_request_error", "context_length_exceeded", "invalid_request_error"),
    "policy": ("invalid_request_error", "content_filter", "invalid_request_error"),
    "other": ("invalid_request_error", None, "invalid_request_error"),
    "model": ("invalid_request_error", "model_not_found", "not_found_error"),
    "key": ("invalid_request_error", "invalid_api_key", "authentication_error"),
    "forbidden": ("invalid_request_error", None, "permission_error"),
    "credit": ("insufficient_quota", "insufficient_quota", "billing_error"),
}
"""OpenAI's type and code, and Anthropic's type, of each kind of error."""

_SLOW_DOWN = "Rate limit reached. Please try again later."
_GEMINIS_SLOW_DOWN = (
    "You exceeded your current quota, please check your plan and billing details. * Quota exceeded"
    " for metric: generate_content_free_tier_requests, limit: 10 Please retry in {wait}s."
)

_PASSING = (
    Fault(name="429", status=429, kind="rate", message=_SLOW_DOWN),
    Fault(name="429-seconds", status=429, kind="rate", message=_SLOW_DOWN, retry_after="seconds"),
    Fault(
        name="429-milliseconds", status=429, kind="rate", message=_SLOW_DOWN,
        retry_after="milliseconds",
    ),
    Fault(
        name="429-date", status=429, kind="rate", message=_SLOW_DOWN, retry_after="date",
        wait_s=1.0,
    ),
    Fault(
        name="429-date-skewed", status=429, kind="rate", message=_SLOW_DOWN, retry_after="date",
        wait_s=1.0, skew_s=5 * 3600.0,
    ),
    Fault(
        name="429-gemini", status=429, kind="exhausted", message=_GEMINIS_SLOW_DOWN,
        retry_after="words",
    ),
    Fault(name="500", status=500, kind="server", message="The server had an error."),
    Fault(name="502", way="page", status=502),
    Fault(name="503", status=503, kind="overloaded", message="The server is overloaded."),
    Fault(name="529", status=529, kind="overloaded", message="Overloaded"),
    Fault(name="reset", way="reset"),
    Fault(name="slow", way="slow", charged=True),
    Fault(name="stall", way="stall", charged=True),
    Fault(name="cut", way="cut", charged=True),
    Fault(name="end", way="end", charged=True),
    Fault(name="error-event", way="event", charged=True, kind="overloaded", message="Overloaded"),
    Fault(name="garbage", way="garbage", charged=True),
    Fault(name="empty", way="empty", charged=True),
    Fault(name="blank", way="blank", charged=True),
)  # fmt: skip
_REQUESTED = (
    Fault(
        name="context", status=400, kind="context",
        message="prompt is too long: 250000 tokens > 200000 maximum context length",
    ),
    Fault(
        name="policy", status=400, kind="policy",
        message="The response was filtered due to the content management policy.",
    ),
    Fault(
        name="moderation", status=403, kind="forbidden",
        message='gpt-5 requires moderation on OpenAI. Your input was flagged for "violence".',
    ),
    Fault(
        name="unfit", status=404, kind="other",
        message="No endpoints found that support image input",
    ),
    Fault(name="filter", way="filter", charged=True),
    Fault(name="arguments", way="arguments", charged=True),
)  # fmt: skip
_LASTING = (
    Fault(name="model", status=404, kind="model", message="The model does not exist."),
    Fault(name="key", status=401, kind="key", message="Incorrect API key provided: {key}."),
    Fault(name="forbidden", status=403, kind="forbidden", message="Not allowed for this key."),
    Fault(
        name="credit", status=429, kind="credit",
        message="You exceeded your current quota. Your credit balance is too low.",
    ),
)  # fmt: skip

PASSING: Mapping[str, Fault] = {fault.name: fault for fault in _PASSING}
"""What another attempt may mend, by name."""
REQUESTED: Mapping[str, Fault] = {fault.name: fault for fault in _REQUESTED}
"""What follows from the request or the model, so that another attempt would be no better."""
LASTING: Mapping[str, Fault] = {fault.name: fault for fault in _LASTING}
"""What only a person can mend."""
FAULTS: Mapping[str, Fault] = {**PASSING, **REQUESTED, **LASTING}
"""Every fault that the server can play, by name."""

Script: TypeAlias = Callable[[int], Fault | None]
"""What happens to the request of a number, counted from 1."""


def never(_number: int) -> Fault | None:
    """Nothing goes wrong."""
    return None


def always(fault: Fault) -> Script:
    """The same fault at every request."""
    return lambda _number: fault


def by_number(faults: Sequence[Fault | None]) -> Script:
    """A fault or none for each request in turn, and none after the last."""
    return lambda number: faults[number - 1] if number <= len(faults) else None


def share(part: float, faults: Sequence[Fault], *, seed: int = 0) -> Script:
    """A seeded share of all requests goes wrong, in all these ways alike."""

    def script(number: int) -> Fault | None:
        draw = random.Random(f"{seed}:{number}")  # noqa: S311 - a lottery, not a secret
        return draw.choice(faults) if draw.random() < part else None

    return script
