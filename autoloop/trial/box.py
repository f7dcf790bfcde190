"""The task container as agent.py may use it: as the agent's user, in the task's folder."""

import itertools
import shlex
from collections.abc import Mapping

from autoloop.ports import Container
from autoloop.records import CommandResult, Task

OUTPUT_BYTES = 64_000
"""Per stream of one command; the agent gets head and tail with a note of what was cut."""
FILE_BYTES = 8_000_000
STAGED = "/tmp/.autoloop-write-{}"  # noqa: S108 - a path in the task container


class BoxEnv:
    """A `TaskEnv` over the trial's task container."""

    def __init__(self, box: Container, task: Task) -> None:
        self._box = box
        self._task = task
        self._writes = itertools.count()

    def run(self, command: str, *, timeout_s: float | None) -> CommandResult:
        """Run a command as the agent's user."""
        return self._box.run(
            command,
            timeout_s=timeout_s,
            user=self._task.agent_user,
            env=self._env,
            workdir=self._task.environment.workdir,
            output_limit=OUTPUT_BYTES,
        )

    def read(self, path: str) -> bytes:
        """Read a file that the agent's user may read."""
        quoted = shlex.quote(path)
        found = self.run(f"test -r {quoted} && realpath -e -- {quoted}", timeout_s=30.0)
        if found.exit_code != 0:
            raise FileNotFoundError(f"{path!r} is not there or may not be read.")
        return self._box.read(found.stdout.rstrip("\n"), max_bytes=FILE_BYTES)

    def write(self, path: str, data: bytes) -> None:
        """Write a file as the agent's user, making its parent folders."""
        if len(data) > FILE_BYTES:
            raise ValueError(f"{path!r}: {len(data)} bytes are more than {FILE_BYTES} allowed.")
        # Written by root, then copied by the agent's user: a link in `path` leads no further than
        # that user could go anyway. One staged file for each call, since calls may be parallel.
        staged = STAGED.format(next(self._writes))
        self._box.write(staged, data)
        quoted = shlex.quote(path)
        done = self.run(
            f'mkdir -p -- "$(dirname -- {quoted})" && cat {staged} > {quoted}', timeout_s=30.0
        )
        self._box.run(f"rm -f {staged}", user="root")
        if done.exit_code != 0:
            reason = (done.stderr or done.stdout).strip()
            raise ValueError(f"{path!r} cannot be written: {reason}")

    @property
    def _env(self) -> Mapping[str, str]:
        return self._task.environment.env
