"""What the loop and the trial need from the outside, as small protocols with written contracts.

Unless a contract says otherwise every method may raise `InfraError` when the machine fails, and may
be called from any thread.
"""

from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Protocol

from autoloop.records import (
    AgentEnd,
    Ask,
    ChatReply,
    ChatRequest,
    CommandResult,
    Environment,
    Event,
    Evidence,
    Finding,
    Interval,
    Proposal,
    Quota,
    Resources,
    Run,
    Step,
    TraceEvent,
    TrialKey,
    TrialRequest,
    TrialResult,
    Usage,
    Verdict,
)


class Clock(Protocol):
    """Time as an argument."""

    def now(self) -> datetime:
        """Current time in UTC, timezone-aware."""

    def monotonic(self) -> float:
        """Seconds that only ever grow."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bind:
    """A host folder that a container sees read-only."""

    source: Path
    target: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ContainerSpec:
    """A container to start. Every container gets init, labels, no new capabilities, limits."""

    image: str
    labels: Mapping[str, str]
    """Added to the labels every container of ours carries; `run` and `trial` at least."""
    command: tuple[str, ...] = ("sleep", "infinity")
    """Replaces the image's CMD; its ENTRYPOINT stays."""
    env: Mapping[str, str] = field(default_factory=dict)
    user: str | None = None
    workdir: str | None = None
    network: str = "public"
    """`public`: the engine's default bridge; `none`: loopback only."""
    resources: Resources = field(default_factory=Resources)
    binds: tuple[Bind, ...] = ()
    hardened: bool = False
    """No capabilities at all, no-new-privileges, read-only root with a tmpfs at /tmp."""
    folders: tuple[str, ...] = ()
    """Folders made world-writable in the container before it starts, such as /logs/agent."""


class Container(Protocol):
    """A running container. All text in and out is bytes decoded with `errors="replace"`."""

    @property
    def id(self) -> str:
        """The engine's id."""

    def run(
        self,
        command: str,
        *,
        timeout_s: float | None = None,
        user: str | None = None,
        env: Mapping[str, str] | None = None,
        workdir: str | None = None,
        output_limit: int = 64_000,
    ) -> CommandResult:
        """Run `bash -c command` and wait.

        At `timeout_s` the command and everything it started are killed and the result says
        `timed_out` (exit code 124). Output beyond `output_limit` bytes per stream is dropped from
        the middle, head and tail are kept, with a note of how much was cut; no amount of output
        grows our memory.
        """

    def put(self, source: Path, target: str) -> None:
        """Copy the contents of the folder `source` into `target`, merged, owned by root."""

    def write(self, path: str, data: bytes, *, mode: int = 0o644) -> None:
        """Write one file as root, making its parent folders."""

    def read(self, path: str, *, max_bytes: int) -> bytes:
        """Read one regular file.

        Raises:
            FileNotFoundError: nothing is there.
            ValueError: it is no regular file, or larger than `max_bytes`.
        """

    def fetch(self, source: str, target: Path, *, max_bytes: int, max_files: int = 2_000) -> bool:
        """Copy the regular files below the folder `source` out to `target`; False if not there.

        Links, devices, absolute and `..` names are left out; at the limits it stops and returns.
        """

    def mark(self) -> None:
        """Remember which processes run now, before the agent begins."""

    def seal(self, clear: Sequence[str]) -> None:
        """End every process that was not there at `mark`, then empty the folders in `clear`.

        Emptied folders are owned by root and world-writable, as plain folders (no link, no mount).
        """

    def wait(self, timeout_s: float | None = None) -> int | None:
        """Wait until the main process ends; its exit code, or None at the timeout."""

    def logs(self, *, max_bytes: int = 64_000) -> str:
        """Tail of what the main process printed."""

    def kill(self) -> None:
        """End it at once with everything in it. Harmless to repeat."""


class Sandbox(Protocol):
    """The container engine."""

    def image(self, environment: Environment) -> str:
        """Build the task's image, or make sure a ready one is here; returns its id.

        Built once per content of the build context; concurrent calls for one content build once.

        Raises:
            ImageError: with the end of the build log.
        """

    def agent_image(self) -> str:
        """The image that agent.py runs in, built from the project's sandboxes/agent/."""

    def start(self, spec: ContainerSpec) -> AbstractContextManager[Container]:
        """Start a container; leaving the context removes it with its anonymous volumes."""

    def sweep(self, *, run: str | None = None) -> int:
        """Remove containers of ours (of that run) that a dead process left; returns how many."""


class TaskEnv(Protocol):
    """What `env` of agent.py reaches: the task container, as the agent's user."""

    def run(self, command: str, *, timeout_s: float | None) -> CommandResult:
        """Run a command; a timeout is part of the result, never an exception."""

    def read(self, path: str) -> bytes:
        """Read a file; raises `FileNotFoundError` or `ValueError` as `Container.read`."""

    def write(self, path: str, data: bytes) -> None:
        """Write a file as the agent's user."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """What one trial may do at the gateway."""

    trial: str
    instruction: str
    agent_source: str
    seed: int
    quota: Quota


class Session(Protocol):
    """One trial's door to the world, alive while its context is open."""

    @property
    def folder(self) -> Path:
        """Host folder holding the one socket; to be bound at /run/autoloop, world-traversable."""

    @property
    def usage(self) -> Usage:
        """What the model calls so far consumed."""

    @property
    def events(self) -> tuple[TraceEvent, ...]:
        """Everything that went over the socket so far, in order."""

    @property
    def trouble(self) -> Exception | None:
        """A provider's failure (`ModelError`, `ProviderError`) that the agent met, or None.

        No fault of the agent's: it makes the trial invalid when the agent did not get over it.
        """

    def wait(self, timeout_s: float | None) -> AgentEnd | None:
        """Wait until the agent reported its end or `stop` was called; None at the timeout."""

    def stop(self, end: AgentEnd) -> None:
        """Tell the session that the agent is gone; a report that came first stands."""


class Gateway(Protocol):
    """The one door to language models."""

    @property
    def task_model(self) -> str:
        """Name of the model that every trial gets, whatever it asks for."""

    def open(self, grant: Grant, env: TaskEnv) -> AbstractContextManager[Session]:
        """Open a trial's socket; leaving the context ends its calls and removes the socket."""


class ChatModel(Protocol):
    """A model that can be asked, as the meta-agent sees it."""

    @property
    def name(self) -> str:
        """The model's name, by litellm's naming, or `offline`."""

    def complete(self, request: ChatRequest) -> ChatReply:
        """Ask and wait.

        Raises:
            ModelError: the provider refuses for good (key, name, account).
            ProviderError: it failed in a way that retries did not mend.
        """


class TrialRunner(Protocol):
    """Runs trials; what an engine calls on a worker."""

    def run(self, request: TrialRequest) -> TrialResult:
        """Run one trial to its end. Never raises for what an agent or a task does.

        Raises:
            ModelError: the provider refuses for good; no trial can succeed.
        """


class Engine(Protocol):
    """A pool of workers that run trials."""

    @property
    def workers(self) -> int:
        """How many trials run at once."""

    def submit(self, request: TrialRequest) -> "Future[TrialResult]":
        """Start a trial as soon as a worker is free."""

    def close(self, *, now: bool = False) -> None:
        """Wait for what is running; with `now`, kill it."""


class Workspace(Protocol):
    """The project's git repository, as far as a run touches it. One thread only."""

    def begin(self, run: str, baseline: str) -> str:
        """Make the run's branch with `baseline` (text of agent.py) as its tip, once.

        Returns the baseline commit. Repeating it for the same run returns the same commit.
        """

    def source(self, commit: str) -> str:
        """Text of agent.py at a commit."""

    def propose(self, *, run: str, step: int, parent: str, source: str, message: str) -> str:
        """Commit an edit on top of `parent` under refs/autoloop/<run>/<step>; returns the commit.

        Repeating it with the same arguments gives the same ref, pointing at an equal commit.
        """

    def keep(self, *, run: str, commit: str, message: str) -> str:
        """Put the edit on the run's branch, with `message` as its final text; returns the tip.

        Harmless to repeat: if the tip already carries this edit, the tip is returned.
        """

    def record_revert(self, *, run: str, step: int, commit: str, message: str) -> None:
        """Leave the edit readable under its ref, with `message` as its final text."""

    def tip(self, run: str) -> str:
        """Commit at the tip of the run's branch: the incumbent."""

    def diff(self, old: str, new: str) -> str:
        """Unified diff of agent.py between two commits; empty when equal."""

    def close(self) -> None:
        """Leave nothing behind but the branch and the refs."""


class RunStore(Protocol):
    """The state of one run, on disk before anything acts on it.

    Every `save` is durable when it returns. Exclusive: opening a run that another live process
    holds raises `RunError`.
    """

    def run(self) -> Run | None:
        """The run's record, or None before the first save."""

    def save_run(self, run: Run) -> None:
        """Store the run's record, replacing the earlier one."""

    def steps(self) -> tuple[Step, ...]:
        """All steps by index."""

    def save_step(self, step: Step) -> None:
        """Store a step, replacing its earlier stage."""

    def trials(self) -> tuple[TrialResult, ...]:
        """All recorded trials, invalid ones included, in the order they were saved."""

    def find_trial(self, key: TrialKey) -> TrialResult | None:
        """The counted trial with this key, if it was run; never an invalid one."""

    def save_trial(self, result: TrialResult) -> None:
        """Store a finished trial. Saving the same counted key twice keeps the first."""

    def notebook(self) -> str:
        """The meta-agent's notebook."""

    def save_notebook(self, text: str) -> None:
        """Replace the notebook."""

    def stop_requested(self) -> bool:
        """Whether another process asked this run to stop; cleared when the run is opened."""

    def close(self) -> None:
        """Release the run."""


class KeepRule(Protocol):
    """Decides about an edit. Holds configuration only: the answer is a pure function of evidence.

    It asks for trials in batches about the size of the free workers, is asked again as results
    arrive (in any order), and ends with a verdict; it may end while trials are still running.
    When `evidence.exhausted` it must answer with a verdict.
    """

    @property
    def name(self) -> str:
        """Name in settings and reports."""

    def decide(self, evidence: Evidence) -> Verdict | Ask:
        """Ask for more trials, wait (`Ask` without wants), or decide."""


class Estimator(Protocol):
    """Scores with intervals, for tables."""

    def score(self, rewards: Mapping[str, Sequence[float]]) -> Interval:
        """Mean reward over tasks (rewards by task name), with its interval."""

    def gain(
        self, baseline: Mapping[str, Sequence[float]], best: Mapping[str, Sequence[float]]
    ) -> Interval:
        """Mean difference best minus baseline, paired by task, with its interval."""


class Guard(Protocol):
    """Looks at an edit before anything is spent on it. Pure."""

    def check(self, *, before: str, after: str) -> tuple[Finding, ...]:
        """What is wrong or odd with the edit; a finding of severity `block` refuses it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskStanding:
    """One train task on the scoreboard."""

    task: str
    family: str
    passes: int
    attempts: int
    mean_reward: float


@dataclass(frozen=True, slots=True, kw_only=True)
class TraceSummary:
    """One train trial that the meta-agent may open."""

    trial: str
    task: str
    step: int
    agent: str
    """`incumbent`, or `step N` for an edit that was reverted."""
    reward: float
    outcome: str
    failure: str
    """Empty when nothing went wrong with the run of the agent itself."""
    model_calls: int
    seconds: float


class StepDesk(Protocol):
    """What the loop lays on the meta-agent's desk for one step: train split only."""

    @property
    def step(self) -> int:
        """Index of the step."""

    @property
    def directive(self) -> str:
        """program.md below its front matter."""

    @property
    def source(self) -> str:
        """The incumbent's agent.py."""

    @property
    def budget_left(self) -> str:
        """What is left of the run's budget, in words."""

    def scoreboard(self) -> tuple[TaskStanding, ...]:
        """How the incumbent stands on each train task."""

    def history(self) -> tuple[Step, ...]:
        """Finished steps, oldest first."""

    def diff(self, step: int) -> str:
        """Unified diff of an earlier step; raises KeyError for an unknown one."""

    def traces(self) -> tuple[TraceSummary, ...]:
        """Train trials of the incumbent and of earlier edits, newest first."""

    def trace(self, trial: str) -> str:
        """The trial's transcript as text, complete; raises KeyError unless `traces` lists it."""

    def check(self, source: str) -> tuple[Finding, ...]:
        """What the guards say about an edit."""

    def spot_check(self, source: str, tasks: Sequence[str]) -> tuple[TrialResult, ...]:
        """Run an edit once on a few train tasks, charged to the budget; KeyError if not train."""

    def notebook(self) -> str:
        """Notes of earlier steps."""

    def write_notebook(self, text: str) -> None:
        """Replace the notes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProposalOutcome:
    """What a conversation of the meta-agent led to."""

    proposal: Proposal | None
    reason: str = ""
    """Why there is no proposal."""
    usage: Usage = field(default_factory=Usage)


class Proposer(Protocol):
    """The meta-agent."""

    def propose(self, desk: StepDesk) -> ProposalOutcome:
        """Think about one step and submit an edit that no guard blocks, or say why not.

        Raises:
            ModelError: the provider refuses for good.
        """


class Observer(Protocol):
    """Watches a run. Called from the loop's thread; must return quickly and never raise."""

    def notify(self, event: Event) -> None:
        """Take note of an event."""
