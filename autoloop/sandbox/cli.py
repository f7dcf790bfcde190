"""The docker command line, for what the engine's API has not: compose projects and BuildKit."""

import os
import signal
import subprocess
import threading
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO

from autoloop.errors import EngineError, ImageError, StorageError
from autoloop.records.secrets import child_environment
from autoloop.sandbox.engine import engine_address

TAIL_BYTES = 4_000
ASKING_S = 60.0
LOST_ENGINE = ("Cannot connect to the Docker daemon", "error during connect")


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A command of the docker command line."""

    arguments: tuple[str, ...]
    what: str
    """Beginning of the sentence when it fails."""
    timeout_s: float
    env: Mapping[str, str]
    folder: Path | None = None
    """Where it runs."""


class DockerCli:
    """Runs the docker command line against the engine that the API connection uses.

    Any thread may call. `close` ends what still runs.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._running: set[subprocess.Popen[bytes]] = set()
        self._present: set[str] = set()
        self._is_closed = False

    def has(self, plugin: str) -> bool:
        """Whether the plugin `compose` or `buildx` answers; asked until it does."""
        if plugin in self._present:
            return True
        try:
            answer = subprocess.run(
                ("docker", plugin, "version"),
                env=host_environment(),
                capture_output=True,
                timeout=ASKING_S,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired):
            return False
        if answer.returncode == 0:
            self._present.add(plugin)
        return answer.returncode == 0

    def run(self, call: Call, *, data: IO[bytes] | None = None) -> str:
        """Run a command to its end, `data` as its input; returns the end of what it printed.

        Raises:
            ImageError: it failed, or took longer than its time, at which it is ended.
            EngineError: it lost the engine, or autoloop is ending.
            StorageError: the engine's disk is full.
        """
        with TemporaryFile() as output:
            try:
                code = self._code(call, data=data, output=output)
            except subprocess.TimeoutExpired as error:
                spent = f"it took longer than {round(call.timeout_s, 1):g} s."
                raise ImageError(_with_log(f"{call.what}: {spent}", output)) from error
            said = _tail(output)
            if code:
                raise self._failure(call, said)
            return said

    def close(self) -> None:
        """End all commands; none begins any more."""
        with self._lock:
            self._is_closed = True
            for process in self._running:
                _end(process)

    def _code(self, call: Call, *, data: IO[bytes] | None, output: IO[bytes]) -> int:
        with self._lock:
            if self._is_closed:
                raise EngineError("autoloop is ending: no container is started any more.")
            # A session of its own: Ctrl-C is ours to handle, and plugins end with it.
            process = subprocess.Popen(
                ("docker", *call.arguments),
                env=dict(call.env),
                cwd=call.folder,
                stdin=data or subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
            self._running.add(process)
        try:
            return process.wait(max(0.0, call.timeout_s))
        finally:
            with self._lock:
                _end(process)
                self._running.discard(process)

    def _failure(self, call: Call, said: str) -> ImageError | EngineError | StorageError:
        if self._is_closed:
            return EngineError("autoloop is ending: no container is started any more.")
        text = f"{call.what}.\nEnd of the output:\n{said}"
        if any(words in said for words in LOST_ENGINE):
            return EngineError(text)
        if "no space left on device" in said.lower():
            return StorageError(f"The engine's disk is full. {text}")
        return ImageError(text)


def host_environment() -> dict[str, str]:
    """This process's environment without secrets, pointed at our engine."""
    kept = child_environment()
    # It would win over DOCKER_HOST.
    kept.pop("DOCKER_CONTEXT", None)
    return {**kept, "DOCKER_HOST": engine_address()}


def _end(process: subprocess.Popen[bytes]) -> None:
    """End a command with its plugin, which is a process of its own."""
    if process.poll() is None:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _tail(output: IO[bytes]) -> str:
    size = output.seek(0, os.SEEK_END)
    output.seek(max(0, size - TAIL_BYTES))
    return output.read().decode(errors="replace").strip()


def _with_log(sentence: str, output: IO[bytes]) -> str:
    said = _tail(output)
    return sentence + (f"\nEnd of the output:\n{said}" if said else "")
