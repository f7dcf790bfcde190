"""Who is at fault when a trial goes wrong, without an engine."""

import errno
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from autoloop.errors import AgentError, EngineError, ModelError, StorageError, TaskError
from autoloop.gateway import SocketGateway
from autoloop.records import Agent, CommandResult, Outcome, TrialRequest
from autoloop.testing.clocks import ManualClock
from autoloop.testing.models import ScriptedModel
from autoloop.trial import SandboxRunner
from autoloop.trial.retry import RefusedTrialError
from autoloop.trial.runner import MESSAGE_LENGTH
from tests.trial.builders import (
    GOOD,
    NoEgress,
    PaperContainer,
    PaperSandbox,
    make_request,
    make_task,
)

REWARD = "/logs/verifier/reward.txt"


Run = Callable[..., tuple[SandboxRunner, TrialRequest]]


@pytest.fixture
def runner(tmp_path: Path) -> Run:
    def make(
        container: PaperContainer | None = None, *, failure: Exception | None = None
    ) -> tuple[SandboxRunner, TrialRequest]:
        folder = tmp_path / "sum"
        (folder / "tests").mkdir(parents=True)
        (folder / "tests" / "test.sh").write_text("#!/bin/bash\n")
        clock = ManualClock()
        gateway = SocketGateway(ScriptedModel([]), clock=clock)
        sandbox = PaperSandbox(container or PaperContainer(), failure=failure)
        run = SandboxRunner(sandbox, gateway, NoEgress(), run_folder=tmp_path / "run", clock=clock)
        request = make_request(agent=Agent(kind="nop"))
        return run, replace(request, task=make_task(folder))

    return make


def verifier(container: PaperContainer, data: object) -> Callable[[str], CommandResult]:
    """A verifier that leaves this as its reward."""

    def answer(command: str) -> CommandResult:
        if "test.sh)" in command:
            container.files[REWARD] = data
        return GOOD

    return answer


def test_the_verifiers_reward_is_the_trials_reward(runner: Run) -> None:
    container = PaperContainer({REWARD: b"1"})
    container.answer = verifier(container, b"0.5")
    run, request = runner(container)

    result = run.run(request)

    assert (result.outcome, result.reward) == (Outcome.SCORED, 0.5)
    assert set(result.phases) == {"environment_setup", "agent_execution", "verifier"}


def test_a_reward_that_was_there_before_the_verifier_is_gone(runner: Run) -> None:
    run, request = runner(PaperContainer({REWARD: b"1"}))

    result = run.run(request)

    assert result.outcome is Outcome.FAILED
    assert result.failure is not None
    assert result.failure.kind == "RewardFileNotFoundError"


@pytest.mark.parametrize(
    ("failure", "outcome"),
    [
        (EngineError("The engine is gone."), Outcome.INVALID),
        (TaskError("The folder is gone."), Outcome.INVALID),
        (AgentError("The agent left processes."), Outcome.FAILED),
        (RuntimeError("a bug of ours"), Outcome.INVALID),
        (FileNotFoundError("/tests"), Outcome.INVALID),
    ],
)
def test_whose_fault_it_is_decides_what_becomes_of_the_trial(
    runner: Run, failure: Exception, outcome: Outcome
) -> None:
    run, request = runner(failure=failure)

    result = run.run(request)

    assert result.outcome is outcome
    assert result.failure is not None
    assert result.failure.kind == type(failure).__name__
    assert str(failure) in result.failure.message


def test_a_bug_of_ours_leaves_its_traceback_in_the_trials_folder(
    runner: Run, tmp_path: Path
) -> None:
    run, request = runner(failure=RuntimeError("a bug of ours"))

    result = run.run(request)

    assert "RuntimeError: a bug of ours" in (
        tmp_path / "run" / result.folder / "trial.log"
    ).read_text(encoding="utf-8")


def test_a_message_fits_every_file_and_database(runner: Run) -> None:
    run, request = runner(failure=EngineError("\ud800" * 5_000))

    result = run.run(request)

    assert result.failure is not None
    assert result.failure.message == "?" * MESSAGE_LENGTH


def test_a_full_disk_ends_more_than_the_trial(runner: Run) -> None:
    run, request = runner(failure=OSError(errno.ENOSPC, "No space left on device"))

    with pytest.raises(StorageError, match=r"cannot be written.*No space left.*make room"):
        run.run(request)


def test_a_provider_that_refuses_for_good_ends_more_than_the_trial(runner: Run) -> None:
    run, request = runner(failure=ModelError("The key is not valid."))

    with pytest.raises(RefusedTrialError, match="not valid") as caught:
        run.run(request)

    assert caught.value.result.outcome is Outcome.INVALID
