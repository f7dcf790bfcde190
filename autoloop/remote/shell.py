"""The shell of one container behind Harbor: commands with a deadline, scripts with an answer."""

import base64
import math
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass, field

from harbor.environments.base import BaseEnvironment, ExecResult

from autoloop.records import CommandResult
from autoloop.remote.bridge import Bridge, error_of, result_of
from autoloop.remote.scripts import KILL_MARKED, RUN, Answer, answer_in, call

ROOT = "root"
ROOTS = frozenset({"0", "0:0", "root", "root:root"})
GRACE_S = 60
"""How much longer than its own deadline a command may take to be ended and to report."""
SCRIPT_TIMEOUT_S = 600
TIMED_OUT, CANNOT_RUN = 124, 126
LONGEST_LINE = 120_000
"""The kernel takes 128 KiB in one argument."""
TOO_LONG = "The command is too long: write its text to a file, and run that."
SHELL_MISSING = frozenset({126, 127})


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """A command to run, and how much of its output to keep."""

    command: str
    timeout_s: float | None = None
    user: str | None = None
    env: Mapping[str, str] = field(default_factory=dict)
    workdir: str | None = None
    output_limit: int = 64_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What a script of ours ended with."""

    code: int
    answer: Answer
    output: str
    """All of it, for an error's message."""


class Shell:
    """Runs commands in one service of an environment; any thread but the bridge's may call it."""

    def __init__(
        self, bridge: Bridge, environment: BaseEnvironment, *, service: str | None = None
    ) -> None:
        """`service` is None for the main container."""
        self._bridge = bridge
        self._environment = environment
        self._service = service
        self._language = "bash" if service is None else "sh"
        self._at_work: set[str] = set()

    def run(self, order: Order) -> CommandResult | None:
        """Run a command to its end or its deadline; None when the container does not answer.

        Raises:
            EngineError: Harbor's environment failed in another way.
        """
        token = secrets.token_hex(12)
        started = time.monotonic()
        limit = "" if order.timeout_s is None else f"{max(order.timeout_s, 0.01):.2f}"
        command = base64.b64encode(order.command.encode(errors="replace")).decode()
        line = call(RUN, token, limit, order.output_limit, self._language, command)
        if len(line) > LONGEST_LINE:
            return CommandResult(exit_code=CANNOT_RUN, stdout="", stderr=TOO_LONG)
        outer_s = None if order.timeout_s is None else math.ceil(order.timeout_s) + GRACE_S
        self._at_work.add(token)
        done = self._bridge.finish(self._exec(line, order=order, timeout_s=outer_s))
        self._at_work.discard(token)
        seconds = time.monotonic() - started
        if error_of(done) is not None and outer_s is not None and seconds >= outer_s:
            self._kill(token)
            return CommandResult(exit_code=TIMED_OUT, stdout="", timed_out=True, seconds=seconds)
        result = result_of(done, doing="running a command")
        answer = answer_in(result.stdout or "", token)
        if not answer.is_whole:
            return self._failed(result, seconds)
        code, late = map(int, answer.word("end").split())
        if late:
            self._kill(token)
        return _report(answer, TIMED_OUT if late else code, late=bool(late), seconds=seconds)

    def script(self, script: str, *arguments: object, doing: str) -> Said:
        """Run a script of ours as root; its first argument, a token, is put before the others.

        Whether it did its work is not to be believed where an agent is root.
        """
        token = secrets.token_hex(12)
        line = call(script, token, *arguments)
        order = Order(command=line, user=ROOT, workdir="/")
        work = self._exec(line, order=order, timeout_s=SCRIPT_TIMEOUT_S)
        result = self._bridge.run(work, doing=doing)
        output = "\n".join(part for part in (result.stdout, result.stderr) if part)
        return Said(code=result.return_code, answer=answer_in(output, token), output=output)

    def interrupt(self) -> None:
        """End the commands that other threads wait for."""
        for token in tuple(self._at_work):
            self._kill(token)

    def is_alive(self) -> bool:
        """Whether the container still takes commands."""
        done = self._bridge.finish(self._exec("true", order=Order(command="true", user=ROOT)))
        return error_of(done) is None and done.result().return_code == 0

    async def _exec(self, line: str, *, order: Order, timeout_s: int | None = None) -> ExecResult:
        user = ROOT if order.user in ROOTS else order.user
        env = dict(order.env) or None
        if self._service is None:
            return await self._environment.exec(
                line, cwd=order.workdir, env=env, timeout_sec=timeout_s, user=user
            )
        return await self._environment.service_exec(
            line,
            service=self._service,
            cwd=order.workdir,
            env=env,
            timeout_sec=timeout_s,
            user=user,
        )

    def _kill(self, token: str) -> None:
        """End as root what the command's own user could not end."""
        self.script(KILL_MARKED, f"AUTOLOOP_EXEC={token}", doing="ending a command")

    def _failed(self, result: ExecResult, seconds: float) -> CommandResult | None:
        """A user, folder or shell that is missing is a result; a container that is gone is none."""
        if result.return_code not in SHELL_MISSING and not self.is_alive():
            return None
        text = "\n".join(part for part in (result.stdout, result.stderr) if part)
        code = result.return_code or CANNOT_RUN
        return CommandResult(exit_code=code, stdout="", stderr=text[-4_000:], seconds=seconds)


def _report(answer: Answer, code: int, *, late: bool, seconds: float) -> CommandResult:
    out, cut_out = _stream(answer, "out")
    err, cut_err = _stream(answer, "err")
    return CommandResult(
        exit_code=code,
        stdout=out,
        stderr=err,
        truncated_bytes=cut_out + cut_err,
        timed_out=late,
        seconds=seconds,
    )


def _stream(answer: Answer, name: str) -> tuple[str, int]:
    """What was kept of a stream, and how many bytes were left out."""
    head = bytes(answer.data.get(name, b""))
    tail = bytes(answer.data.get(f"{name}_tail", b""))
    cut = int(answer.word(name) or 0) - len(head) - len(tail)
    if cut <= 0:
        return (head + tail).decode(errors="replace"), 0
    text = f"{head.decode(errors='replace')}\n[... {cut:,} bytes cut ...]\n"
    return text + tail.decode(errors="replace"), cut
