"""How much one trial may have on its way into this process at once."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp import web

MAX_BODY_BYTES = 16 * 1024 * 1024
MAX_BYTES_AT_ONCE = 2 * MAX_BODY_BYTES
"""Of all bodies of a trial that are read or worked on; further requests wait, unread."""


class Bodies:
    """Admits the bodies of one trial's requests, as many as fit. For one event loop."""

    def __init__(self, *, most: int = MAX_BYTES_AT_ONCE) -> None:
        self._left = most
        self._freed = asyncio.Condition()

    @asynccontextmanager
    async def room_for(self, request: web.Request) -> AsyncIterator[None]:
        """Wait until the body fits beside the others; it is held until the request is answered."""
        size = _size(request)
        async with self._freed:
            await self._freed.wait_for(lambda: size <= self._left)
            self._left -= size
        try:
            yield
        finally:
            self._left += size
            async with self._freed:
                self._freed.notify_all()


def _size(request: web.Request) -> int:
    """What it says of itself, or the most that is taken; it cannot send more than it said."""
    if not request.body_exists:
        return 0
    said = request.content_length
    return MAX_BODY_BYTES if said is None else min(said, MAX_BODY_BYTES)
