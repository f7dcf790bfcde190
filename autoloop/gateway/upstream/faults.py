"""What SDKs raise, translated into errors by whose fault it is, with no key in the text."""

import json
import re
import socket
import ssl
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

import httpx
import openai

from autoloop.errors import AgentError, AutoloopError, ModelError
from autoloop.gateway.upstream.retry import FEW, PassingError, retry_after_s, wait_in_words
from autoloop.records.secrets import HIDDEN, Mask, secret_values

RAISED = (openai.OpenAIError, ValueError, KeyError, TypeError, AttributeError, IndexError)
"""litellm's own errors are openai's; at a broken answer its parsers let the rest through."""
_KEY_TEXT = re.compile(r"\b(?:sk|pk|rk|gsk|xai|AIza|Bearer)[-_ ]?[A-Za-z0-9_\-*.]{12,}")
_ACCOUNT = (
    "insufficient_quota",
    "billing_error",
    "billing_hard_limit_reached",
    "credit balance is too low",
    "insufficient credits",
    "exceeded your current quota",
)
_RATE = ("resource_exhausted", "retry in ")
"""With these Gemini words a limit of its rate as others word the end of an account."""
_TOO_LONG = (
    "context_length_exceeded",
    "context length",
    "context window",
    "prompt is too long",
    "request_too_large",
    "request too large",
    "input is too long",
)
_POLICY = ("content_filter", "content management policy", "content_policy", "usage policies")
_OF_THE_REQUEST: Mapping[int, tuple[str, ...]] = {
    403: ("requires moderation", "input was flagged"),
    404: ("no endpoints found that support", "no endpoints found that can handle"),
}
"""Phrases of OpenRouter's, by statuses that otherwise are about the key or the model's name."""
_TRUSTED = frozenset(range(400, 500)) - {408}
"""Statuses that litellm does not make up."""
_OVERLOADED = frozenset({429, 503, 529})
_SDKS_OWN = re.compile(
    r"(?:(?:[\w.]*(?:Error|Exception)|error code: \d+)(?: - |: | ))*", re.IGNORECASE
)
"""What SDKs write before the words of a provider."""
_LONGEST = 600
_DEEPEST = 10
_STATUS: Mapping[str, int] = {
    "invalid_request_error": 400,
    "authentication_error": 401,
    "billing_error": 402,
    "insufficient_quota": 402,
    "permission_error": 403,
    "not_found_error": 404,
    "model_not_found": 404,
    "request_too_large": 413,
    "rate_limit_error": 429,
    "rate_limit_exceeded": 429,
    "api_error": 500,
    "server_error": 500,
    "timeout_error": 504,
    "overloaded_error": 529,
}
"""Which status an error has that comes within an answer of status 200."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Matter:
    """What a refused request (400) is about, where it is none of the request's.

    Providers quote what they refuse, so that a phrase in the middle may be the agent's.
    """

    names: frozenset[str]
    """Types and codes of such errors."""
    sentences: tuple[str, ...]
    """How their messages begin, in small letters."""


_NO_CREDIT = _Matter(
    names=frozenset({"insufficient_quota", "billing_error", "billing_hard_limit_reached"}),
    sentences=(
        *("your credit balance is too low", "insufficient credits"),
        "you exceeded your current quota",
    ),
)
_NO_KEY = _Matter(
    names=frozenset({"invalid_api_key", "authentication_error"}),
    sentences=(
        *("api key not valid", "api key expired", "api key not found", "invalid api key"),
        *("incorrect api key", "no api key", "missing api key", "invalid x-api-key"),
    ),
)
_NO_MODEL = _Matter(
    names=frozenset({"model_not_found", "not_found_error"}),
    sentences=("invalid model", "llm provider not provided"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Told:
    """What an SDK's error says."""

    model: str
    text: str
    """For a person: one line, no secret."""
    said: str
    """All of it in small letters, to look for phrases in."""
    names: frozenset[str]
    """The error's type and code, where the provider gives them."""
    message: str
    """The provider's own words in small letters, from their beginning."""
    status: int | None
    refused: bool
    """Whether the answer was nothing but this error: such a call is not paid."""
    error: Exception

    def has(self, phrases: tuple[str, ...]) -> bool:
        return any(phrase in self.said for phrase in phrases)

    def is_about(self, matter: _Matter) -> bool:
        """Whether the request was refused for this, by the provider's own words."""
        if self.status != 400:
            return False
        return bool(self.names & matter.names) or self.message.startswith(matter.sentences)

    @property
    def is_of_the_request(self) -> bool:
        """Whether the status is about what was asked, or the provider's words are."""
        plainly = self.status in {400, 413, 422, 429}
        return plainly or self.has(_OF_THE_REQUEST.get(self.status or 0, ()))

    @property
    def names_the_model(self) -> bool:
        """Whether the name of the model is refused in a sentence that begins with it."""
        name, is_split, _ = self.message.partition(" is not a valid model")
        return bool(is_split) and self.status == 400 and self.model.lower().endswith(name)


def translate(error: Exception, *, model: str, environ: Mapping[str, str]) -> AutoloopError:
    """The error of ours that says what happened, what to do about it, and whose fault it is."""
    whole, _, _ = str(error).partition("Traceback (most recent call last)")
    body, http = getattr(error, "body", None), _http_status(error)
    inner = _inner(error)
    message = str(inner.get("message") or _SDKS_OWN.sub("", whole, count=1))
    told = _Told(
        model=model,
        text=mask(" ".join(whole.split()), environ)[:_LONGEST],
        said=f"{whole} {body}".lower(),
        names=frozenset(str(inner.get(key)) for key in ("type", "code")),
        message=message.strip().lower(),
        status=http or _told_status(error, body),
        refused=http is not None,
        error=error,
    )
    found = (kind(told) for kind in (_for_a_person, _for_the_agent, _on_the_way))
    return next((one for one in found if one is not None), None) or _passing(told)


def mask(text: str, environ: Mapping[str, str]) -> str:
    """The text without any secret of the environment and without what looks like a key."""
    return _KEY_TEXT.sub(HIDDEN, Mask(secret_values(environ)).text(text))


def _for_a_person(told: _Told) -> ModelError | None:
    """What only a person can mend: it stops a run, which can be resumed."""
    model, status, text = told.model, told.status, told.text
    if status == 402 or _has_no_credit(told):
        return ModelError(f"The account of {model!r} has no credit left: {text}")
    if told.is_of_the_request and status in _OF_THE_REQUEST:
        return None
    if status in {401, 403} or told.is_about(_NO_KEY):
        return ModelError(
            f"The provider of {model!r} refuses the key; set its key in the environment: {text}"
        )
    if status == 404 or told.is_about(_NO_MODEL) or told.names_the_model:
        return ModelError(f"The provider does not offer the model {model!r}: {text}")
    return None


def _has_no_credit(told: _Told) -> bool:
    if told.status not in {403, 429}:
        return told.is_about(_NO_CREDIT)
    is_named = bool(told.names & _NO_CREDIT.names)
    return is_named or (told.has(_ACCOUNT) and not told.has(_RATE))


def _for_the_agent(told: _Told) -> AgentError | None:
    """What follows from the request, and would follow again."""
    if not told.is_of_the_request:
        return None
    if told.has(_TOO_LONG):
        return AgentError(
            f"The conversation is too long for {told.model!r}; send less of it: {told.text}"
        )
    if told.status == 429:
        return None
    if told.status == 403 or told.has(_POLICY):
        return AgentError(f"The provider's policy refuses this request: {told.text}")
    return AgentError(f"The model refuses this request: {told.text}")


def _on_the_way(told: _Told) -> AutoloopError | None:
    """What went wrong before the provider could be asked."""
    if told.status is not None:
        return None
    for cause in _causes(told.error):
        for kind, sentence in _WAYS.items():
            if isinstance(cause, kind) and (said := sentence(told, cause)) is not None:
                return said
    return None


def _no_name(told: _Told, cause: Exception) -> AutoloopError:
    return PassingError(
        f"The provider of {told.model!r} failed: its address cannot be found ({cause}); check the"
        " network, its DNS, and the address that is set for the model."
    )


def _bad_certificate(told: _Told, cause: Exception) -> AutoloopError:
    reason = getattr(cause, "verify_message", "") or cause
    return PassingError(
        f"The provider of {told.model!r} failed: its certificate is not trusted ({reason}); check"
        " the address, this machine's clock, and whether a proxy stands between whose certificate"
        " has to be named in SSL_CERT_FILE.",
        attempts=FEW - 1,
    )


def _no_tls(told: _Told, cause: Exception) -> AutoloopError | None:
    if "EOF" in f"{getattr(cause, 'reason', cause)}":
        return None  # It hung up, as it may at any time.
    return PassingError(
        f"The provider of {told.model!r} failed: no encrypted connection comes about ({cause});"
        " check whether its address begins with http or https, and its port.",
        attempts=FEW - 1,
    )


def _refused(told: _Told, cause: Exception) -> AutoloopError:
    return PassingError(
        f"The provider of {told.model!r} failed: nobody answers at its address ({cause}); check the"
        " address, and whether the server runs."
    )


_WAYS: Mapping[type[Exception], Callable[[_Told, Exception], AutoloopError | None]] = {
    socket.gaierror: _no_name,
    ssl.SSLCertVerificationError: _bad_certificate,
    ssl.SSLError: _no_tls,
    ConnectionRefusedError: _refused,
}
"""The most special first."""


def _passing(told: _Told) -> PassingError:
    is_overloaded = told.status in _OVERLOADED
    asked_s = retry_after_s(_headers(told.error), datetime.now(UTC))
    if asked_s is None and is_overloaded:
        asked_s = wait_in_words(told.said)
    return PassingError(
        f"The provider of {told.model!r} failed: {told.text}",
        retry_after_s=asked_s,
        overloaded=is_overloaded,
        lost=not told.refused and not _is_unsent(told.error),
    )


def _is_unsent(error: Exception) -> bool:
    names = {type(cause).__name__ for cause in _causes(error)}
    return bool(names & {"ConnectError", "ConnectTimeout", "PoolTimeout"})


def _http_status(error: Exception) -> int | None:
    """The status of an answer that was nothing but an error, or None where there was none."""
    for cause in _causes(error):
        status = getattr(getattr(cause, "response", None), "status_code", None)
        if isinstance(status, int) and status >= 400 and not _is_litellms(cause):
            return status
    own = getattr(error, "status_code", None)
    return own if _is_litellms(error) and own in _TRUSTED else None


def _is_litellms(error: BaseException) -> bool:
    """Whether it is one of litellm's, which make up a status and a response where none came."""
    return type(error).__module__.startswith("litellm")


def _told_status(error: Exception, body: object) -> int | None:
    """The status that an error within an answer stands for."""
    inner = _error_in(body)
    if inner is None:
        return None
    names = (str(inner.get(key)) for key in ("code", "type"))
    found = next((_STATUS[name] for name in names if name in _STATUS), None)
    return found or getattr(error, "status_code", None)


def _error_in(body: object) -> Mapping[str, object] | None:
    """The part of an answer that tells of the error; formats put it at the top or one below."""
    inner = body.get("error", body) if isinstance(body, Mapping) else None
    return inner if isinstance(inner, Mapping) else None


def _inner(error: Exception) -> Mapping[str, object]:
    """What the provider itself told, also where litellm has made an error of its own of it."""
    for cause in _causes(error):
        body = getattr(cause, "body", None)
        found = _error_in(body) or _error_in(_answered(cause))
        if found:
            return found
    return {}


def _answered(cause: BaseException) -> object:
    """The answer as JSON that an error of HTTP brings with it, if it does."""
    response = getattr(cause, "response", None)
    try:
        return json.loads(response.content) if isinstance(response, httpx.Response) else None
    except (ValueError, RecursionError, httpx.StreamError):
        return None


def _causes(error: BaseException) -> Iterator[BaseException]:
    """An error, and what it came from, in turn."""
    found: BaseException | None = error
    for _ in range(_DEEPEST):
        if found is None:
            return
        yield found
        found = found.__cause__ or found.__context__


def _headers(error: Exception) -> Mapping[str, str]:
    headers = getattr(error, "litellm_response_headers", None)
    if headers is None:
        headers = getattr(getattr(error, "response", None), "headers", None)
    return {str(name): str(value) for name, value in dict(headers or {}).items()}
