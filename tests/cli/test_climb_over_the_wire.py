"""Climbs whose models sit behind a real provider's wire format, on a real engine."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from autoloop import Optimizer
from autoloop.app.run import ClimbRun
from autoloop.app.tending import template
from autoloop.gateway.offline.junior import OfflineTaskModel
from autoloop.gateway.offline.meta_model import OfflineMetaModel
from autoloop.ports import ChatModel
from autoloop.records import Outcome, StopReason, Usage
from autoloop.testing.provider import FAULTS, LoopbackProvider, Tally, never, share
from tests.app.builders import make_project

pytestmark = [pytest.mark.docker, pytest.mark.slow, pytest.mark.usefixtures("engine")]

KEY = "sk-the-right-key-of-the-test-123"
QUICK = [replace(FAULTS[name], wait_s=0.0) for name in ("429-milliseconds", "500", "cut", "empty")]
"""Faults that cost no waiting."""


@pytest.fixture
def provider(monkeypatch: pytest.MonkeyPatch) -> Iterator[LoopbackProvider]:
    """The offline stand-ins behind the wire, of which one request in ten fails."""
    for name in ("OPENAI_API_KEY", "ANTHROPIC_API_KEY"):
        monkeypatch.setenv(name, KEY)
    models: dict[str, ChatModel] = {"junior": OfflineTaskModel(), "boss": OfflineMetaModel()}
    with LoopbackProvider(models=models, key=KEY, script=share(0.1, QUICK)) as provider:
        yield provider


def _project(folder: Path, provider: LoopbackProvider, *, task: str, meta: str) -> Optimizer:
    bases = f"{{openai: '{provider.openai_url}', anthropic: '{provider.origin}'}}"
    program = (
        f"---\nmodels: {{task: {task}, meta: {meta}, api_base: {bases}}}\n"
        "final: {attempts: 1}\nrule: passed\nworkers: 4\nseed: 3\n---\nWrite the right words.\n"
    )
    agent = template("agent.py").read_text(encoding="utf-8")
    return Optimizer(
        make_project(folder, tasks=6, program=program, agent=agent), observe=lambda _: None
    )


def _paid(run: ClimbRun) -> Usage:
    """What the run recorded, in the figures that a provider counts."""
    paid = [trial.paid for trial in run.trials] + [step.meta_usage for step in run.steps]
    whole = sum(paid, Usage())
    return Usage(
        prompt_tokens=whole.prompt_tokens,
        completion_tokens=whole.completion_tokens,
        cached_tokens=whole.cached_tokens,
        written_tokens=whole.written_tokens,
        lost=whole.lost,
    )


def _told(tally: Tally) -> Usage:
    known = tally.answered + tally.told
    return Usage(
        prompt_tokens=known.prompt,
        completion_tokens=known.output,
        cached_tokens=known.cached,
        written_tokens=known.written,
        lost=tally.unanswered,
    )


@pytest.mark.parametrize(
    ("task", "meta"),
    [
        ("openai/junior", "openai/responses/boss"),
        ("anthropic/junior", "openai/boss"),
    ],
    ids=["chat", "messages"],
)
def test_the_totals_of_a_climb_are_the_providers(
    tmp_path: Path, provider: LoopbackProvider, task: str, meta: str
) -> None:
    run = _project(tmp_path / "p", provider, task=task, meta=meta).climb(steps=1)

    assert run.record.stop_reason is StopReason.STEPS
    assert all(trial.outcome is Outcome.SCORED for trial in run.trials)
    assert provider.tally.requests > 30
    assert sum(provider.tally.faults.values()) > 2
    assert _paid(run) == _told(provider.tally)


def test_a_key_that_is_refused_stops_a_run_that_goes_on_with_the_right_one(
    tmp_path: Path, provider: LoopbackProvider
) -> None:
    provider.script = lambda number: FAULTS["key"] if number > 8 else None
    optimizer = _project(
        tmp_path / "p", provider, task="openai/responses/junior", meta="anthropic/boss"
    )

    run = optimizer.climb(steps=1)
    reason, stopped_at = run.record.stop_reason, list(run.trials)
    provider.script = never
    resumed = optimizer.resume()

    assert reason is StopReason.MODEL
    assert {trial.outcome for trial in stopped_at} <= {Outcome.SCORED, Outcome.INVALID}
    assert resumed.record.stop_reason is StopReason.STEPS
    assert _paid(resumed) == _told(provider.tally)
