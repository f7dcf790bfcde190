"""A trial's Unix socket: bound, limited, and gone when the trial is over."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from aiohttp import web

MAX_CONNECTIONS = 64
"""Connections of one trial at once; further ones are closed as they come."""
MAX_HEADERS = 100
_GOODBYE_S = 0.05
_SILENT = logging.Logger("autoloop.gateway")  # noqa: LOG001 - known to nobody else, so that
_SILENT.addHandler(logging.NullHandler())  # no agent's bytes reach a terminal in a traceback


class _Turnstile(asyncio.Protocol):
    """Hands a new connection to the web server, or closes it when there are too many."""

    def __init__(self, server: web.Server) -> None:
        self._server = server

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        if len(self._server.connections) >= MAX_CONNECTIONS:
            transport.close()
            return
        handler = self._server()
        transport.set_protocol(handler)
        handler.connection_made(transport)


@asynccontextmanager
async def listening(
    app: web.Application, path: Path, *, handlers: "set[asyncio.Task[object]]"
) -> AsyncIterator[None]:
    """Serve the application at a socket that anybody may connect to who can reach its folder."""
    runner = web.AppRunner(
        app,
        access_log=None,
        logger=_SILENT,
        max_headers=MAX_HEADERS,
        shutdown_timeout=_GOODBYE_S,
    )
    await runner.setup()
    web_server = runner.server
    assert web_server is not None  # noqa: S101 - set by setup()

    loop = asyncio.get_running_loop()
    server = await loop.create_unix_server(lambda: _Turnstile(web_server), str(path))
    try:
        # A container's non-root user must be able to connect.
        path.chmod(0o666)
        yield
    finally:
        server.close()
        await _cancel(handlers)
        await runner.cleanup()


async def _cancel(handlers: "set[asyncio.Task[object]]") -> None:
    waiting = set(handlers)
    for task in waiting:
        task.cancel()
    if waiting:
        await asyncio.wait(waiting, timeout=_GOODBYE_S)
