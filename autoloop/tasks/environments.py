"""Where a task is solved and verified, from task.toml and the folders beside it."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from autoloop.records import Environment, Healthcheck, McpServer, Resources
from autoloop.tasks.format import EnvironmentTable, HealthcheckTable, StepTable, TaskTable
from autoloop.tasks.variables import resolved

DOCKERFILE = "Dockerfile"
COMPOSE = "docker-compose.yaml"


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where an environment is defined."""

    table: EnvironmentTable
    """Limits, variables and network."""
    image: str | None
    folder: Path
    has_tests: bool = False
    """The image brings the tests; nothing is copied into it."""


def agent_place(folder: Path, table: TaskTable) -> Place:
    """Where the agent works."""
    environment = table.environment
    return Place(table=environment, image=environment.docker_image, folder=folder / "environment")


def verifier_place(folder: Path, table: TaskTable, step: StepTable | None) -> Place | None:
    """Where the verifier works; None is where the agent worked.

    The nearest of the step's and the task's `tests/` that defines an image (or whose table names
    one) is taken with the tests in it; where neither does, it is another copy of environment/.
    """
    its_own = step.verifier if step is not None else None
    mode = (its_own.mode if its_own is not None else None) or table.verifier.mode
    if mode != "separate":
        return None
    own_table = its_own.environment if its_own is not None else None
    written = own_table or table.verifier.environment or table.environment
    candidates = [(table.verifier.environment, folder / "tests")]
    if step is not None:
        candidates.insert(0, (own_table, folder / "steps" / step.name / "tests"))
    for candidate, tests in candidates:
        image = candidate.docker_image if candidate is not None else None
        if image is not None or defines_image(tests):
            return Place(table=written, image=image, folder=tests, has_tests=True)
    agent = agent_place(folder, table)
    return Place(table=written, image=agent.image, folder=agent.folder)


def defines_image(folder: Path) -> bool:
    """Whether a folder says how its image is made."""
    return any((folder / name).is_file() for name in (DOCKERFILE, COMPOSE))


def environment_of(place: Place, host_env: Mapping[str, str]) -> Environment:
    """The record of an agent's environment."""
    table = place.table
    return Environment(
        folder=place.folder,
        dockerfile=_file(place.folder / DOCKERFILE),
        image=place.image,
        compose=_file(place.folder / COMPOSE),
        uploads=not place.has_tests,
        build_timeout_s=table.build_timeout_sec,
        resources=Resources(
            cpus=table.cpus or None,
            memory_mb=table.memory_mb or table.memory or None,
            storage_mb=table.storage_mb or table.storage or None,
            gpus=table.gpus or 0,
        ),
        env=resolved(table.env, host_env),
        workdir=table.workdir,
        network=table.network,
        healthcheck=healthcheck_of(table.healthcheck),
        mcp_servers=_mcp_servers(table),
        skills_dir=table.skills_dir,
    )


def healthcheck_of(table: HealthcheckTable | None) -> Healthcheck | None:
    """The record of a healthcheck."""
    if table is None:
        return None
    return Healthcheck(
        command=table.command,
        interval_s=table.interval_sec,
        timeout_s=table.timeout_sec,
        start_period_s=table.start_period_sec,
        start_interval_s=table.start_interval_sec,
        # Harbor gives up after one failure for 0 as well.
        retries=max(1, table.retries),
    )


def _mcp_servers(table: EnvironmentTable) -> tuple[McpServer, ...]:
    servers = {
        server.name: McpServer(
            name=server.name,
            transport=server.transport,
            url=server.url,
            command=server.command,
            args=tuple(server.args),
        )
        for server in table.mcp_servers
    }
    return tuple(servers.values())


def _file(path: Path) -> Path | None:
    return path if path.is_file() else None
