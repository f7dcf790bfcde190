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
class Environment:
    """The container a task is solved and verified in."""

    folder: Path
    """The task's `environment/` folder: build context, or files to upload beside `image`."""
    dockerfile: Path | None
    image: str | None
    """A ready image; wins over the Dockerfile."""
    build_timeout_s: float = 600.0
    resources: Resources = field(default_factory=Resources)
    env: Mapping[str, str] = field(default_factory=dict)
    workdir: str | None = None
    """Working directory of every command; None is the image's own."""
    network: Literal["public", "none"] = "public"
    healthcheck: Healthcheck | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One Harbor task folder, read and checked."""

    name: str
    """`[task].name`, else the folder's path below the tasks folder; unique in a project."""
    folder: Path
    digest: str
    """`sha256:` content digest by Harbor's package rule (harbor.md, 1.13 and 8)."""
    instruction: str
    """The text the agent is given, canary lines removed."""
    family: str
    """`[metadata].family`, else `category`, else the parent folder's name."""
    difficulty: str
    environment: Environment
    agent_timeout_s: float | None
    """None: no limit of the task's own."""
    agent_user: str | None = None
    verifier_timeout_s: float = 600.0
    verifier_user: str | None = None
    verifier_env: Mapping[str, str] = field(default_factory=dict)
    solution_env: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    """What a person should know: unknown keys, fields that have no effect here."""

    @property
    def tests_folder(self) -> Path:
        """Folder that is copied to /tests for the verifier."""
        return self.folder / "tests"

    @property
    def solution_folder(self) -> Path | None:
        """Folder that is copied to /solution for the oracle, if the task has one."""
        folder = self.folder / "solution"
        return folder if (folder / "solve.sh").is_file() else None


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
