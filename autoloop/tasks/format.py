"""task.toml as Harbor 0.24 reads it: schema 1.4 and its legacy keys, one model per table."""

from collections.abc import Iterator
from typing import Annotated, Literal, TypeAlias

from pydantic import BaseModel, BeforeValidator, ConfigDict, model_validator

from autoloop.records import Network
from autoloop.tasks.fields import (
    Count,
    Destination,
    Env,
    Folder,
    Hosts,
    NetworkMode,
    OptionalText,
    PackageName,
    Seconds,
    Service,
    Size,
    Source,
    StepName,
    System,
    Text,
    Thresholds,
    Transport,
    User,
    Wait,
    as_artifact,
)
from autoloop.tasks.step_names import same_folder_key

MAIN = "main"
HOSTS_WITHOUT_LIST = '`allowed_hosts` goes with network_mode = "allowlist" only; write that too'


class Table(BaseModel):
    """Base of all tables; Harbor allows unknown keys, so they are kept to be named in a note."""

    model_config = ConfigDict(extra="allow", frozen=True)


class HealthcheckTable(Table):
    """`[environment.healthcheck]` and `[steps.healthcheck]`."""

    command: str
    interval_sec: Wait = 5.0
    timeout_sec: Seconds = 30.0
    start_period_sec: Wait = 0.0
    start_interval_sec: Wait = 5.0
    retries: int = 3


class McpServerTable(Table):
    """`[[environment.mcp_servers]]`."""

    name: str
    transport: Transport = "sse"
    url: OptionalText = None
    command: OptionalText = None
    args: list[str] = []

    @model_validator(mode="after")
    def can_be_reached(self) -> "McpServerTable":
        """Refuse a server without what its transport needs."""
        needed = "command" if self.transport == "stdio" else "url"
        if getattr(self, needed) is None:
            raise ValueError(f"`{needed}` is needed for the transport {self.transport!r}; write it")
        return self


class ArtifactTable(Table):
    """One of `artifacts`, at the root or in a step."""

    source: Source
    destination: Destination = None
    exclude: list[str] = []
    service: Service = MAIN

    @model_validator(mode="after")
    def can_be_found(self) -> "ArtifactTable":
        """Refuse a relative path in a sidecar, whose working directory nobody knows."""
        if self.service != MAIN and not self.source.startswith("/"):
            raise ValueError(
                f"`source` is {self.source!r}; in the service {self.service!r} it must be absolute"
            )
        return self


Artifacts: TypeAlias = list[Annotated[ArtifactTable, BeforeValidator(as_artifact)]]


class CollectTable(Table):
    """`[[verifier.collect]]`."""

    command: str
    service: Service = MAIN
    timeout_sec: Seconds = 60.0
    user: User = None


class EnvironmentTable(Table):
    """`[environment]` and `[verifier.environment]`."""

    build_timeout_sec: Seconds = 600.0
    docker_image: OptionalText = None
    os: System = "linux"
    cpus: Count | None = None
    memory_mb: Count | None = None
    storage_mb: Count | None = None
    memory: Size = None
    storage: Size = None
    gpus: Count | None = None
    gpu_types: list[str] | None = None
    tpu: object = None
    mcp_servers: list[McpServerTable] = []
    env: Env = {}
    skills_dir: OptionalText = None
    healthcheck: HealthcheckTable | None = None
    workdir: Folder = None
    network_mode: NetworkMode | None = None
    allowed_hosts: Hosts | None = None
    allow_internet: bool | None = None

    @model_validator(mode="after")
    def sizes_agree(self) -> "EnvironmentTable":
        """Refuse a legacy size that contradicts its successor."""
        for old, new in (("memory", "memory_mb"), ("storage", "storage_mb")):
            legacy, current = getattr(self, old), getattr(self, new)
            if None not in (legacy, current) and legacy != current:
                raise ValueError(
                    f"`{old}` says {legacy} MB but `{new}` says {current}; keep `{new}` only"
                )
        return self

    @model_validator(mode="after")
    def hosts_are_for_allowlists(self) -> "EnvironmentTable":
        """Refuse hosts that no allowlist would use."""
        if self.allowed_hosts and self.network_mode != "allowlist":
            raise ValueError(HOSTS_WITHOUT_LIST)
        return self

    @property
    def network(self) -> Network:
        """The network policy, with the legacy `allow_internet` heeded where nothing else is set."""
        legacy_none = self.allow_internet is False and self.allowed_hosts is None
        mode = self.network_mode or ("no-network" if legacy_none else "public")
        return network_of(mode, self.allowed_hosts)


class PhaseTable(Table):
    """What `[agent]` and `[verifier]` have in common."""

    user: User = None
    network_mode: NetworkMode | None = None
    allowed_hosts: Hosts | None = None

    @model_validator(mode="after")
    def hosts_are_for_allowlists(self) -> "PhaseTable":
        """Refuse hosts that no allowlist would use."""
        if self.allowed_hosts and self.network_mode != "allowlist":
            raise ValueError(HOSTS_WITHOUT_LIST)
        return self

    @property
    def network(self) -> Network | None:
        """The network policy of this phase alone; None where it has none of its own."""
        if self.network_mode is None:
            return None
        return network_of(self.network_mode, self.allowed_hosts)


class AgentTable(PhaseTable):
    """`[agent]` and `[steps.agent]`."""

    timeout_sec: Seconds | None = None


class VerifierTable(PhaseTable):
    """`[verifier]` and `[steps.verifier]`."""

    timeout_sec: Seconds = 600.0
    env: Env = {}
    environment_mode: Literal["shared", "separate"] | None = None
    environment: EnvironmentTable | None = None
    collect: list[CollectTable] = []

    @model_validator(mode="after")
    def mode_fits_environment(self) -> "VerifierTable":
        """Refuse an environment that would not be used."""
        if self.environment_mode == "shared" and self.environment is not None:
            raise ValueError(
                '`environment_mode` is "shared", so the table `environment` would not be used; '
                "leave out one of them"
            )
        return self

    @property
    def mode(self) -> Literal["shared", "separate"] | None:
        """Where it runs, as far as this table says."""
        return self.environment_mode or (None if self.environment is None else "separate")


class SolutionTable(Table):
    """`[solution]`."""

    env: Env = {}


class AuthorTable(Table):
    """One of `[task].authors`."""

    name: str
    email: str | None = None


class PackageTable(Table):
    """`[task]`: the task's identity."""

    name: PackageName
    version: Text | None = None
    description: str = ""
    authors: list[AuthorTable] = []
    keywords: list[str] = []


class StepTable(Table):
    """One of `[[steps]]`."""

    name: StepName
    agent: AgentTable = AgentTable()
    verifier: VerifierTable = VerifierTable()
    min_reward: Thresholds = {}
    healthcheck: HealthcheckTable | None = None
    artifacts: Artifacts = []


class TaskTable(Table):
    """The whole of task.toml."""

    schema_version: object = None
    version: object = None
    task: PackageTable | None = None
    metadata: dict[str, object] = {}
    verifier: VerifierTable = VerifierTable()
    agent: AgentTable = AgentTable()
    environment: EnvironmentTable = EnvironmentTable()
    solution: SolutionTable = SolutionTable()
    source: str | None = None
    artifacts: Artifacts = []
    steps: list[StepTable] = []
    multi_step_reward_strategy: Literal["mean", "final"] | None = None
    ios: object = None
    """Read by one of Harbor's environments for computer use."""

    @model_validator(mode="after")
    def steps_have_names_of_their_own(self) -> "TaskTable":
        """Refuse steps that would share a folder on some file systems."""
        seen: dict[str, str] = {}
        for step in self.steps:
            key = same_folder_key(step.name)
            if key in seen:
                raise ValueError(
                    f"the steps {seen[key]!r} and {step.name!r} would share a folder; give each a "
                    "name of its own"
                )
            seen[key] = step.name
        return self

    def environments(self) -> Iterator[tuple[str, EnvironmentTable]]:
        """Every environment table that is written, with its key."""
        yield "environment", self.environment
        for key, verifier in self.verifiers():
            if verifier.environment is not None:
                yield f"{key}.environment", verifier.environment

    def verifiers(self) -> Iterator[tuple[str, VerifierTable]]:
        """Every verifier table, with its key."""
        yield "verifier", self.verifier
        for number, step in enumerate(self.steps):
            yield f"steps[{number}].verifier", step.verifier

    def env_tables(self) -> Iterator[tuple[str, Env]]:
        """Every table of environment variables, with its key."""
        yield "solution.env", self.solution.env
        for key, environment in self.environments():
            yield f"{key}.env", environment.env
        for key, verifier in self.verifiers():
            yield f"{key}.env", verifier.env


def network_of(mode: NetworkMode, hosts: Hosts | None) -> Network:
    """The record of a network policy."""
    if mode == "allowlist":
        return Network(mode="allowlist", hosts=tuple(hosts or ()))
    return Network(mode="none" if mode == "no-network" else "public")
