"""What litellm would read of the environment at each call: read once, and given to it by name."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import TypeAlias

import litellm
from litellm.constants import openai_compatible_providers
from litellm.llms.openai_like.json_loader import JSONProviderRegistry

KEY = "api_key"
NO_KEY = "unused"
"""For servers that want none: without any, OpenAI's own key would be sent to them."""

Names: TypeAlias = Mapping[str, tuple[str, ...]]
"""litellm's parameters, each with the variables that may hold it, the one that wins first."""

_ENTRA: Names = {
    "azure_ad_token": ("AZURE_AD_TOKEN", "AZURE_OPENAI_AD_TOKEN"),
    "tenant_id": ("AZURE_TENANT_ID",),
    "client_id": ("AZURE_CLIENT_ID",),
    "client_secret": ("AZURE_CLIENT_SECRET",),
    "azure_username": ("AZURE_USERNAME",),
    "azure_password": ("AZURE_PASSWORD",),
}
_AZURE: Names = {
    **_ENTRA,
    KEY: ("AZURE_OPENAI_API_KEY", "AZURE_API_KEY"),
    "api_base": ("AZURE_API_BASE",),
    "api_version": ("AZURE_API_VERSION",),
}
_AWS: Names = {
    "aws_access_key_id": ("AWS_ACCESS_KEY_ID",),
    "aws_secret_access_key": ("AWS_SECRET_ACCESS_KEY",),
    "aws_session_token": ("AWS_SESSION_TOKEN",),
    "aws_web_identity_token": ("AWS_WEB_IDENTITY_TOKEN",),
}
_VERTEX: Names = {
    "vertex_project": ("VERTEXAI_PROJECT",),
    "vertex_location": ("VERTEXAI_LOCATION",),
    "vertex_credentials": ("VERTEXAI_CREDENTIALS", "GOOGLE_APPLICATION_CREDENTIALS"),
}
_OPENAI: Names = {KEY: ("OPENAI_API_KEY",)}
_COHERE: Names = {KEY: ("COHERE_API_KEY", "CO_API_KEY")}
_OLLAMA: Names = {KEY: ("OLLAMA_API_KEY",)}
_WATSONX: Names = {
    KEY: ("WATSONX_APIKEY", "WATSONX_API_KEY", "WX_API_KEY"),
    "token": ("WATSONX_TOKEN",),
}
NAMED: Mapping[str, Names] = MappingProxyType(
    {
        "custom_openai": _OPENAI,
        "text-completion-openai": _OPENAI,
        "text-completion-inception": {KEY: ("INCEPTION_API_KEY",)},
        "anthropic_text": {KEY: ("ANTHROPIC_API_KEY",)},
        "databricks_agent": {KEY: ("DATABRICKS_API_KEY",)},
        "azure": _AZURE,
        "azure_text": _AZURE,
        "azure_ai": {
            **_ENTRA,
            KEY: ("AZURE_AI_API_KEY", "AZURE_OPENAI_API_KEY", "AZURE_API_KEY"),
        },
        "bedrock": {**_AWS, KEY: ("AWS_BEARER_TOKEN_BEDROCK",)},
        "bedrock_mantle": {**_AWS, KEY: ("BEDROCK_MANTLE_API_KEY", "AWS_BEARER_TOKEN_BEDROCK")},
        "sagemaker": _AWS,
        "sagemaker_chat": _AWS,
        "sagemaker_nova": _AWS,
        "vertex_ai": _VERTEX,
        "vertex_ai_beta": _VERTEX,
        "gemini": {KEY: ("GOOGLE_API_KEY", "GEMINI_API_KEY", "PALM_API_KEY")},
        "cohere": _COHERE,
        "cohere_chat": _COHERE,
        "cometapi": {KEY: ("COMETAPI_KEY",)},
        "gigachat": {
            KEY: ("GIGACHAT_API_KEY", "GIGACHAT_CREDENTIALS"),
            "gigachat_access_token": ("GIGACHAT_ACCESS_TOKEN",),
        },
        "huggingface": {KEY: ("HF_TOKEN", "HUGGINGFACE_API_KEY")},
        "ollama": _OLLAMA,
        "ollama_chat": _OLLAMA,
        "openrouter": {KEY: ("OPENROUTER_API_KEY", "OR_API_KEY")},
        "replicate": {KEY: ("REPLICATE_API_KEY", "REPLICATE_API_TOKEN")},
        "text-completion-codestral": {KEY: ("CODESTRAL_API_KEY",)},
        "watsonx": _WATSONX,
        "watsonx_text": _WATSONX,
    }
)
"""Providers whose variables follow no rule, or who need more than a key."""


def credentials(name: str, environ: Mapping[str, str]) -> dict[str, str]:
    """Keys, and accounts that go with them, for each call of the model of this name.

    Raises:
        litellm.exceptions.BadRequestError: it knows no provider for the name.
    """
    _, provider, found, _ = litellm.get_llm_provider(name)
    if provider in NAMED:
        chosen = {key: _first(environ, names) for key, names in NAMED[provider].items()}
        # Azure's SDK refuses a key beside a token.
        has_key = bool(chosen.get(KEY))
        return {k: v for k, v in chosen.items() if v and not (has_key and k in _ENTRA)}
    # What it found elsewhere, in a file of its own or by logging in, it has to renew itself.
    named = found if found in environ.values() else None
    if key := named or _first(environ, (f"{provider.upper().replace('-', '_')}_API_KEY",)):
        return {KEY: key}
    return {} if found or not _speaks_like_openai(provider) else {KEY: NO_KEY}


def _first(environ: Mapping[str, str], names: tuple[str, ...]) -> str | None:
    found = (environ.get(name, "").strip() for name in names)
    return next((value for value in found if value), None)


def _speaks_like_openai(provider: str) -> bool:
    known = provider in openai_compatible_providers
    return known or bool(JSONProviderRegistry.exists(provider))
