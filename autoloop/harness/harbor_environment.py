"""The task's container as an environment of Harbor."""

from __future__ import annotations

import asyncio
import shlex
import uuid
from collections.abc import Mapping
from pathlib import Path

from harbor.environments.base import BaseEnvironment, ExecResult, transfer_tar_filter
from harbor.environments.capabilities import EnvironmentCapabilities
from harbor.models.task.config import EnvironmentConfig
from harbor.models.trial.paths import TrialPaths

from autoloop.harness.env import Env, RunResult
from autoloop.harness.harbor_files import Files

ROOT = ("root", "0")
_LONGEST_S = 604_800.0


class SocketEnvironment(BaseEnvironment):  # type: ignore[misc]  # Harbor is in the image only
    """What Harbor's docker environment does, without folders mounted from a host.

    Starting, stopping and the network are the host's affair. Sidecars are reached over the
    network, from the task's container, and not by name.
    """

    def __init__(self, env: Env, folder: Path) -> None:
        """`folder` is made as the trial's folder on Harbor's side."""
        self._env = env
        self._note_given = False
        paths = TrialPaths(trial_dir=folder)
        for needed in (paths.agent_dir, paths.verifier_dir, paths.artifacts_dir):
            needed.mkdir(parents=True)
        identity = uuid.uuid4()
        super().__init__(
            environment_dir=folder / "environment",
            environment_name="task",
            session_id=f"autoloop__{identity.hex[:7]}__env",
            trial_paths=paths,
            task_env_config=EnvironmentConfig(
                mcp_servers=env.mcp_servers, skills_dir=env.skills_dir
            ),
        )
        self.context_id = identity
        self._files = Files(env, self._run_as_root, unpack=transfer_tar_filter)

    @staticmethod
    def type() -> str:
        """A name that is none of Harbor's own."""
        return "autoloop"

    @property
    def capabilities(self) -> EnvironmentCapabilities:
        """Nothing that would have to be done from outside the container."""
        return EnvironmentCapabilities()

    def _validate_definition(self) -> None:
        """The host has read the task."""

    async def start(self, force_build: bool) -> None:  # noqa: FBT001 - Harbor's signature
        """The host has started it."""

    async def stop(self, delete: bool) -> None:  # noqa: FBT001 - Harbor's signature
        """The host stops it."""

    async def exec(
        self,
        command: str,
        cwd: str | None = None,
        env: dict[str, str] | None = None,
        timeout_sec: int | None = None,
        user: str | int | None = None,
    ) -> ExecResult:
        """Run a command with bash; stdout and stderr come together, as from Harbor's docker.

        Raises:
            RuntimeError: it ran longer than `timeout_sec` and was ended.
        """
        script = _script(command, cwd=cwd, env=self._merge_env(env) or {})
        seconds = min(float(timeout_sec), _LONGEST_S) if timeout_sec else None
        done = await asyncio.to_thread(self._run, script, seconds, self._resolve_user(user))
        if (tell := self._output_callback()) is not None and done.stdout:
            await tell(done.stdout, "stdout")
        if done.timed_out:
            raise RuntimeError(f"Command timed out after {timeout_sec} seconds")
        return ExecResult(stdout=done.stdout or None, stderr=None, return_code=done.exit_code)

    async def upload_file(self, source_path: Path | str, target_path: str) -> None:
        """Copy a file of the agent's container into the task's."""
        await asyncio.to_thread(self._files.put_file, Path(source_path), str(target_path))

    async def upload_dir(self, source_dir: Path | str, target_dir: str) -> None:
        """Copy what is in a folder into one of the task's container."""
        await asyncio.to_thread(self._files.put_folder, Path(source_dir), str(target_dir))

    async def download_file(self, source_path: str, target_path: Path | str) -> None:
        """Copy a file of the task's container into the agent's."""
        await asyncio.to_thread(self._files.get_file, str(source_path), Path(target_path))

    async def download_dir(self, source_dir: str, target_dir: Path | str) -> None:
        """Copy what is in a folder of the task's container into one here."""
        await asyncio.to_thread(self._files.get_folder, str(source_dir), Path(target_dir))

    def _run_as_root(self, command: str, timeout_s: float) -> RunResult:
        return self._run(command, timeout_s, "root")

    def _run(self, script: str, timeout_s: float | None, user: str | int | None) -> RunResult:
        name = None if user is None else str(user)
        try:
            return self._env.run(script, timeout_s=timeout_s, user=name)
        except PermissionError as error:
            if name not in ROOT:
                raise
            self._tell_once(str(error))
            return self._env.run(script, timeout_s=timeout_s)

    def _tell_once(self, reason: str) -> None:
        """Agents of Harbor ask for root as a matter of course; most get along without."""
        if not self._note_given:
            self._note_given = True
            self._env.note(f"What is asked for as root runs as the agent's own user. {reason}")


def _script(command: str, *, cwd: str | None, env: Mapping[str, str]) -> str:
    lines = ["exec 2>&1", *(_export(name, value) for name, value in env.items())]
    if cwd:
        lines.append(f"cd -- {shlex.quote(str(cwd))} || exit 127")
    return "\n".join([*lines, command])


def _export(name: str, value: str) -> str:
    if not name.isidentifier():
        raise ValueError(f"{name!r} cannot be the name of an environment variable")
    return f"export {name}={shlex.quote(str(value))}"
