"""The task container's side of a trial's socket: what `env` of agent.py reaches."""

import asyncio
import base64
import binascii
import json
from collections.abc import Callable
from functools import partial
from typing import Annotated, Literal

from aiohttp import web
from pydantic import Field, JsonValue

from autoloop.errors import AutoloopError, DiskQuotaError, InfraError
from autoloop.gateway.session import TrialSession
from autoloop.gateway.threads import Threads
from autoloop.gateway.wire.asked import RequestError, WireModel, read
from autoloop.records import AgentEnd, AgentNote, CommandResult, EnvCall, McpServer

MAX_PARALLEL_ACTIONS = 8
"""Actions of one trial in its task container at once; further ones wait."""
TRIAL_ENDED = "The trial has ended."
_CROWDED = "Too many requests wait for the next turn already."
_BROKEN_OFF = CommandResult(
    exit_code=-1, stdout="", stderr="[autoloop: the trial ended while this was going on]"
)


class _Run(WireModel):
    command: str
    timeout_s: Annotated[float, Field(gt=0, le=604_800, allow_inf_nan=False)] | None = None
    user: Annotated[str, Field(min_length=1, max_length=256)] | None = None


class _Read(WireModel):
    path: str = Field(min_length=1)


class _Write(WireModel):
    path: str = Field(min_length=1)
    content_base64: str


class _Note(WireModel):
    text: str


class _Finish(WireModel):
    finished: bool
    error: str | None = None


class EnvRoutes:
    """Start message, commands, files, notes and the end of a turn."""

    def __init__(self, session: TrialSession, threads: Threads) -> None:
        self._session = session
        self._threads = threads
        self._parallel = asyncio.Semaphore(MAX_PARALLEL_ACTIONS)

    async def start(self, _request: web.Request) -> web.Response:
        """GET /autoloop/start: wait for the next turn; what to run, on what."""
        self._session.remember_began()
        if self._session.turns.crowded:
            return _refusal(409, _CROWDED)
        turn = await self._session.turns.fetch()
        if turn is None:
            return _refusal(410, TRIAL_ENDED)
        grant = self._session.grant
        body: dict[str, JsonValue] = {
            "agent_source": grant.agent_source,
            "instruction": turn.instruction,
            "mcp_servers": [_server(server) for server in grant.mcp_servers],
            "skills_dir": grant.skills_dir,
            "trajectory": grant.trajectory and json.loads(grant.trajectory),
        }
        return web.json_response(body)

    async def run(self, request: web.Request) -> web.Response:
        """POST /autoloop/env/run."""
        asked = read(_Run, await request.read())
        env = self._session.turns.current().env
        denied: list[str] = []

        def action() -> CommandResult:
            try:
                return env.run(asked.command, timeout_s=asked.timeout_s, user=asked.user)
            except PermissionError as error:
                denied.append(str(error))
                return CommandResult(exit_code=-1, stdout="", stderr=str(error))
            except (OSError, ValueError) as error:
                # What a command does is in its result: this is the way to the container.
                raise InfraError(f"A command could not be sent: {error!r}.") from error

        result = await self._act("run", asked.command, action)
        return _refusal(403, denied[0]) if denied else web.json_response(_result(result))

    async def read(self, request: web.Request) -> web.Response:
        """POST /autoloop/env/read."""
        asked = read(_Read, await request.read())
        env = self._session.turns.current().env
        contents: list[bytes] = []

        def action() -> CommandResult:
            contents.append(env.read(asked.path))
            return _done(_shown(contents[0]))

        result = await self._act("read", asked.path, action)
        if result.exit_code:
            return _file_error(result)
        return web.json_response({"content_base64": base64.b64encode(contents[0]).decode()})

    async def write(self, request: web.Request) -> web.Response:
        """POST /autoloop/env/write."""
        asked = read(_Write, await request.read())
        try:
            data = base64.b64decode(asked.content_base64, validate=True)
        except binascii.Error as error:
            raise RequestError("content_base64 is no base64.") from error
        env = self._session.turns.current().env

        def action() -> CommandResult:
            env.write(asked.path, data)
            return _done(f"{len(data)} bytes written:\n{_shown(data)}")

        result = await self._act("write", asked.path, action)
        return _file_error(result) if result.exit_code else web.json_response({})

    async def note(self, request: web.Request) -> web.Response:
        """POST /autoloop/note."""
        asked = read(_Note, await request.read())
        self._session.recorder.add(AgentNote(at=self._session.clock.now(), text=asked.text))
        return web.json_response({})

    async def finish(self, request: web.Request) -> web.Response:
        """POST /autoloop/finish: `solve` returned or failed, the turn is over."""
        asked = read(_Finish, await request.read())
        error = asked.error and asked.error[-20_000:]
        self._session.turns.end(AgentEnd(finished=asked.finished, error=error))
        return web.json_response({})

    async def _act(
        self,
        kind: Literal["run", "read", "write"],
        argument: str,
        action: Callable[[], CommandResult],
    ) -> CommandResult:
        """Do it in a thread and record it, whether it ends well, badly, or with the trial."""
        clock = self._session.clock
        async with self._parallel:
            at, started = clock.now(), clock.monotonic()
            result = _BROKEN_OFF
            try:
                result = await self._threads.do(partial(_tolerate_file_errors, action))
            except DiskQuotaError as error:
                # Nothing can be done here any more, so that the agent need not go on either.
                self._session.stop(AgentEnd(finished=False, error=str(error)))
                result = CommandResult(exit_code=-1, stdout="", stderr=str(error))
                raise
            except AutoloopError as error:
                result = CommandResult(exit_code=-1, stdout="", stderr=str(error))
                raise
            finally:
                seconds = clock.monotonic() - started
                self._session.recorder.add(
                    EnvCall(at=at, seconds=seconds, action=kind, argument=argument, result=result)
                )
        return result


def _done(text: str) -> CommandResult:
    return CommandResult(exit_code=0, stdout=text)


def _shown(data: bytes) -> str:
    """What the trace shows of a file: its text, or that it has none."""
    if b"\0" in data:
        return f"[autoloop: {len(data)} bytes that are no text]"
    return data.decode(errors="replace")


def _tolerate_file_errors(action: Callable[[], CommandResult]) -> CommandResult:
    """A file that cannot be read or written is the agent's affair: part of the result."""
    try:
        return action()
    except FileNotFoundError as error:
        return CommandResult(exit_code=2, stdout="", stderr=str(error))
    except (ValueError, OSError) as error:
        return CommandResult(exit_code=1, stdout="", stderr=str(error))


def _file_error(result: CommandResult) -> web.Response:
    return _refusal(404 if result.exit_code == 2 else 400, result.stderr)


def _refusal(status: int, sentence: str) -> web.Response:
    return web.json_response({"error": {"message": sentence}}, status=status)


def _result(result: CommandResult) -> dict[str, JsonValue]:
    return {
        "exit_code": result.exit_code,
        "stdout": result.stdout,
        "stderr": result.stderr,
        "truncated_bytes": result.truncated_bytes,
        "timed_out": result.timed_out,
        "seconds": result.seconds,
    }


def _server(server: McpServer) -> dict[str, JsonValue]:
    return {
        "name": server.name,
        "transport": server.transport,
        "url": server.url,
        "command": server.command,
        "args": list(server.args),
    }
