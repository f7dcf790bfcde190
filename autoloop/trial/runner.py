"""One trial from start to end: both containers, the agent's time, the verifier, the record."""

import errno
import re
import secrets
import shutil
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from autoloop.errors import AgentError, InfraError, ModelError, StorageError, UserError
from autoloop.ports import Clock, Gateway, Sandbox
from autoloop.records import (
    Failure,
    Outcome,
    Span,
    TrialRequest,
    TrialResult,
)
from autoloop.trial.atif import AtifAgent, trajectory
from autoloop.trial.layout import AGENT_VERSION, JobFolders, agent_name
from autoloop.trial.phases import UNVERIFIED, AgentPhase, AgentRecord, TaskBox
from autoloop.trial.rewards import RewardProblem, counted_reward

MESSAGE_LENGTH = 2_000
NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EROFS})
SUFFIX = "abcdefghijklmnopqrstuvwxyz0123456789"


def random_suffix() -> str:
    """Seven characters that tell apart the trials of one task."""
    return "".join(secrets.choice(SUFFIX) for _ in range(7))


class SandboxRunner:
    """The `TrialRunner` that runs trials in containers. Thread-safe."""

    def __init__(
        self,
        sandbox: Sandbox,
        gateway: Gateway,
        *,
        run_folder: Path,
        clock: Clock,
        default_timeout_s: float = 3600.0,
        suffix: Callable[[], str] = random_suffix,
    ) -> None:
        """`default_timeout_s` bounds the agent where the task sets no limit."""
        self._sandbox = sandbox
        self._gateway = gateway
        self._run_folder = run_folder
        self._clock = clock
        self._default_timeout_s = default_timeout_s
        self._suffix = suffix
        self._jobs = JobFolders(run_folder / "jobs", model=gateway.task_model)

    def run(self, request: TrialRequest) -> TrialResult:
        """Run one trial to its end and write its folder."""
        try:
            return self._run(request)
        except OSError as error:
            raise StorageError(
                f"The trials' folder {str(self._run_folder / 'jobs')!r} cannot be written"
                f" ({error}): make room, or see to its permissions, then resume."
            ) from error

    def _run(self, request: TrialRequest) -> TrialResult:
        short = re.sub(r"[^A-Za-z0-9._-]+", "-", request.task.name.rpartition("/")[2])
        name = f"{short[:32]}__{self._suffix()}"
        folder = self._jobs.trial_folder(request, name)
        log = _Log(self._clock)
        ending = self._ending(request, folder, name, log)
        result = TrialResult(
            id=name,
            key=request.key,
            step=request.step,
            split=request.split,
            outcome=ending.outcome,
            reward=ending.reward,
            rewards=ending.rewards,
            failure=_fitting(ending.failure),
            usage=log.agent.usage,
            span=Span(started_at=log.started_at, finished_at=self._clock.now()),
            phases=log.phases,
            folder=str(folder.relative_to(self._run_folder)),
        )
        self._jobs.finish(request, result, folder)
        return result

    def _ending(self, request: TrialRequest, folder: Path, name: str, log: "_Log") -> "_Ending":
        try:
            return self._traced_attempt(request, folder, name, log)
        except ModelError:
            raise
        except (InfraError, UserError) as error:
            return _Ending.invalid(type(error).__name__, str(error))
        except AgentError as error:
            return _blame(error, log.agent.trouble)
        except Exception as error:
            # The one blind catch: a trial's fault stays its own, but for a disk that is full.
            if isinstance(error, OSError) and error.errno in NO_ROOM:
                raise
            (folder / "trial.log").write_text(traceback.format_exc(), encoding="utf-8")
            return _Ending.invalid(type(error).__name__, _own_fault(error))

    def _traced_attempt(
        self, request: TrialRequest, folder: Path, name: str, log: "_Log"
    ) -> "_Ending":
        try:
            return self._attempt(request, folder, name, log)
        finally:
            self._write_trace(request, name, folder, log)

    def _attempt(self, request: TrialRequest, folder: Path, name: str, log: "_Log") -> "_Ending":
        with ExitStack() as stack:
            with log.phase("environment_setup"):
                box = TaskBox.start(self._sandbox, request.task, trial=name, stack=stack)
            limit = request.task.agent_timeout_s or self._default_timeout_s
            phase = AgentPhase(self._sandbox, self._gateway, timeout_s=limit)
            with log.phase("agent_execution"):
                if request.agent.kind == "python":
                    failure = phase.python(request, box, trial=name, record=log.agent)
                else:
                    failure = phase.reference(request.agent.kind, box)
            if failure is not None and failure.kind in UNVERIFIED:
                box.container.kill()
                box.fetch_logs(folder)
                return _Ending(outcome=Outcome.FAILED, failure=failure)
            with log.phase("verifier"):
                return self._verify(box, folder, failure)

    @staticmethod
    def _verify(box: TaskBox, folder: Path, failure: Failure | None) -> "_Ending":
        try:
            rewards = box.verify(folder)
            reward = counted_reward(rewards)
        except RewardProblem as problem:
            return _Ending.failed(problem.kind, str(problem))
        return _Ending(outcome=Outcome.SCORED, reward=reward, rewards=rewards, failure=failure)

    def _write_trace(self, request: TrialRequest, name: str, folder: Path, log: "_Log") -> None:
        if request.agent.kind != "python":
            return
        agent = AtifAgent(
            name=agent_name(request), version=AGENT_VERSION, model_name=self._gateway.task_model
        )
        trace = trajectory(
            name,
            log.agent.events,
            agent=agent,
            instruction=request.task.instruction,
            at=log.started_at,
        )
        _write(folder / "agent" / "trajectory.json", trace.text())
        _write(folder / "agent" / "stdout.txt", log.agent.stdout)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ending:
    """How a trial ended, before it becomes a record."""

    outcome: Outcome
    reward: float = 0.0
    rewards: Mapping[str, float] = field(default_factory=dict)
    failure: Failure | None = None

    @classmethod
    def invalid(cls, kind: str, message: str) -> "_Ending":
        return cls(outcome=Outcome.INVALID, failure=Failure(kind=kind, message=message))

    @classmethod
    def failed(cls, kind: str, message: str) -> "_Ending":
        return cls(outcome=Outcome.FAILED, failure=Failure(kind=kind, message=message))


def _own_fault(error: Exception) -> str:
    return (
        f"autoloop itself failed with {error!r}; please report it with the traceback, which is in"
        f" trial.log of the trial's folder."
    )


def _blame(error: AgentError, trouble: Exception | None) -> _Ending:
    """The agent's fault, unless the machine had failed it before."""
    if trouble is None:
        return _Ending.failed(type(error).__name__, str(error))
    return _Ending.invalid(type(trouble).__name__, f"{trouble} After that: {error}")


def _write(path: Path, text: str) -> None:
    """Write a file of ours where the agent may have put a file or folder of that name."""
    if path.is_dir():
        shutil.rmtree(path)
    path.write_text(text, encoding="utf-8")


def _fitting(failure: Failure | None) -> Failure | None:
    """The failure with a message of bounded length that every file and database can hold."""
    if failure is None:
        return None
    text = failure.message[:MESSAGE_LENGTH].encode(errors="replace").decode()
    return Failure(kind=failure.kind, message=text)


class _Log:
    """What is known about a trial that is still running."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.started_at: datetime = clock.now()
        self.phases: dict[str, Span] = {}
        self.agent = AgentRecord()

    @contextmanager
    def phase(self, name: str) -> Iterator[None]:
        started_at = self.clock.now()
        try:
            yield
        finally:
            self.phases[name] = Span(started_at=started_at, finished_at=self.clock.now())
