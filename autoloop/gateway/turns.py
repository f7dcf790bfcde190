"""The turns of one trial: begun by the host, fetched and ended by the agent's runtime."""

import asyncio
import threading

from autoloop.errors import AgentError, RunError
from autoloop.ports import Turn
from autoloop.records import AgentEnd

MAX_WAITING = 8
"""Requests for the next turn that may wait at once; the runtime sends one."""


class NoTurnError(AgentError):
    """Something was asked for between two calls of `solve`."""

    def __init__(self) -> None:
        super().__init__("No turn is going on: this is done only while `solve` runs.")


class Turns:
    """One turn after the other. Any thread may call; `fetch` belongs to the event loop."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._changed = threading.Condition()
        self._news = asyncio.Event()
        self._waiting = 0
        self._turn: Turn | None = None
        self._end: AgentEnd | None = None
        self._stopped: AgentEnd | None = None

    @property
    def over(self) -> bool:
        """Whether the agent is gone, so that no turn can be fetched any more."""
        return self._stopped is not None

    def current(self) -> Turn:
        """The turn that is going on.

        Raises:
            NoTurnError: there is none.
        """
        if (turn := self._going_on()) is None:
            raise NoTurnError
        return turn

    def begin(self, turn: Turn) -> None:
        """Let the next turn be fetched; it ends at once when the agent is gone.

        Raises:
            RunError: the turn before has not ended.
        """
        with self._changed:
            if self._turn is not None and self._end is None:
                raise RunError("The agent's turn before has not ended; no other can begin.")
            self._turn = turn
            self._end = self._stopped
        self._tell()

    def end(self, end: AgentEnd) -> None:
        """End the turn that is going on.

        Raises:
            NoTurnError: there is none.
        """
        with self._changed:
            if self._turn is None or self._end is not None:
                raise NoTurnError
            self._end = end
            self._changed.notify_all()

    def stop(self, end: AgentEnd) -> None:
        """The agent is gone: what has no end yet, and every later turn, ends like this."""
        with self._changed:
            self._stopped = self._stopped or end
            self._end = self._end or self._stopped
            self._changed.notify_all()
        self._tell()

    def wait(self, timeout_s: float | None) -> AgentEnd | None:
        """Wait until the turn has ended; None at the timeout."""
        with self._changed:
            self._changed.wait_for(lambda: self._end is not None, timeout_s)
            return self._end

    @property
    def crowded(self) -> bool:
        """Whether no further request may wait for a turn."""
        return self._waiting >= MAX_WAITING

    async def fetch(self) -> Turn | None:
        """The turn that is going on, else the next one; None when the agent is gone."""
        self._waiting += 1
        try:
            while not self.over:
                if (turn := self._going_on()) is not None:
                    return turn
                self._news.clear()
                await self._news.wait()
        finally:
            self._waiting -= 1
        return None

    def _going_on(self) -> Turn | None:
        with self._changed:
            return self._turn if self._end is None else None

    def _tell(self) -> None:
        try:
            self._loop.call_soon_threadsafe(self._news.set)
        except RuntimeError:
            # The gateway was closed: nobody is left who could wait.
            if not self._loop.is_closed():
                raise
