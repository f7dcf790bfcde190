"""One trial's proxy socket: bound, limited, and gone when the trial is over."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path

from autoloop.egress import relay
from autoloop.egress.dialing import Dialer
from autoloop.egress.exchange import MAX_HEAD_BYTES, Exchange
from autoloop.egress.policy import Policy
from autoloop.egress.refusal import RefusalError
from autoloop.egress.relay import End
from autoloop.egress.request import Request, parse_request

_ESTABLISHED = b"HTTP/1.1 200 Connection established\r\n\r\n"
_BROKEN = (OSError, EOFError, ValueError, asyncio.LimitOverrunError)
"""What a connection ends with when one side breaks it off or sends garbage in the middle."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How much and how long; seconds where not said otherwise."""

    connections: int = 128
    """Of one door at once; further ones are turned away."""
    head_s: float = 30.0
    """For a request to arrive."""
    connect_s: float = 15.0
    """For each name and each address."""
    idle_s: float = 600.0
    """Without a byte in either direction."""
    linger_s: float = 1.0
    """For a client to read why it was refused, though it is still sending."""


class Door:
    """Answers the connections of one socket."""

    def __init__(self, policy: Policy, dialer: Dialer, limits: Limits) -> None:
        self._policy = policy
        self._dialer = dialer
        self._limits = limits
        self._serving: set[asyncio.Task[None]] = set()

    @asynccontextmanager
    async def listening(self, path: Path) -> AsyncIterator[None]:
        """Serve a socket that anybody may connect to who can reach its folder."""
        server = await asyncio.start_unix_server(self._accept, str(path), limit=MAX_HEAD_BYTES)
        try:
            # A container's non-root user must be able to connect.
            path.chmod(0o666)
            yield
        finally:
            server.close()
            serving = tuple(self._serving)
            for task in serving:
                task.cancel()
            await asyncio.gather(*serving, return_exceptions=True)

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.ensure_future(self._serve(End(reader, writer)))
        self._serving.add(task)
        task.add_done_callback(self._serving.discard)

    async def _serve(self, client: End) -> None:
        try:
            with suppress(*_BROKEN):
                await self._answer(client)
                await client.finish()
        finally:
            client.hang_up()

    async def _answer(self, client: End) -> None:
        try:
            request = await self._request(client)
            length = 0 if request.is_tunnel else request.body_length
            host = await self._dialer.connect(request.host, request.port, policy=self._policy)
            try:
                await self._carry(request, client, host, length=length)
            finally:
                host.hang_up()
        except RefusalError as refusal:
            await self._refuse(client, refusal)

    async def _request(self, client: End) -> Request:
        if len(self._serving) > self._limits.connections:
            raise RefusalError(
                HTTPStatus.SERVICE_UNAVAILABLE,
                f"More than {self._limits.connections} connections at once are not taken.",
            )
        try:
            async with asyncio.timeout(self._limits.head_s):
                return parse_request(await client.reader.readuntil(b"\r\n\r\n"))
        except TimeoutError as error:
            raise RefusalError(
                HTTPStatus.REQUEST_TIMEOUT,
                f"No whole request came within {self._limits.head_s:g} s.",
            ) from error
        except asyncio.LimitOverrunError as error:
            raise RefusalError(
                HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE,
                f"The request's head is larger than {MAX_HEAD_BYTES:,} bytes.",
            ) from error

    async def _refuse(self, client: End, refusal: RefusalError) -> None:
        await client.send(refusal.answer())
        client.writer.write_eof()
        async with asyncio.timeout(self._limits.linger_s):
            while await client.reader.read(MAX_HEAD_BYTES):
                pass

    async def _carry(self, request: Request, client: End, host: End, *, length: int | None) -> None:
        loop = asyncio.get_running_loop()
        idle_s = self._limits.idle_s
        deadline = asyncio.timeout(idle_s)

        def tick() -> None:
            deadline.reschedule(loop.time() + idle_s)

        exchange = Exchange(
            request=request, body_length=length, client=client, host=host, tick=tick
        )
        try:
            async with deadline:
                if request.is_tunnel:
                    await client.send(_ESTABLISHED)
                    await relay.tunnel(client, host, tick)
                    await host.finish()
                else:
                    await exchange.carry()
                await client.finish()
        except TimeoutError as error:
            if request.is_tunnel or exchange.answered:
                raise
            raise RefusalError(
                HTTPStatus.GATEWAY_TIMEOUT, f"The host did not answer within {idle_s:g} s."
            ) from error
