"""Commands in a container: streamed with a deadline, bounded, and ended with all their children."""

import select
import socket
import ssl
import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, cast

import docker.errors
from docker.api.client import APIClient

from autoloop.records import CommandResult
from autoloop.sandbox.engine import API_TIMEOUT_S, explanation, refuse_errors, url
from autoloop.sandbox.output import STDERR, STDOUT, Excerpt, Frames

TIMED_OUT, CANNOT_RUN, STRANGE_END = 124, 126, 255
ROOT = "0:0"
"""By number: an image without /etc/passwd has no user named root."""
RECEIVE_BYTES = 256 * 1024
FIRST_LOOK_S, LONGEST_LOOK_S = 0.1, 1.0
"""When the engine is asked whether the command still runs: at first, and at the longest."""
DRAIN_S = 0.2
"""How long output is still taken from children that a finished command left behind."""
SETTLE_S = 10.0
"""How long the engine may take, after the output ended, to know the exit code."""
SCRIPT_TIMEOUT_S = 20.0

# Only what every sh has built in: the image may lack ps, pkill and grep. A loop because processes
# fork while we look; `read` drops the NUL bytes between the variables.
KILL_MARKED = r"""
mark="$1"
for round in 1 2 3 4 5; do
  found=
  for folder in /proc/[0-9]*; do
    pid="${folder#/proc/}"
    [ "$pid" = "$$" ] && continue
    while IFS= read -r text || [ -n "$text" ]; do
      case "$text" in *"$mark"*) kill -9 "$pid" && found=1; break;; esac
    done < "$folder/environ"
  done
  [ -z "$found" ] && exit 0
done 2>/dev/null
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """What to run in a container, and how much of its output to keep."""

    argv: tuple[str, ...]
    timeout_s: float | None = None
    user: str | None = None
    env: Mapping[str, str] = field(default_factory=dict)
    workdir: str | None = None
    output_limit: int = 64_000


def run_command(api: APIClient, container: str, command: Command) -> CommandResult:
    """Run a command; at its deadline end it with everything that inherited its environment.

    Raises:
        docker.errors.APIError: the container is not running.
    """
    execution = Execution(api, container, command)
    result = execution.result()
    if result.timed_out:
        run_script(api, container, KILL_MARKED, argument=execution.mark)
    return result


def run_script(api: APIClient, container: str, script: str, *, argument: str) -> CommandResult:
    """Run a script of ours as root. Whether it did its work is not to be believed.

    The agent may have replaced the image's sh; it may then hang, too.
    """
    argv = ("sh", "-c", script, "sh", argument)
    command = Command(argv=argv, timeout_s=SCRIPT_TIMEOUT_S, user=ROOT, workdir="/", output_limit=0)
    return Execution(api, container, command).result()


class Execution:
    """One command in one container, from start to exit code; at its deadline it is left alone.

    `mark` is in the environment of everything that the command starts.
    """

    def __init__(self, api: APIClient, container: str, command: Command) -> None:
        self._api = api
        self._container = container
        self._command = command
        self.mark = f"AUTOLOOP_EXEC={uuid.uuid4().hex}"
        self._frames = Frames()
        self._kept = {
            STDOUT: Excerpt(command.output_limit),
            STDERR: Excerpt(command.output_limit),
        }

    def result(self) -> CommandResult:
        """Run to the end or to the deadline.

        Raises:
            docker.errors.APIError: the container is not running.
        """
        started = time.monotonic()
        timeout_s = self._command.timeout_s
        deadline = None if timeout_s is None else started + timeout_s
        exec_id = self._create()
        try:
            with self._stream(exec_id) as (stream, first):
                self._take(first)
                finished = self._follow(stream, exec_id, deadline=deadline)
        except docker.errors.APIError as error:
            self._refuse_unless_command_is_at_fault(error)
            return CommandResult(exit_code=CANNOT_RUN, stdout="", stderr=explanation(error))
        code = self._exit_code(exec_id) if finished else TIMED_OUT
        return self._report(code, timed_out=not finished, seconds=time.monotonic() - started)

    def _create(self) -> str:
        command = self._command
        created = self._api.exec_create(
            self._container,
            list(command.argv),
            user=command.user or "",
            environment=[*(f"{name}={value}" for name, value in command.env.items()), self.mark],
            workdir=command.workdir,
        )
        return str(created["Id"])

    @contextmanager
    def _stream(self, exec_id: str) -> Iterator[tuple[socket.socket, bytes]]:
        """The connection that carries the output, and what of it has already been read."""
        response = self._api.post(
            url(self._api, f"/exec/{exec_id}/start"),
            json={"Tty": False, "Detach": False},
            headers={"Connection": "Upgrade", "Upgrade": "tcp"},
            stream=True,
            timeout=API_TIMEOUT_S,
        )
        refuse_errors(response)
        with response:
            # The way the SDK takes over the socket, but it would lose what came with the headers.
            reader = cast("Any", response.raw)._fp.fp  # noqa: SLF001
            stream: socket.socket = reader.raw._sock  # noqa: SLF001
            stream.settimeout(0)
            try:
                first = bytes(reader.peek())
            except ssl.SSLWantReadError:
                first = b""
            yield stream, first

    def _take(self, received: bytes) -> None:
        for number, piece in self._frames.feed(received):
            self._kept[STDERR if number == STDERR else STDOUT].add(piece)

    def _follow(self, stream: socket.socket, exec_id: str, *, deadline: float | None) -> bool:
        """Take the output until the command has ended; False at the deadline.

        The end of the output is not the end of the command: children left behind hold it open.
        """
        pause_s = FIRST_LOOK_S
        next_look = time.monotonic() + pause_s
        while True:
            ends_at = next_look if deadline is None else min(next_look, deadline)
            received = _receive(stream, ends_at - time.monotonic())
            if received == b"":
                return True
            if received is not None:
                self._take(received)
            now = time.monotonic()
            if deadline is not None and now >= deadline:
                return False
            if now >= next_look:
                if not self._is_running(exec_id):
                    self._drain(stream)
                    return True
                pause_s = min(2 * pause_s, LONGEST_LOOK_S)
                next_look = now + pause_s

    def _drain(self, stream: socket.socket) -> None:
        """Take what the ended command printed last, but not what its children go on printing."""
        until = time.monotonic() + DRAIN_S
        while received := _receive(stream, until - time.monotonic()):
            self._take(received)
            if time.monotonic() > until:
                return

    def _is_running(self, exec_id: str) -> bool:
        return bool(self._api.exec_inspect(exec_id)["Running"])

    def _exit_code(self, exec_id: str) -> int:
        """The exit code, for which the engine may need a moment after the output has ended."""
        give_up = time.monotonic() + SETTLE_S
        pause_s = 0.001
        while (state := self._api.exec_inspect(exec_id))["Running"]:
            if time.monotonic() > give_up:
                return STRANGE_END
            time.sleep(pause_s)
            pause_s = min(2 * pause_s, 0.1)
        code = state["ExitCode"]
        return CANNOT_RUN if code is None else int(code)

    @staticmethod
    def _refuse_unless_command_is_at_fault(error: docker.errors.APIError) -> None:
        """A user, folder or program that is not there is an ordinary result; the rest is not."""
        if error.status_code in {404, 409} or "no space left" in explanation(error).lower():
            raise error

    def _report(self, code: int, *, timed_out: bool, seconds: float) -> CommandResult:
        out, err = self._kept[STDOUT], self._kept[STDERR]
        return CommandResult(
            exit_code=code,
            stdout=out.text(),
            stderr=err.text(),
            truncated_bytes=out.cut_bytes + err.cut_bytes,
            timed_out=timed_out,
            seconds=seconds,
        )


def _receive(stream: socket.socket, within_s: float) -> bytes | None:
    """What came within the time, b"" at the end, None when nothing came."""
    if not (isinstance(stream, ssl.SSLSocket) and stream.pending()):
        # poll, not select: file descriptors above 1023 are usual with many trials.
        poll = select.poll()
        poll.register(stream, select.POLLIN)
        if not poll.poll(max(within_s, 0) * 1000):
            return None
    try:
        return stream.recv(RECEIVE_BYTES)
    except (BlockingIOError, ssl.SSLWantReadError):
        return None
