"""The task container as agent.py may use it: as the agent's user, in the task's folder."""

import itertools
import shlex
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from autoloop.errors import AgentError
from autoloop.ports import Container
from autoloop.records import CommandResult

OUTPUT_BYTES = 64_000
"""Per stream of one command; the agent gets head and tail with a note of what was cut."""
FILE_BYTES = 8_000_000
STAGED = "/tmp/.autoloop-write-{}"  # noqa: S108 - a path in the task container


class BoxEnv:
    """A `TaskEnv` over the trial's task container; after `close` no action begins."""

    def __init__(
        self, box: Container, *, user: str | None, env: Mapping[str, str], workdir: str | None
    ) -> None:
        """`user` is the one that the task names for the agent, if it does."""
        self._box = box
        self._user = user
        self._env = env
        self._workdir = workdir
        self._writes = itertools.count()
        self._changed = threading.Condition()
        self._going_on = 0
        self._closed = False

    def run(
        self, command: str, *, timeout_s: float | None, user: str | None = None
    ) -> CommandResult:
        """Run a command as the agent's user, or as `user` where the task names none.

        Raises:
            PermissionError: the task lets the agent be somebody else only.
        """
        if user is not None and self._user not in {None, user}:
            raise PermissionError(
                f"The task lets its agent run commands as {self._user!r} only ([agent].user), not"
                f" as {user!r}: leave `user` out."
            )
        with self._action():
            return self._run(command, timeout_s=timeout_s, user=user)

    def read(self, path: str) -> bytes:
        """Read a file that the agent's user may read."""
        with self._action():
            return self._read(path)

    def write(self, path: str, data: bytes) -> None:
        """Write a file as the agent's user, making its parent folders."""
        with self._action():
            self._write(path, data)

    def close(self) -> bool:
        """Let no further action begin; whether none goes on any more."""
        with self._changed:
            self._closed = True
            return self._going_on == 0

    def wait_until_idle(self, timeout_s: float) -> bool:
        """Wait until no action goes on; False at the timeout."""
        with self._changed:
            return self._changed.wait_for(lambda: self._going_on == 0, timeout_s)

    @contextmanager
    def _action(self) -> Iterator[None]:
        with self._changed:
            if self._closed:
                raise AgentError("The agent's time is over: nothing more is done for it.")
            self._going_on += 1
        try:
            yield
        finally:
            with self._changed:
                self._going_on -= 1
                self._changed.notify_all()

    def _run(
        self, command: str, *, timeout_s: float | None, user: str | None = None
    ) -> CommandResult:
        return self._box.run(
            command,
            timeout_s=timeout_s,
            user=user or self._user,
            env=self._env,
            workdir=self._workdir,
            output_limit=OUTPUT_BYTES,
        )

    def _read(self, path: str) -> bytes:
        quoted = shlex.quote(path)
        found = self._run(f"test -r {quoted} && realpath -e -- {quoted}", timeout_s=30.0)
        if found.exit_code != 0:
            raise FileNotFoundError(f"{path!r} is not there or may not be read.")
        return self._box.read(found.stdout.rstrip("\n"), max_bytes=FILE_BYTES)

    def _write(self, path: str, data: bytes) -> None:
        if len(data) > FILE_BYTES:
            raise ValueError(
                f"{path!r} cannot be written: {len(data):,} bytes are more than the {FILE_BYTES:,}"
                f" of one write; write it in parts."
            )
        # Written by root, then copied by the agent's user: a link in `path` leads no further than
        # that user could go anyway. One staged file for each call, since calls may be parallel.
        staged = STAGED.format(next(self._writes))
        self._box.write(staged, data)
        quoted = shlex.quote(path)
        done = self._run(
            f'mkdir -p -- "$(dirname -- {quoted})" && cat {staged} > {quoted}', timeout_s=30.0
        )
        self._box.run(f"rm -f {staged}", user="0")
        if done.exit_code != 0:
            waited = "it took longer than 30 s" if done.timed_out else "no reason given"
            reason = (done.stderr or done.stdout).strip() or waited
            raise ValueError(f"{path!r} cannot be written: {reason}")
