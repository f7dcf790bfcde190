"""What Harbor allows and autoloop cannot run yet: refused by name, so that no reward is wrong."""

from collections.abc import Iterator
from pathlib import Path

from autoloop.records import TaskProblem
from autoloop.tasks.format import PhaseTable, TaskTable

FILES = {
    "environment/docker-compose.yaml": "tasks of several containers are",
    "tests/docker-compose.yaml": "a separate verifier environment is",
    "tests/Dockerfile": "a separate verifier environment is",
    "trajectory.json": "prior context for the agent is",
}


def refusals(folder: Path, table: TaskTable) -> list[TaskProblem]:
    """Everything in the task that is not supported yet."""
    found = [
        TaskProblem(
            folder=folder,
            file="task.toml",
            key=key,
            reason=f"{what} not supported yet. {remedy}",
        )
        for key, what, remedy in _keys(table)
    ]
    found += [
        TaskProblem(
            folder=folder,
            file=file,
            key=None,
            reason=f"{what} not supported yet. Remove the file if the task works without it.",
        )
        for file, what in FILES.items()
        if (folder / file).exists()
    ]
    return found


def _keys(table: TaskTable) -> Iterator[tuple[str, str, str]]:
    leave_out = "Leave it out if the task works without it."
    environment, verifier = table.environment, table.verifier
    if table.steps:
        yield "steps", "multi-step tasks are", "Make each step a task of its own."
    if environment.os != "linux":
        yield "environment.os", f"{environment.os!r} containers are", 'Write "linux".'
    for key, value, what in (
        ("environment.gpus", environment.gpus, "GPUs are"),
        ("environment.tpu", environment.tpu, "TPUs are"),
        ("environment.mcp_servers", environment.mcp_servers, "MCP servers are"),
        ("environment.skills_dir", environment.skills_dir, "skills are"),
        ("environment.allowed_hosts", environment.allowed_hosts, "an allowlist of hosts is"),
        ("verifier.environment", verifier.environment, "a separate verifier environment is"),
        ("verifier.collect", verifier.collect, "collect commands are"),
    ):
        if value:
            yield key, what, leave_out
    if environment.network == "allowlist":
        remedy = 'Write "public" or "no-network".'
        yield "environment.network_mode", "an allowlist of hosts is", remedy
    if verifier.environment_mode == "separate":
        remedy = 'Write "shared" if the verifier works in the agent\'s container.'
        yield "verifier.environment_mode", "a separate verifier environment is", remedy
    yield from _phase("agent", table.agent, environment.network)
    yield from _phase("verifier", verifier, environment.network)


def _phase(name: str, phase: PhaseTable, baseline: str) -> Iterator[tuple[str, str, str]]:
    what, remedy = "a network policy for one phase is", "Set [environment].network_mode instead."
    if phase.network_mode not in {None, baseline}:
        yield f"{name}.network_mode", what, remedy
    if phase.allowed_hosts:
        yield f"{name}.allowed_hosts", what, remedy


def without_effect(table: TaskTable) -> Iterator[str]:
    """Notes on keys that are accepted and change nothing here, and no reward anywhere."""
    if table.artifacts:
        yield "artifacts are not collected yet; this does not change the reward."
    if table.environment.gpu_types:
        yield "environment.gpu_types has no effect."
