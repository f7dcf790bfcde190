"""What litellm raises, translated into errors by whose fault it is, with no key in the text."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime

import openai

from autoloop.errors import AgentError, AutoloopError, ModelError
from autoloop.gateway.upstream.retry import PassingError, retry_after_s
from autoloop.records.secrets import HIDDEN, Mask, secret_values

RAISED = (openai.OpenAIError, ValueError, KeyError, TypeError, AttributeError, IndexError)
"""litellm's own errors are openai's; at a broken answer its parsers let the rest through."""
_KEY_TEXT = re.compile(r"\b(?:sk|pk|rk|gsk|xai|AIza|Bearer)[-_ ]?[A-Za-z0-9_\-*.]{12,}")
_ACCOUNT = ("insufficient_quota", "credit balance is too low", "insufficient credits")
_KEY = ("api key", "api_key", "x-api-key")
_NAME = ("not a valid model", "invalid model", "model_not_found", "provider not provided")
_LONGEST = 600


def translate(error: Exception, *, model: str, environ: Mapping[str, str]) -> AutoloopError:
    """The error of ours that says what happened and whose fault it is."""
    told, _, _ = str(error).partition("Traceback (most recent call last)")
    text = mask(" ".join(told.split()), environ)[:_LONGEST]
    status = getattr(error, "status_code", None)
    said = f"{told} {getattr(error, 'body', None)}".lower()
    if status == 402 or _any(_ACCOUNT, said):
        return ModelError(f"The account of {model!r} has no credit left: {text}")
    if status in {401, 403} or (status == 400 and _any(_KEY, said)):
        return ModelError(
            f"The provider of {model!r} refuses the key; set its key in the environment: {text}"
        )
    if status == 404 or (status == 400 and _any(_NAME, said)):
        return ModelError(f"The provider does not offer the model {model!r}: {text}")
    if status in {400, 413, 422}:
        return AgentError(f"The model refuses this request: {text}")
    return PassingError(
        f"The provider of {model!r} failed: {text}",
        retry_after_s=retry_after_s(_headers(error), datetime.now(UTC)),
    )


def mask(text: str, environ: Mapping[str, str]) -> str:
    """The text without any secret of the environment and without what looks like a key."""
    return _KEY_TEXT.sub(HIDDEN, Mask(secret_values(environ)).text(text))


def _any(phrases: tuple[str, ...], text: str) -> bool:
    return any(phrase in text for phrase in phrases)


def _headers(error: Exception) -> Mapping[str, str]:
    headers = getattr(error, "litellm_response_headers", None)
    if headers is None:
        headers = getattr(getattr(error, "response", None), "headers", None)
    return {str(name): str(value) for name, value in dict(headers or {}).items()}
