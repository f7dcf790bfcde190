"""A task environment without a container: a folder of the host. For tests of trusted code only."""

import os
import signal
import subprocess
from pathlib import Path

from autoloop.records import CommandResult
from autoloop.records.secrets import child_environment


class LocalEnv:
    """A `TaskEnv` whose commands run in a folder of the host, and whose files lie in it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def run(
        self, command: str, *, timeout_s: float | None, user: str | None = None
    ) -> CommandResult:
        """Run a command with bash in the folder; at the timeout its process group is killed.

        Whatever `user` says, it runs as who runs the test.
        """
        del user
        process = subprocess.Popen(
            ["bash", "-c", command],
            cwd=self._folder,
            env=child_environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
        timed_out = False
        try:
            out, err = process.communicate(timeout=timeout_s)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            out, err = process.communicate()
            timed_out = True
        return CommandResult(
            exit_code=124 if timed_out else process.returncode,
            stdout=out.decode(errors="replace"),
            stderr=err.decode(errors="replace"),
            timed_out=timed_out,
        )

    def read(self, path: str) -> bytes:
        """Read a file below the folder; an absolute path counts from the folder."""
        return self._file(path).read_bytes()

    def write(self, path: str, data: bytes) -> None:
        """Write a file below the folder, making its parents."""
        file = self._file(path)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data)

    def _file(self, path: str) -> Path:
        return self._folder / path.lstrip("/")
