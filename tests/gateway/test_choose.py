"""Which model a setting stands for."""

import subprocess
import sys

import pytest

from autoloop.errors import SettingsError
from autoloop.gateway import choose_model


def test_auto_without_a_key_is_offline() -> None:
    assert choose_model("auto", {"PATH": "/bin", "OPENAI_API_KEY": " "}) == "offline"


@pytest.mark.parametrize(
    ("key", "provider"),
    [
        ("ANTHROPIC_API_KEY", "anthropic/"),
        ("OPENAI_API_KEY", "openai/"),
        ("GEMINI_API_KEY", "gemini/"),
        ("OPENROUTER_API_KEY", "openrouter/"),
    ],
)
def test_auto_takes_the_provider_whose_key_is_set(key: str, provider: str) -> None:
    assert choose_model("auto", {key: "k"}).startswith(provider)


def test_the_first_of_several_keys_decides() -> None:
    chosen = choose_model("auto", {"OPENAI_API_KEY": "k", "ANTHROPIC_API_KEY": "k"})

    assert chosen.startswith("anthropic/")


def test_a_name_is_taken_as_it_stands() -> None:
    assert choose_model("  mistral/large ", {}) == "mistral/large"
    assert choose_model("offline", {"OPENAI_API_KEY": "k"}) == "offline"


@pytest.mark.parametrize("setting", ["", "   ", "gpt 5"])
def test_what_cannot_be_a_name_is_refused(setting: str) -> None:
    with pytest.raises(SettingsError, match="write auto, offline, or provider/model"):
        choose_model(setting, {})


def test_the_gateway_loads_no_provider_library() -> None:
    code = "import sys, autoloop.gateway; print([n for n in sys.modules if n in {0!r}])"
    heavy = ("litellm", "openai", "anthropic")

    done = subprocess.run(
        [sys.executable, "-c", code.format(heavy)], capture_output=True, text=True, check=True
    )

    assert done.stdout == "[]\n"
