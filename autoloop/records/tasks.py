"""A task in Harbor's format, as the rest of autoloop sees it, and the splits tasks fall into."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Literal


class Split(StrEnum):
    """What a task is used for in a run."""

    TRAIN = "train"
    """The meta-agent may read these traces."""
    VALIDATION = "validation"
    """Confirms an edit; only the verdict leaves."""
    HOLDOUT = "holdout"
    """Sealed until the end of the run."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Resources:
    """Hard limits of a container; None leaves the engine's default."""

    cpus: float | None = None
    memory_mb: int | None = None
    storage_mb: int | None = None
    pids: int = 1024
    gpus: int = 0
    """Devices reserved through the engine's NVIDIA runtime."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Network:
    """What a container may reach outside itself and its sidecars."""

    mode: Literal["public", "none", "allowlist"] = "public"
    hosts: tuple[str, ...] = ()
    """For `allowlist`: host names, `*.host`, addresses and CIDR ranges, in lower case."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Healthcheck:
    """A command that must succeed before the agent starts."""

    command: str
    interval_s: float = 5.0
    timeout_s: float = 30.0
    start_period_s: float = 0.0
    start_interval_s: float = 5.0
    retries: int = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class McpServer:
    """An MCP server that the task offers to the agent, as seen from the task container."""

    name: str
    transport: Literal["sse", "streamable-http", "stdio"] = "sse"
    url: str | None = None
    command: str | None = None
    args: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Environment:
    """The container, or the group of containers, that a task is solved or verified in."""

    folder: Path
    """The build context, or the files to upload beside `image`."""
    dockerfile: Path | None
    image: str | None
    """A ready image; wins over the Dockerfile."""
    compose: Path | None = None
    """A docker-compose.yaml whose service `main` is the task container."""
    uploads: bool = True
    """Whether the files beside a ready image are uploaded; not where the image has its tests."""
    build_timeout_s: float = 600.0
    """Seconds for building and starting together."""
    resources: Resources = field(default_factory=Resources)
    env: Mapping[str, str] = field(default_factory=dict)
    workdir: str | None = None
    """Working directory of every command; None is the image's own."""
    network: Network = field(default_factory=Network)
    healthcheck: Healthcheck | None = None
    mcp_servers: tuple[McpServer, ...] = ()
    skills_dir: str | None = None
    """Folder of the container with skills for the agent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Artifact:
    """What is taken out of a container when the agent has ended."""

    source: str
    """Path in the container."""
    destination: str | None = None
    """Path below the trial's `artifacts/`; None mirrors the source."""
    exclude: tuple[str, ...] = ()
    """Patterns, as tar's --exclude takes them; for folders only."""
    service: str = "main"
    """Compose service it is taken from."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Collect:
    """A command that runs when the agent has ended, before artifacts are taken; best effort."""

    command: str
    service: str = "main"
    timeout_s: float = 60.0
    user: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Verifier:
    """What judges a step."""

    tests: tuple[Path, ...]
    """Folders copied to /tests in this order, later files win; none when its own image has them."""
    timeout_s: float = 600.0
    user: str | None = None
    env: Mapping[str, str] = field(default_factory=dict)
    network: Network | None = None
    """None: as the environment."""
    environment: Environment | None = None
    """A fresh environment of its own; None: it runs where the agent worked."""
    collect: tuple[Collect, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskStep:
    """One instruction with its verification; most tasks have exactly one, without a name."""

    name: str = ""
    """Folder name below `steps/`; empty for the one step of an ordinary task."""
    instruction: str
    """The text the agent is given, canary lines removed."""
    verifier: Verifier
    agent_timeout_s: float | None = None
    """None: no limit of the task's own."""
    agent_user: str | None = None
    agent_network: Network | None = None
    """None: as the environment."""
    workdir: Path | None = None
    """Files put into the working directory before the step, and its `setup.sh` run there."""
    healthcheck: Healthcheck | None = None
    solution: Path | None = None
    """Folder with solve.sh, copied to /solution for the oracle."""
    artifacts: tuple[Artifact, ...] = ()
    min_reward: Mapping[str, float] = field(default_factory=dict)
    """Reward keys that must reach these values, or the steps after this one are not run."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One Harbor task folder, read and checked."""

    name: str
    """`[task].name`, else the folder's path below the tasks folder; unique in a project."""
    folder: Path
    digest: str
    """`sha256:` content digest by Harbor's package rule (harbor.md, 1.13 and 8)."""
    checksum: str = ""
    """Harbor's older `task_checksum`: SHA-256 over the whole folder, as PyPI's dirhash does."""
    family: str
    """`[metadata].family`, else `category`, else the parent folder's name."""
    difficulty: str
    environment: Environment
    steps: tuple[TaskStep, ...]
    """At least one, in order."""
    reward_strategy: Literal["mean", "final"] = "mean"
    """How the rewards of several steps become the trial's."""
    solution_env: Mapping[str, str] = field(default_factory=dict)
    trajectory: Path | None = None
    """An ATIF file with what went before, for agents that can take it up."""
    keeps_services: bool = False
    """The tests need what the agent left running, such as a server that it was to start."""
    verification: Literal["fresh", "shared"] | None = None
    """Where its tests are to run; None: as the settings say."""
    reward_range: tuple[float, float] = (0.0, 1.0)
    """What the reward that counts may be; beyond it somebody has tricked the tests."""
    changes_system: bool = False
    """Its agent is to replace programs or libraries, so that this is no sign of tampering."""
    notes: tuple[str, ...] = ()
    """What a person should know: unknown keys, fields that have no effect here."""

    @property
    def instruction(self) -> str:
        """All that the agent is told, in order."""
        return "\n\n".join(step.instruction for step in self.steps)

    @property
    def is_multi_step(self) -> bool:
        """Whether it was written as a task of named steps, be it only one."""
        return bool(self.steps[0].name)


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskProblem:
    """A task folder that cannot be used, with the reason in a sentence."""

    folder: Path
    file: str
    key: str | None
    reason: str

    def __str__(self) -> str:
        where = f"{self.folder / self.file}" + (f", key {self.key!r}" if self.key else "")
        return f"{where}: {self.reason}"


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskSet:
    """Everything found below a tasks folder: usable tasks by name, and what is wrong elsewhere."""

    tasks: tuple[Task, ...]
    problems: tuple[TaskProblem, ...] = ()
