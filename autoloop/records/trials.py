"""A trial: one attempt of one candidate at one task, before, during and after it runs."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Literal

from autoloop.records.chat import ChatReply, ChatRequest, Usage
from autoloop.records.integrity import Integrity, TrialFinding, integrity_of
from autoloop.records.system_paths import SYSTEM_PATHS
from autoloop.records.tasks import Split, Task


class Outcome(StrEnum):
    """How a trial ended."""

    SCORED = "scored"
    """The verifier gave a reward."""
    FAILED = "failed"
    """The agent's fault (crash, no usable reward): counts as 0."""
    INVALID = "invalid"
    """The machine's fault: never counted, run again."""


class Purpose(StrEnum):
    """Why a trial was run; trials of different purposes never stand in for each other."""

    SEARCH = "search"
    """Evidence for verdicts."""
    SPOT = "spot"
    """Asked for by the meta-agent; no evidence, since it chose what to look at."""
    FINAL = "final"
    """The paired holdout trials of the final table."""
    LOOK = "look"
    """Paired holdout trials of a look during the run; never those of the final table."""
    EVAL = "eval"
    """`autoloop eval`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Agent:
    """What solves the task: a candidate's agent.py, or one of Harbor's two reference agents."""

    kind: Literal["python", "oracle", "nop"] = "python"
    source: str = ""
    """Text of agent.py; empty for oracle and nop."""

    @property
    def digest(self) -> str:
        """Sixteen hexadecimal digits that name this agent by content."""
        return hashlib.sha256(f"{self.kind}\0{self.source}".encode()).hexdigest()[:16]


@dataclass(frozen=True, slots=True, kw_only=True)
class Quota:
    """The most a trial may take from the gateway; None is no limit."""

    calls: int | None = 100
    tokens: int | None = 1_000_000
    usd: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeouts:
    """How the time limits of tasks are changed: `min(own, maximum) * multiplier`, as in Harbor.

    A multiplier of its own replaces the common one; None leaves the common one, or no maximum.
    """

    multiplier: float = 1.0
    agent_multiplier: float | None = None
    verifier_multiplier: float | None = None
    build_multiplier: float | None = None
    max_agent_s: float | None = None
    max_verifier_s: float | None = None
    max_build_s: float | None = None

    def agent_s(self, own: float) -> float:
        """Seconds for the agent."""
        return self._effective(own, self.max_agent_s, self.agent_multiplier)

    def verifier_s(self, own: float) -> float:
        """Seconds for the verifier."""
        return self._effective(own, self.max_verifier_s, self.verifier_multiplier)

    def build_s(self, own: float) -> float:
        """Seconds for building and starting an environment."""
        return self._effective(own, self.max_build_s, self.build_multiplier)

    def _effective(self, own: float, most: float | None, factor: float | None) -> float:
        bounded = own if most is None else min(own, most)
        return bounded * (self.multiplier if factor is None else factor)


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialRules:
    """How every trial of a run is run and counted, whatever the task."""

    reward: str = "auto"
    """The number that counts: `auto` (`reward` if present, else the mean), `mean`, or a key."""
    default_timeout_s: float = 3600.0
    """Seconds for the agent where the task itself sets no limit."""
    timeouts: Timeouts = field(default_factory=Timeouts)
    services: Literal["end", "keep"] = "end"
    """What becomes of processes that an agent which ended in time left running."""
    verification: Literal["fresh", "shared"] = "fresh"
    """Where tests run: in a new container with what the agent left, or where it worked."""
    system_paths: tuple[str, ...] = SYSTEM_PATHS
    """What is not carried into a new container."""
    disk_mb: int = 10_240
    """What may be carried into one, where the task says nothing of its disk."""
    harbor_quirks: bool = False
    """Count as Harbor 0.24 does where autoloop is stricter; docs/harbor.md lists where."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """Which agent.py a trial of the search ran: an incumbent, with edits under test on or off."""

    base: int = 0
    """Step that made the incumbent; 0 is the baseline."""
    on: tuple[int, ...] = ()
    """Steps whose edits were on, ascending."""
    off: tuple[int, ...] = ()
    """Steps whose edits were off, and could have been on: `on` and `off` are what is compared."""


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class TrialKey:
    """What makes a trial the same trial after a crash: it is never paid for twice."""

    agent: str
    """Digest of the agent."""
    task: str
    task_digest: str
    purpose: Purpose
    attempt: int
    """0, 1, 2, … per agent, task and purpose."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchiveKey:
    """All that the outcome of a trial depends on but luck: equal keys, equal odds.

    Neither the run nor the name of the task is part of it: what counts is what they hold.
    """

    agent: str
    """Digest of the agent."""
    task_digest: str
    image: str
    """Names the images of the task's environments, and of the agent's, by content."""
    model: str
    conditions: str
    """Names everything else by content: quota, trial rules, engine, what runs the trial."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialRequest:
    """Everything a worker needs to run one trial."""

    task: Task
    agent: Agent
    purpose: Purpose
    attempt: int
    seed: int
    step: int = 0
    """Step of the run that asked for it; 0 is the baseline."""
    version: Version = field(default_factory=Version)
    """What of the search it shows; only for trials of the search."""
    split: Split | None = None
    quota: Quota = field(default_factory=Quota)

    @property
    def key(self) -> TrialKey:
        """Identity for the store."""
        return TrialKey(
            agent=self.agent.digest,
            task=self.task.name,
            task_digest=self.task.digest,
            purpose=self.purpose,
            attempt=self.attempt,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """Why a trial did not go well, in Harbor's exception names where one fits."""

    kind: str
    """For example `AgentTimeoutError`, `AgentCrashed`, `RewardFileNotFoundError`."""
    message: str
    """A sentence, at most 2,000 characters."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """When one phase of a trial began and ended (UTC)."""

    started_at: datetime
    finished_at: datetime

    @property
    def seconds(self) -> float:
        """Length in seconds."""
        return (self.finished_at - self.started_at).total_seconds()


@dataclass(frozen=True, slots=True, kw_only=True)
class StepResult:
    """What became of one step of a multi-step task."""

    name: str
    rewards: Mapping[str, float] = field(default_factory=dict)
    failure: Failure | None = None
    phases: Mapping[str, Span] = field(default_factory=dict)
    """`agent_execution`, `verifier`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialResult:
    """A finished trial."""

    id: str
    """Name of its folder under `jobs/`: `<task[:32]>__<7 characters>`."""
    key: TrialKey
    step: int
    version: Version = field(default_factory=Version)
    split: Split | None
    outcome: Outcome
    reward: float
    """The number that counts; 0.0 for failed, meaningless for invalid."""
    rewards: Mapping[str, float] = field(default_factory=dict)
    failure: Failure | None = None
    """Set for failed and invalid trials, and beside a reward when time or quota ran out."""
    usage: Usage = field(default_factory=Usage)
    span: Span
    phases: Mapping[str, Span] = field(default_factory=dict)
    """`environment_setup`, `agent_setup`, `agent_execution`, `verifier`, as Harbor names them."""
    folder: str = ""
    """Path of the trial's folder, relative to the run's folder."""
    steps: tuple[StepResult, ...] = ()
    """The steps that were begun; empty unless the task has named steps."""
    reused_from: str = ""
    """Run that ran and paid for it; empty: the run that holds it."""
    verification: Literal["fresh", "shared", "separate", ""] = ""
    """Where the tests ran: in a new container from the task's image, in the agent's, or in the
    verifier's own; empty where they did not run."""
    findings: tuple[TrialFinding, ...] = ()
    """What speaks against the score."""

    @property
    def paid(self) -> Usage:
        """What the run that holds it paid: nothing for a trial that another run had paid for."""
        return Usage() if self.reused_from else self.usage

    @property
    def integrity(self) -> Integrity:
        """Whether the score was earned, as far as anybody saw."""
        return integrity_of(self.findings)

    @property
    def passed(self) -> bool:
        """Whether the full reward of 1 was reached."""
        return self.outcome is Outcome.SCORED and self.reward >= 1.0 - 1e-9

    @property
    def counts(self) -> bool:
        """Whether this trial is evidence about the agent."""
        return self.outcome is not Outcome.INVALID


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandResult:
    """What a command in a container gave."""

    exit_code: int
    stdout: str
    stderr: str = ""
    truncated_bytes: int = 0
    """Bytes left out of stdout and stderr together; a note stands where they were."""
    timed_out: bool = False
    seconds: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelCall:
    """One model call of a trial, recorded by the gateway."""

    at: datetime
    seconds: float
    request: ChatRequest
    reply: ChatReply | None
    """None when the call was refused or failed."""
    refusal: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EnvCall:
    """One action of a trial in the task container, recorded by the host."""

    at: datetime
    seconds: float
    action: Literal["run", "read", "write"]
    argument: str
    """The command, or the path."""
    result: CommandResult


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentNote:
    """A remark that agent.py left with `env.note`; what an agent says of itself, no evidence."""

    at: datetime
    text: str


TraceEvent = ModelCall | EnvCall | AgentNote


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentEnd:
    """How agent.py's `solve` ended, as its runtime reported it or the host saw it."""

    finished: bool
    """`solve` returned."""
    error: str | None = None
    """Traceback or reason when it did not."""
