"""Who is at fault when a trial goes wrong, without an engine."""

import errno
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from autoloop.errors import (
    AgentError,
    EngineError,
    InfraError,
    ModelError,
    ProviderError,
    StorageError,
    TaskError,
)
from autoloop.gateway import SocketGateway
from autoloop.ports import Container, ContainerSpec
from autoloop.records import (
    Agent,
    AgentEnd,
    CommandResult,
    Environment,
    Outcome,
    TraceEvent,
    TrialRequest,
    Usage,
)
from autoloop.testing.clocks import ManualClock
from autoloop.testing.models import ScriptedModel
from autoloop.trial import SandboxRunner
from autoloop.trial.phases import AgentPhase, TaskBox
from autoloop.trial.runner import MESSAGE_LENGTH
from tests.trial.builders import FOLDER, GOOD, PaperContainer, make_request, make_task

REWARD = "/logs/verifier/reward.txt"
CRASH = AgentEnd(finished=False, error="Traceback: oh")


class PaperSandbox:
    """A `Sandbox` that starts one container on paper, or fails as it is told."""

    def __init__(self, container: PaperContainer, *, failure: Exception | None = None) -> None:
        self.container = container
        self._failure = failure

    def image(self, environment: Environment) -> str:
        if self._failure:
            raise self._failure
        return environment.image or "built"

    def agent_image(self) -> str:
        return "agent"

    @contextmanager
    def start(self, spec: ContainerSpec) -> Iterator[Container]:
        assert spec.image
        yield self.container

    def sweep(self, *, run: str | None = None) -> int:
        return 0 if run else 1


@dataclass
class PaperSession:
    """A `Session` of which everything is known."""

    folder: Path = Path("/nowhere")
    usage: Usage = field(default_factory=Usage)
    events: tuple[TraceEvent, ...] = ()
    trouble: Exception | None = None
    began: bool = True
    over_quota: str | None = None
    stopped: AgentEnd | None = None

    def wait(self, timeout_s: float | None) -> AgentEnd | None:
        return CRASH if timeout_s else None

    def stop(self, end: AgentEnd) -> None:
        self.stopped = end


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
        run = SandboxRunner(sandbox, gateway, run_folder=tmp_path / "run", clock=clock)
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

    with pytest.raises(ModelError):
        run.run(request)


def judge(end: AgentEnd | None, session: PaperSession) -> str | None:
    """The kind of failure that an end is held to be."""
    gateway = SocketGateway(ScriptedModel([]), clock=ManualClock())
    phase = AgentPhase(PaperSandbox(PaperContainer()), gateway, timeout_s=5.0)
    failure = phase._judge(end, session, "bash: python3: not found\n")
    return failure.kind if failure else None


def test_an_agent_that_returned_is_fine_whatever_it_met() -> None:
    met = PaperSession(trouble=ProviderError("down"), over_quota="No calls are left.")

    assert judge(AgentEnd(finished=True), met) is None


def test_an_agent_that_fails_by_itself_has_crashed() -> None:
    assert judge(CRASH, PaperSession()) == "AgentCrashed"


def test_an_agent_that_does_not_end_is_out_of_time() -> None:
    assert judge(None, PaperSession()) == "AgentTimeoutError"


def test_an_agent_that_fails_over_its_quota_has_not_crashed() -> None:
    assert judge(CRASH, PaperSession(over_quota="No calls are left.")) == "QuotaExceededError"


@pytest.mark.parametrize("end", [CRASH, None])
@pytest.mark.parametrize("trouble", [ProviderError("down"), EngineError("gone")])
def test_an_agent_that_did_not_get_over_the_machines_trouble_is_not_to_blame(
    end: AgentEnd | None, trouble: InfraError
) -> None:
    with pytest.raises(type(trouble)):
        judge(end, PaperSession(trouble=trouble))


@pytest.mark.parametrize("end", [AgentEnd(finished=True), CRASH, None])
def test_a_refusal_for_good_is_raised_however_the_agent_ended(end: AgentEnd | None) -> None:
    with pytest.raises(ModelError):
        judge(end, PaperSession(trouble=ModelError("The key is not valid.")))


@pytest.mark.parametrize("end", [CRASH, None])
def test_a_container_that_never_reached_agent_py_is_not_its_fault(end: AgentEnd | None) -> None:
    with pytest.raises(EngineError, match=r"sandboxes/agent/Dockerfile.*python3: not found"):
        judge(end, PaperSession(began=False))


def start_box(container: PaperContainer, folder: Path) -> TaskBox:
    (folder / "tests").mkdir(parents=True)
    with ExitStack() as stack:
        return TaskBox.start(PaperSandbox(container), make_task(folder), trial="t", stack=stack)


def test_a_tests_folder_that_the_agent_made_is_cleared(tmp_path: Path) -> None:
    container = PaperContainer()
    box = start_box(container, tmp_path)
    container.files["/tests/conftest.py"] = b"planted"

    box._end_agents_time()

    assert "/tests/conftest.py" not in container.files


def test_a_tests_folder_of_the_image_stays(tmp_path: Path) -> None:
    container = PaperContainer({"/tests": FOLDER, "/tests/data.txt": b"of the image"})

    start_box(container, tmp_path)._end_agents_time()

    assert container.files["/tests/data.txt"] == b"of the image"


def test_an_action_that_goes_on_when_time_is_over_gets_a_second_seal(tmp_path: Path) -> None:
    begun, killed = threading.Event(), threading.Event()

    class Sealed(PaperContainer):
        def seal(self, clear: object, **more: object) -> None:
            self.seals += 1
            assert clear or more
            killed.set()

    def answer(_command: str) -> CommandResult:
        begun.set()
        killed.wait(10)
        return GOOD

    container = Sealed(answer=answer)
    box = start_box(container, tmp_path)
    thread = threading.Thread(target=box.env.run, args=["sleep 9"], kwargs={"timeout_s": None})
    thread.start()
    begun.wait(10)
    box._end_agents_time()
    thread.join()

    assert container.seals == 2
