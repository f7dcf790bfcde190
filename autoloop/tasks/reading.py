"""From a task folder to a `Task`, or to the reasons why it is none."""

import functools
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from autoloop.records import Artifact, Collect, Environment, Task, TaskProblem, TaskStep, Verifier
from autoloop.tasks.checksum import task_checksum
from autoloop.tasks.digest import sha256_of, task_digest
from autoloop.tasks.environments import (
    Place,
    agent_place,
    environment_of,
    healthcheck_of,
    verifier_place,
)
from autoloop.tasks.format import (
    AgentTable,
    ArtifactTable,
    CollectTable,
    StepTable,
    TaskTable,
    VerifierTable,
)
from autoloop.tasks.inputs import (
    bad_inputs,
    home_of,
    read_text,
    solution_of,
    steps_of,
    strip_canary,
    tests_of,
    trajectory_of,
)
from autoloop.tasks.links import bad_links
from autoloop.tasks.own import bad_own, own_table
from autoloop.tasks.parsing import parse_toml, unknown_keys
from autoloop.tasks.support import refusals, without_effect
from autoloop.tasks.variables import resolved, unset


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What became of one task folder: a task, or the problems that prevent one."""

    task: Task | None = None
    problems: tuple[TaskProblem, ...] = ()


def read_task(folder: Path, name: str, *, host_env: Mapping[str, str]) -> Reading:
    """Read one task folder; whatever is wrong with it becomes problems, never an exception.

    `name` is used where task.toml gives none. `${VAR}` values are looked up in `host_env`.
    """
    try:
        return _read(folder, name, host_env)
    except OSError as error:
        file = os.path.relpath(error.filename, folder) if error.filename else "."
        reason = f"it cannot be read: {error.strerror}. Check the file and its permissions."
        return Reading(problems=(problem(folder, file, reason),))


def problem(folder: Path, file: str, reason: str, *, key: str | None = None) -> TaskProblem:
    """A problem of this folder."""
    return TaskProblem(folder=folder, file=file, key=key, reason=reason)


def _read(folder: Path, name: str, host_env: Mapping[str, str]) -> Reading:
    # Nothing is read that a link takes from elsewhere: task folders may be a stranger's.
    found: Sequence[TaskProblem] = bad_links(folder)
    if found:
        return Reading(problems=tuple(found))
    text = read_text(folder, "task.toml")
    if isinstance(text, TaskProblem):
        return Reading(problems=(text,))
    parsed = parse_toml(text, TaskTable)
    if parsed.table is None:
        return Reading(
            problems=tuple(
                problem(folder, "task.toml", error.reason, key=error.key) for error in parsed.errors
            )
        )
    draft = _Draft(folder, parsed.table, host_env)
    found = draft.problems()
    return Reading(problems=tuple(found)) if found else Reading(task=draft.task(name))


@dataclass(frozen=True, slots=True)
class _Draft:
    """A task.toml that is valid, on its way to a `Task`."""

    folder: Path
    table: TaskTable
    host_env: Mapping[str, str]

    def problems(self) -> Sequence[TaskProblem]:
        """Why it cannot be used; the first kind that is found."""
        steps = [f"steps/{step.name}" for step in self.table.steps]
        return (
            refusals(self.folder, self.table)
            or bad_links(self.folder, steps)
            or list(bad_own(self.folder, self.table.metadata))
            or [*bad_inputs(self.folder, self.table), *self._unset_variables()]
        )

    def _unset_variables(self) -> Iterator[TaskProblem]:
        for table, env in self.table.env_tables():
            for key, variable in unset(env, self.host_env):
                reason = (
                    f"the environment variable {variable!r} is not set. Export it, "
                    f'or write "${{{variable}:-a default}}".'
                )
                yield problem(self.folder, "task.toml", reason, key=f"{table}.{key}")

    def task(self, name: str) -> Task:
        """The finished record."""
        table, folder, own = self.table, self.folder, own_table(self.table.metadata)
        hashed = functools.cache(sha256_of)
        return Task(
            name=table.task.name if table.task else name,
            folder=folder,
            digest=task_digest(folder, hashed=hashed),
            checksum=task_checksum(folder, hashed=hashed),
            family=self._said("family") or self._said("category") or folder.parent.name,
            difficulty=self._said("difficulty") or "unknown",
            environment=environment_of(agent_place(folder, table), self.host_env),
            steps=tuple(self._step(step) for step in steps_of(table)),
            reward_strategy=table.multi_step_reward_strategy or "mean",
            solution_env=resolved(table.solution.env, self.host_env),
            trajectory=trajectory_of(folder, table),
            keeps_services=own.services == "keep",
            verification=own.verification,
            changes_system=own.system_changes == "expected",
            reward_range=own.reward_range,
            notes=tuple(self._notes()),
        )

    def _said(self, key: str) -> str:
        value = self.table.metadata.get(key)
        return str(value).strip() if isinstance(value, str | int | float) else ""

    def _step(self, step: StepTable | None) -> TaskStep:
        """The record of a step; what it does not say itself is as the task says."""
        table, home = self.table, home_of(self.folder, step)
        agent = step.agent if step else AgentTable()
        workdir = home / "workdir"
        return TaskStep(
            name=step.name if step else "",
            instruction=strip_canary((home / "instruction.md").read_text("utf-8")),
            verifier=self._verifier(step),
            agent_timeout_s=agent.timeout_sec or table.agent.timeout_sec,
            agent_user=agent.user or table.agent.user,
            agent_network=agent.network or table.agent.network,
            workdir=workdir if step and workdir.is_dir() else None,
            healthcheck=healthcheck_of(step.healthcheck) if step else None,
            solution=solution_of(self.folder, step),
            artifacts=tuple(map(_artifact, [*table.artifacts, *(step.artifacts if step else ())])),
            min_reward=step.min_reward if step else {},
        )

    def _verifier(self, step: StepTable | None) -> Verifier:
        common = self.table.verifier
        # A step's time limit has a default of its own, so the task's never counts for it.
        own = step.verifier if step else VerifierTable(timeout_sec=common.timeout_sec)
        place = verifier_place(self.folder, self.table, step)
        return Verifier(
            tests=() if place and place.has_tests else tests_of(self.folder, step),
            timeout_s=own.timeout_sec,
            user=own.user or common.user,
            env=resolved({**common.env, **own.env}, self.host_env),
            network=own.network or common.network,
            environment=self._verifier_environment(place) if place else None,
            collect=tuple(map(_collect, [*common.collect, *own.collect])),
        )

    def _verifier_environment(self, place: Place) -> Environment:
        # Harbor gives it the agent environment's time, and checks and offers nothing in it.
        return replace(
            environment_of(place, self.host_env),
            build_timeout_s=self.table.environment.build_timeout_sec,
            healthcheck=None,
            mcp_servers=(),
            skills_dir=None,
        )

    def _notes(self) -> Iterator[str]:
        unknown = unknown_keys(self.table)
        if unknown:
            yield f"Unknown keys in task.toml have no effect: {', '.join(unknown)}."
        yield from without_effect(self.table)


def _artifact(table: ArtifactTable) -> Artifact:
    return Artifact(
        source=table.source,
        destination=table.destination,
        exclude=tuple(table.exclude),
        service=table.service,
    )


def _collect(table: CollectTable) -> Collect:
    return Collect(
        command=table.command,
        service=table.service,
        timeout_s=table.timeout_sec,
        user=table.user,
    )
