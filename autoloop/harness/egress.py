"""The way out of a task container whose hosts are limited: a port on its loopback.

Runs in a container of its own that shares only the network of the task container, and carries what
comes to the port to the proxy's Unix socket on the host, which decides what is let through. One
thread for all, unlike `forward`: a task may open more connections than it has processes.
"""

from __future__ import annotations

import asyncio
import os
import sys

PROXY_PORT = 3128
LISTENING = "listening"
"""The line that says that the port is open."""
SOCKET = os.environ.get("AUTOLOOP_SOCKET", "/run/autoloop/sock")
_CHUNK = 65_536


async def main() -> None:
    """Forward until the container is removed."""
    port = int(os.environ.get("AUTOLOOP_PROXY_PORT", PROXY_PORT))
    try:
        server = await asyncio.start_server(_carry, "127.0.0.1", port, backlog=128)
    except OSError as error:
        sys.exit(f"Port {port} of the container's loopback cannot be opened: {error}")
    print(LISTENING, flush=True)  # noqa: T201 - what the trial waits for
    await server.serve_forever()


async def _carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        proxy_reader, proxy_writer = await asyncio.open_unix_connection(SOCKET)
    except OSError:
        # The phase is over: the client sees its connection closed.
        writer.close()
        return
    ends = (writer, proxy_writer)
    await asyncio.gather(_pump(reader, proxy_writer, ends), _pump(proxy_reader, writer, ends))
    for end in ends:
        end.close()


async def _pump(
    source: asyncio.StreamReader,
    target: asyncio.StreamWriter,
    ends: tuple[asyncio.StreamWriter, asyncio.StreamWriter],
) -> None:
    try:
        while chunk := await source.read(_CHUNK):
            target.write(chunk)
            await target.drain()
        target.write_eof()
    except OSError:
        # One side is gone; the other must not wait for it. What it was sent still arrives.
        for end in ends:
            end.close()


if __name__ == "__main__":
    asyncio.run(main())
