"""Records, and a container on paper, that name only what matters to a test."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import IO, Literal

from autoloop.errors import TaskError
from autoloop.ports import BoxSpec, ContainerSpec, FileChange, Withheld
from autoloop.records import (
    Agent,
    ChatRequest,
    CommandResult,
    EnvCall,
    Environment,
    Failure,
    Message,
    ModelCall,
    Outcome,
    Purpose,
    Span,
    Task,
    TaskStep,
    TrialRequest,
    TrialResult,
    TrialRules,
    Usage,
    Verifier,
)
from autoloop.testing.models import reply
from autoloop.trial.box import Box
from autoloop.trial.canaries import Canaries
from autoloop.trial.network import Line
from autoloop.trial.plan import TrialPlan

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
SPAN = Span(started_at=NOON, finished_at=NOON + timedelta(seconds=9.5))
GOOD = CommandResult(exit_code=0, stdout="")
FOLDER = object()
"""What lies at a path of a `PaperContainer` that is no regular file."""


@dataclass
class PaperContainer:
    """A `Container` whose files are a dict and whose commands are answered by a function."""

    files: dict[str, object] = field(default_factory=dict)
    answer: Callable[[str], CommandResult] = lambda _command: GOOD
    commands: list[str] = field(default_factory=list)
    users: list[str | None] = field(default_factory=list)
    timeouts: list[float | None] = field(default_factory=list)
    printed: str = ""
    networks: list[str] = field(default_factory=list)
    seals: int = 0

    @property
    def id(self) -> str:
        return "paper"

    def run(
        self,
        command: str,
        *,
        timeout_s: float | None = None,
        user: str | None = None,
        env: Mapping[str, str] | None = None,  # noqa: ARG002
        workdir: str | None = None,  # noqa: ARG002
        output_limit: int = 64_000,  # noqa: ARG002
    ) -> CommandResult:
        self.commands.append(command)
        self.users.append(user)
        self.timeouts.append(timeout_s)
        return self.answer(command)

    def read(self, path: str, *, max_bytes: int) -> bytes:
        if path not in self.files:
            raise FileNotFoundError(f"The container has no file {path!r}.")
        data = self.files[path]
        if isinstance(data, bytes) and len(data) <= max_bytes:
            return data
        raise ValueError(f"{path!r} is no regular file, or too large.")

    def write(self, path: str, data: bytes, *, mode: int = 0o644) -> None:  # noqa: ARG002
        self.files[path] = data

    def put(self, source: Path, target: str) -> None:
        for file in source.iterdir():
            self.files[f"{target}/{file.name}"] = file.read_bytes()

    def fetch(self, source: str, target: Path, *, max_bytes: int, max_files: int = 2_000) -> bool:  # noqa: ARG002
        target.mkdir(parents=True, exist_ok=True)
        return True

    def mark(self) -> None:
        return

    def seal(self, clear: Sequence[str], *, bring: Mapping[str, Path] | None = None) -> None:
        self.seals += 1
        self.files = {
            path: data
            for path, data in self.files.items()
            if not any(path == folder or path.startswith(folder + "/") for folder in clear)
        }
        for target, source in (bring or {}).items():
            self.put(source, target)

    def changes(
        self,
        *,
        most: int = 200_000,  # noqa: ARG002
        kinds_of: Callable[[str], bool] | None = None,  # noqa: ARG002
    ) -> tuple[FileChange, ...] | None:
        return None

    def pack(
        self,
        paths: Sequence[str],
        archive: IO[bytes],
        *,
        closed: Sequence[str],
        max_bytes: int,
        bring: Sequence[tuple[str, Path]] = (),
    ) -> tuple[Withheld, ...]:
        raise NotImplementedError

    def unpack(self, archive: IO[bytes]) -> None:
        raise NotImplementedError

    def service(self, name: str) -> "PaperContainer":
        if name == "main":
            return self
        raise TaskError(f"There is no service {name!r}.")

    def set_network(self, mode: Literal["public", "none"]) -> None:
        self.networks.append(mode)

    def wait(self, timeout_s: float | None = None) -> int | None:  # noqa: ARG002
        return 0

    def logs(self, *, max_bytes: int = 64_000) -> str:
        return self.printed[-max_bytes:]

    def overrun(self) -> str | None:
        return None

    def kill(self) -> None:
        return


class PaperSandbox:
    """A `Sandbox` that starts one container on paper, or fails as it is told."""

    def __init__(self, container: PaperContainer, *, failure: Exception | None = None) -> None:
        self.container = container
        self.specs: list[ContainerSpec] = []
        self.boxes: list[BoxSpec] = []
        self._failure = failure

    def prepare(self, environment: Environment, *, timeout_s: float) -> None:
        assert environment.image or timeout_s

    @contextmanager
    def box(self, spec: BoxSpec) -> Iterator[PaperContainer]:
        self.boxes.append(spec)
        if self._failure:
            raise self._failure
        yield self.container

    def fingerprint(self, environment: Environment) -> str:
        return environment.image or "built"

    def agent_image(self) -> str:
        return "agent"

    @contextmanager
    def start(self, spec: ContainerSpec) -> Iterator[PaperContainer]:
        self.specs.append(spec)
        if self._failure:
            raise self._failure
        yield self.container

    def sweep(self, *, run: str | None = None) -> int:
        return 0 if run else 1


class NoEgress:
    """An `Egress` that leads nowhere."""

    def __init__(self) -> None:
        self.opened: list[tuple[str, ...]] = []

    @contextmanager
    def open(self, hosts: Sequence[str]) -> Iterator[Path]:
        self.opened.append(tuple(hosts))
        try:
            yield Path("/nowhere")
        finally:
            self.opened.append(())


def make_box(plan: TrialPlan, container: PaperContainer) -> Box:
    """The task's environment as if it had been started."""
    line = Line(plan, container, at_first=plan.task.environment.network)
    return Box(container, plan.task.environment, line=line, stack=ExitStack())


def make_plan(
    folder: Path,
    container: PaperContainer,
    *,
    task: Task | None = None,
    rules: TrialRules | None = None,
) -> TrialPlan:
    request = make_request(task=task)
    return TrialPlan(
        name="sum__0000001",
        request=request,
        folder=folder,
        sandbox=PaperSandbox(container),
        egress=NoEgress(),
        rules=rules or TrialRules(),
        canaries=Canaries(request.task),
    )


def make_step(
    name: str = "",
    *,
    user: str | None = None,
    tests: Path = Path("/tasks/sum/tests"),
    verifier: Verifier | None = None,
    min_reward: Mapping[str, float] | None = None,
) -> TaskStep:
    return TaskStep(
        name=name,
        instruction="Add it up.",
        verifier=verifier or Verifier(tests=(tests,)),
        agent_timeout_s=5.0,
        agent_user=user,
        min_reward=min_reward or {},
    )


def make_task(
    folder: Path = Path("/tasks/sum"),
    *,
    steps: tuple[TaskStep, ...] = (),
    strategy: Literal["mean", "final"] = "mean",
) -> Task:
    return Task(
        name="csv/sum",
        folder=folder,
        digest="sha256:" + "0" * 64,
        family="csv",
        difficulty="easy",
        environment=Environment(folder=folder / "environment", dockerfile=None, image="image"),
        steps=steps or (make_step(tests=folder / "tests"),),
        reward_strategy=strategy,
    )


def make_request(
    *,
    agent: Agent | None = None,
    purpose: Purpose = Purpose.SEARCH,
    step: int = 1,
    task: Task | None = None,
) -> TrialRequest:
    return TrialRequest(
        task=task or make_task(),
        agent=agent or Agent(source="def solve(i, e, m): ..."),
        purpose=purpose,
        attempt=0,
        seed=1,
        step=step,
    )


def make_result(
    name: str = "sum__0000001",
    *,
    request: TrialRequest | None = None,
    outcome: Outcome = Outcome.SCORED,
    rewards: Mapping[str, float] | None = None,
    failure: Failure | None = None,
) -> TrialResult:
    return TrialResult(
        id=name,
        key=(request or make_request()).key,
        step=1,
        split=None,
        outcome=outcome,
        reward=(rewards or {}).get("reward", 0.0),
        rewards=rewards or {},
        failure=failure,
        usage=Usage(calls=2, prompt_tokens=90, completion_tokens=10, cost_usd=0.25),
        span=SPAN,
        phases={"agent_execution": SPAN, "verifier": SPAN},
        folder=f"jobs/step-001/{name}",
    )


def asked(*messages: Message, answer: str | None = "Fine.", refusal: str = "") -> ModelCall:
    """A model call with its answer, or with the reason why there was none."""
    return ModelCall(
        at=NOON,
        seconds=1.0,
        request=ChatRequest(messages=messages),
        reply=None if answer is None else reply(answer),
        refusal=refusal or None,
    )


def ran(command: str = "ls", *, stdout: str = "a.txt\n", stderr: str = "") -> EnvCall:
    """A command of the agent's."""
    result = CommandResult(exit_code=0, stdout=stdout, stderr=stderr, seconds=0.25)
    return EnvCall(at=NOON, seconds=0.25, action="run", argument=command, result=result)
