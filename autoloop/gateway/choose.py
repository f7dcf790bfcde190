"""Which model a setting stands for."""

from collections.abc import Mapping
from enum import Enum

from autoloop.errors import SettingsError

OFFLINE = "offline"
DEFAULTS: tuple[tuple[str, str], ...] = (
    ("ANTHROPIC_API_KEY", "anthropic/claude-sonnet-5"),
    ("OPENAI_API_KEY", "openai/gpt-5"),
    ("GEMINI_API_KEY", "gemini/gemini-2.5-pro"),
    ("OPENROUTER_API_KEY", "openrouter/anthropic/claude-sonnet-5"),
    ("MISTRAL_API_KEY", "mistral/mistral-large-latest"),
    ("DEEPSEEK_API_KEY", "deepseek/deepseek-chat"),
    ("XAI_API_KEY", "xai/grok-4.5"),
    ("GROQ_API_KEY", "groq/openai/gpt-oss-120b"),
)
"""For each provider's key, in order of preference, the model that `auto` takes."""


def choose_model(setting: str, environ: Mapping[str, str]) -> str:
    """The name of the model: `offline`, or a name as litellm writes it.

    `auto` takes the first provider whose key is set, and `offline` when there is none.

    Raises:
        SettingsError: the setting cannot be a model's name.
    """
    name = setting.strip()
    if name == "auto":
        found = (model for key, model in DEFAULTS if environ.get(key, "").strip())
        return next(found, OFFLINE)
    if not name or any(character.isspace() for character in name):
        raise SettingsError(
            f"The model {setting!r} cannot be a name; write auto, offline, or provider/model as "
            "litellm does, for example anthropic/claude-sonnet-5."
        )
    return name


class Way(Enum):
    """By which SDK and format a model is asked."""

    ANTHROPIC = "Anthropic's SDK, messages"
    CHAT = "OpenAI's SDK, chat completions"
    RESPONSES = "OpenAI's SDK, responses"
    LITELLM = "litellm"


def way_of(name: str, *, endpoint: str = "chat") -> Way:
    """How a model of this name is asked; `endpoint` is what an OpenAI model is made for."""
    provider, _, rest = name.partition("/")
    if provider == "anthropic" and rest:
        return Way.ANTHROPIC
    if provider == "openai" and rest:
        is_responses = rest.startswith("responses/") or endpoint == "responses"
        return Way.RESPONSES if is_responses else Way.CHAT
    return Way.LITELLM
