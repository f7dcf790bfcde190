"""The way from our threads to the event loop that Harbor's environments live on."""

import asyncio
import contextvars
import threading
from collections.abc import Coroutine, Iterator
from concurrent.futures import CancelledError, Future, wait
from contextlib import contextmanager
from typing import Self, TypeVar

from autoloop.errors import EngineError

T = TypeVar("T")
MESSAGE_LENGTH = 1_500


class Bridge:
    """Runs coroutines on an event loop of another thread. Any thread but the loop's may call it."""

    def __init__(
        self, loop: asyncio.AbstractEventLoop, context: contextvars.Context | None = None
    ) -> None:
        """Every coroutine sees the variables of `context`; None is an empty one."""
        self._loop = loop
        self._context = context or contextvars.Context()

    @classmethod
    def here(cls) -> Self:
        """A bridge back to the running loop, with the variables of the running task.

        Harbor keeps what `--ae` adds to an agent's commands in such a variable.
        """
        return cls(asyncio.get_running_loop(), contextvars.copy_context())

    def finish(self, work: Coroutine[object, object, T]) -> "Future[T]":
        """Wait until it has ended; its result or exception is in the future."""
        # A copy, since two threads cannot be in one context at a time.
        context = self._context.copy()
        future = context.run(asyncio.run_coroutine_threadsafe, work, self._loop)
        wait([future])
        return future

    def run(self, work: Coroutine[object, object, T], *, doing: str) -> T:
        """Wait for its result.

        Raises:
            EngineError: it raised anything at all; each backend has errors of its own.
        """
        return result_of(self.finish(work), doing=doing)


def result_of(done: "Future[T]", *, doing: str) -> T:
    """The result of something of Harbor's that has ended.

    Raises:
        EngineError: it raised anything at all.
    """
    error = error_of(done)
    if error is None:
        return done.result()
    raise EngineError(f"Harbor's environment failed while {doing}: {said(error)}") from error


def error_of(done: "Future[T]") -> BaseException | None:
    """What it ended with in place of a result, or None."""
    try:
        return done.exception()
    except CancelledError as gone:
        return gone


def said(error: BaseException) -> str:
    """What a foreign exception says, with its end, where builders put the reason."""
    text = str(error) or repr(error)
    return text if len(text) <= MESSAGE_LENGTH else f"[...] {text[-MESSAGE_LENGTH:]}"


@contextmanager
def own_loop() -> Iterator[asyncio.AbstractEventLoop]:
    """An event loop in a thread of its own; leaving the context cancels what still runs on it."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="autoloop-harbor", daemon=True)
    thread.start()
    try:
        yield loop
    finally:
        wait([asyncio.run_coroutine_threadsafe(_cancel_all(), loop)])
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


async def _cancel_all() -> None:
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)
    await asyncio.get_running_loop().shutdown_asyncgens()
