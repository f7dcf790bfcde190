"""`env`: the task container, as agent.py sees it."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass

from autoloop.harness.door import Answer, Door, Json
from autoloop.harness.errors import EnvUnavailable, RequestRefused


@dataclass(frozen=True)
class RunResult:
    """What a command in the task container gave."""

    stdout: str
    stderr: str
    exit_code: int
    timed_out: bool
    """The command was killed at `timeout_s`; what it printed until then is here."""
    truncated_bytes: int
    """Bytes of output left out of the middle; a note stands where they were."""
    seconds: float


class Env:
    """The task container. All methods may be called from several threads at once."""

    def __init__(
        self,
        door: Door,
        *,
        mcp_servers: Sequence[Json] = (),
        skills_dir: str | None = None,
        trajectory: Json | None = None,
    ) -> None:
        self._door = door
        self.mcp_servers = list(mcp_servers)
        """MCP servers of the task, as commands in its container reach them: `name`, `transport`,
        `url`, `command`, `args`."""
        self.skills_dir = skills_dir
        """Folder of the task's container with skills, or None."""
        self.trajectory = trajectory
        """ATIF document of what went before the task's instruction, or None."""

    def run(
        self, command: str, timeout_s: float | None = 120.0, user: str | None = None
    ) -> RunResult:
        """Run a command with bash and wait for it; None waits as long as the trial lasts.

        Every command starts in the task's working directory with a fresh shell, as the task's
        user for the agent or, where the task names none, as `user`. A command that fails is no
        exception: look at `exit_code`.

        Raises:
            PermissionError: the task does not let the agent be this user.
        """
        body = self._post("run", {"command": command, "timeout_s": timeout_s, "user": user})
        return RunResult(
            stdout=body["stdout"],
            stderr=body["stderr"],
            exit_code=body["exit_code"],
            timed_out=body["timed_out"],
            truncated_bytes=body["truncated_bytes"],
            seconds=body["seconds"],
        )

    def read(self, path: str) -> bytes:
        """The content of a file; raises `FileNotFoundError` when there is none."""
        return base64.b64decode(self._post("read", {"path": path})["content_base64"])

    def write(self, path: str, data: bytes | str) -> None:
        """Write a file, making its parent folders. Text is written as UTF-8."""
        raw = data.encode() if isinstance(data, str) else data
        self._post("write", {"path": path, "content_base64": base64.b64encode(raw).decode()})

    def note(self, text: str) -> None:
        """Leave a remark in the trace, for whoever reads it later."""
        _check(self._door.post("/autoloop/note", {"text": str(text)}))

    def _post(self, action: str, body: Json) -> Json:
        answer = self._door.post(f"/autoloop/env/{action}", body)
        if answer.status == 403:
            raise PermissionError(answer.error)
        if answer.status == 404:
            raise FileNotFoundError(answer.error)
        return _check(answer)


def _check(answer: Answer) -> Json:
    if answer.status >= 500:
        raise EnvUnavailable(answer.error)
    if answer.status >= 400:
        raise RequestRefused(answer.error)
    return answer.body
