"""`autoloop models check`, against a provider on loopback."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from autoloop.testing.provider import FAULTS, LoopbackProvider, always
from tests.cli.conftest import Command

KEYS = {"ANTHROPIC_API_KEY": "sk-ant-a-key-of-the-test", "OPENAI_API_KEY": "sk-a-key-of-the-test"}


@pytest.fixture
def provider() -> Iterator[LoopbackProvider]:
    with LoopbackProvider() as provider:
        yield provider


def _settings(project: Path, provider: LoopbackProvider, models: str) -> None:
    program = project / "program.md"
    bases = f"{{anthropic: '{provider.origin}', openai: '{provider.openai_url}'}}"
    program.write_text(f"---\nmodels: {{{models}, api_base: {bases}}}\n---\nBe good.\n")


def test_both_models_are_asked_and_their_features_and_prices_printed(
    provider: LoopbackProvider, project: Path, run: Command
) -> None:
    _settings(project, provider, "task: openai/gpt-5, meta: anthropic/claude-sonnet-5")

    done = run("models", "check", "--json", **KEYS)

    task, meta = done.json
    assert done.code == 0
    assert (task["role"], task["model"]) == ("task", "openai/gpt-5")
    assert (meta["role"], meta["model"]) == ("meta", "anthropic/claude-sonnet-5")
    for check in (task, meta):
        assert check["tools"] is check["caching"] is check["thinking"] is True
        assert check["seconds"] > 0
        assert check["price_source"].startswith("litellm ")
    assert (task["input_usd"], task["output_usd"]) == (1.25, 10.0)
    assert provider.tally.requests == 2


def test_the_same_model_is_asked_once(
    provider: LoopbackProvider, project: Path, run: Command
) -> None:
    _settings(project, provider, "task: openai/responses/gpt-5")

    done = run("models", "check", **KEYS)

    assert "task and meta" in done.out
    assert "OpenAI's SDK, responses" in done.out
    assert provider.tally.requests == 1


def test_the_meta_agents_effort_is_asked_for(
    provider: LoopbackProvider, project: Path, run: Command
) -> None:
    _settings(project, provider, "task: openai/gpt-5, meta_effort: high")

    run("models", "check", **KEYS)

    efforts = [request.body.get("reasoning_effort") for request in provider.requests]
    assert efforts == [None, "high"]


def test_what_nobody_knows_is_unknown_and_an_own_price_is_shown(
    provider: LoopbackProvider, project: Path, run: Command
) -> None:
    own = "prices: {openai/ours: {input: 2, output: 4}}"
    _settings(project, provider, f"task: openai/ours, meta: openai/theirs, {own}")

    done = run("models", "check", **KEYS)

    ours, theirs = done.out.splitlines()[1:]
    assert "in 2, out 4" in ours
    assert "program.md" in ours
    assert theirs.count("unknown") == 4


@pytest.mark.parametrize(
    ("fault", "code", "sentence"),
    [
        ("key", 1, "refuses the key"),
        ("model", 1, "does not offer the model"),
        ("credit", 1, "no credit left"),
        ("503", 3, "failed"),
    ],
)
def test_what_is_wrong_is_a_sentence_and_an_exit_code(
    project: Path, run: Command, fault: str, code: int, sentence: str
) -> None:
    with LoopbackProvider(script=always(FAULTS[fault])) as provider:
        _settings(project, provider, "task: openai/gpt-5")

        done = run("models", "check", **KEYS)

    assert (done.code, "Traceback" in done.err) == (code, False)
    assert sentence in done.err
    assert "sk-a-key" not in done.err


def test_no_network_is_the_networks_fault(project: Path, run: Command) -> None:
    program = project / "program.md"
    program.write_text(
        "---\nmodels: {task: openai/gpt-5, api_base: {openai: 'http://127.0.0.1:9/v1'}}\n---\n"
    )

    done = run("models", "check", **KEYS)

    assert done.code == 3
    assert "openai/gpt-5" in done.err


def test_the_stand_in_needs_no_call(run: Command) -> None:
    done = run("models", "check", "--json")

    assert done.code == 0
    assert [check["way"] for check in done.json] == ["built-in stand-in"] * 2


def test_a_price_that_cannot_be_is_a_sentence(project: Path, run: Command) -> None:
    (project / "program.md").write_text(
        "---\nmodels: {prices: {openai/ours: {input: free, output: 1}}}\n---\n"
    )

    done = run("models", "check")

    done.assert_refused()
    assert "key 'models.prices.openai/ours.input' is 'free': write US dollars" in done.err
