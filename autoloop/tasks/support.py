"""What Harbor allows and autoloop does not run: refused by name, so that no reward is wrong."""

from collections.abc import Iterator
from pathlib import Path

from autoloop.records import TaskProblem
from autoloop.tasks.format import TaskTable


def refusals(folder: Path, table: TaskTable) -> list[TaskProblem]:
    """Everything in the task that is not supported."""
    return [
        TaskProblem(folder=folder, file="task.toml", key=key, reason=reason)
        for key, reason in _refused(table)
    ]


def _refused(table: TaskTable) -> Iterator[tuple[str, str]]:
    for key, environment in table.environments():
        if environment.os != "linux":
            yield (
                f"{key}.os",
                f"{environment.os} containers are not supported. Only Linux tasks run here.",
            )
        if environment.tpu is not None:
            yield (
                f"{key}.tpu",
                "TPUs are not supported. Leave the table out if the task works without.",
            )
    if table.ios is not None:
        yield "ios", "computer use is not supported. Only tasks for Linux containers run here."


def without_effect(table: TaskTable) -> Iterator[str]:
    """Notes on keys that are accepted and change nothing here."""
    for key, environment in table.environments():
        if environment.gpu_types:
            yield f"{key}.gpu_types has no effect: any GPU is taken."
        for size in ("memory", "storage"):
            if size in environment.model_fields_set and getattr(environment, size) is None:
                yield f'{key}.{size} has no effect: it is no text such as "2G".'
        if key == "environment":
            continue
        for name in ("build_timeout_sec", "mcp_servers", "skills_dir", "healthcheck"):
            if name in environment.model_fields_set:
                yield f"{key}.{name} has no effect: it is for the agent's environment."
