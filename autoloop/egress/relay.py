"""Bytes on their way between a client and a host."""

import asyncio
import re
from collections.abc import Callable
from dataclasses import dataclass

_CHUNK = 65_536
_CHUNK_LINE = re.compile(rb"([0-9A-Fa-f]{1,15})[ \t]*(?:;[^\r\n]*)?\r\n")


@dataclass(frozen=True, slots=True)
class End:
    """One of the two ends of a connection."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def finish(self) -> None:
        """End it once everything is sent."""
        self.writer.close()
        await self.writer.wait_closed()

    def hang_up(self) -> None:
        """End it at once; what was not sent yet is lost."""
        self.writer.transport.abort()

    async def send(self, raw: bytes) -> None:
        """Send, and wait while the other side is slow to read."""
        self.writer.write(raw)
        await self.writer.drain()


Tick = Callable[[], None]
"""Called for everything that moves, so that a silent connection can be told from a busy one."""


async def tunnel(client: End, host: End, tick: Tick) -> None:
    """Carry bytes both ways until both sides are done, or one of them breaks off.

    Raises:
        BrokenPipeError: one side broke off.
    """
    try:
        async with asyncio.TaskGroup() as group:
            group.create_task(_pump(client, host, tick))
            group.create_task(_pump(host, client, tick))
    except* OSError as broken:
        raise BrokenPipeError("one side of the tunnel broke off") from broken


async def _pump(source: End, target: End, tick: Tick) -> None:
    await stream(source, target, tick)
    target.writer.write_eof()


async def stream(source: End, target: End, tick: Tick) -> None:
    """Carry everything that comes until the source ends."""
    while chunk := await source.reader.read(_CHUNK):
        await target.send(chunk)
        tick()


async def body(client: End, host: End, *, length: int | None, tick: Tick) -> None:
    """Carry one request's body and not a byte more.

    Raises:
        ValueError: chunks that are none.
        IncompleteReadError: the client ended in the middle.
    """
    if length is not None:
        await _exactly(client, host, length, tick)
        return
    while size := await _chunk_size(client, host):
        await _exactly(client, host, size + len("\r\n"), tick)
    while (line := await client.reader.readuntil(b"\r\n")) != b"\r\n":
        await host.send(line)
    await host.send(line)


async def _exactly(client: End, host: End, length: int, tick: Tick) -> None:
    while length:
        chunk = await client.reader.read(min(length, _CHUNK))
        if not chunk:
            raise asyncio.IncompleteReadError(chunk, length)
        await host.send(chunk)
        length -= len(chunk)
        tick()


async def _chunk_size(client: End, host: End) -> int:
    line = await client.reader.readuntil(b"\r\n")
    found = _CHUNK_LINE.fullmatch(line)
    if found is None:
        raise ValueError(f"{line[:40]!r} begins no chunk")
    await host.send(line)
    return int(found[1], 16)
