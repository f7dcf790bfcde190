"""Blocking work, done in threads that the event loop can wait for and leave behind."""

import asyncio
import threading
from collections.abc import Callable
from functools import partial
from queue import Empty, SimpleQueue
from typing import Generic, TypeVar

from autoloop.errors import AutoloopError, InfraError

T = TypeVar("T")
KEPT_S = 10.0


class Threads:
    """Daemon threads, as many as there is work at once; one that is free waits for the next work.

    Daemon threads, because a model that answers after ten minutes must not keep a process alive
    that the user has ended.
    """

    def __init__(self, *, kept_s: float = KEPT_S) -> None:
        """`kept_s` is how long a thread waits for work before it ends."""
        self._kept_s = kept_s
        self._works: SimpleQueue[Callable[[], None] | None] = SimpleQueue()
        self._changing = threading.Lock()
        self._free = 0
        """Threads that wait and for which no work is on its way."""

    async def do(
        self,
        work: Callable[[], T],
        *,
        late: Callable[[T], None] | None = None,
        late_error: Callable[[AutoloopError], None] | None = None,
    ) -> T:
        """Do blocking work in a thread and give its result or its error.

        When the waiting task is cancelled the work cannot be stopped; `late` or `late_error` then
        receives what came of it, on the event loop.

        Raises:
            InfraError: the work ended with an error that its contract does not name; the traceback
                is printed by `threading.excepthook`.
        """
        promise = _Promise(late, late_error)
        self._give(partial(_do, work, promise))
        return await promise.future

    def close(self) -> None:
        """Let the threads end that wait, and those at work after it."""
        self._kept_s = 0.0
        while self._took_free():
            self._works.put(None)

    def _give(self, work: Callable[[], None]) -> None:
        if self._took_free():
            self._works.put(work)
            return
        name = "autoloop-gateway-work"
        threading.Thread(target=self._work, args=(work,), name=name, daemon=True).start()

    def _work(self, work: Callable[[], None] | None) -> None:
        while work is not None:
            work()
            with self._changing:
                self._free += 1
            work = self._next()

    def _next(self) -> Callable[[], None] | None:
        """The next work; None when there was none for long enough."""
        try:
            return self._works.get(timeout=self._kept_s)
        except Empty:
            # Where none is free any more, work for this one is on its way.
            return None if self._took_free() else self._works.get()

    def _took_free(self) -> bool:
        with self._changing:
            taken = self._free > 0
            self._free -= taken
            return taken


class _Promise(Generic[T]):
    """A result on its way from a thread to the event loop."""

    def __init__(
        self,
        late: Callable[[T], None] | None,
        late_error: Callable[[AutoloopError], None] | None,
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._late = late
        self._late_error = late_error
        self.future: asyncio.Future[T] = self._loop.create_future()

    def keep(self, result: T) -> None:
        self._post(partial(self._deliver, result))

    def fail(self, error: Exception) -> None:
        self._post(partial(self._raise, error))

    def _deliver(self, result: T) -> None:
        if not self.future.done():
            self.future.set_result(result)
        elif self._late is not None:
            self._late(result)

    def _raise(self, error: Exception) -> None:
        if not self.future.done():
            self.future.set_exception(error)
        elif self._late_error is not None and isinstance(error, AutoloopError):
            self._late_error(error)

    def _post(self, action: Callable[[], None]) -> None:
        try:
            self._loop.call_soon_threadsafe(action)
        except RuntimeError:
            # The loop was closed while the work went on: nobody is left who could be told.
            if not self._loop.is_closed():
                raise


def _do(work: Callable[[], T], promise: _Promise[T]) -> None:
    failure: Exception = InfraError(
        "An action of the gateway broke off; its traceback was printed."
    )
    result: list[T] = []
    try:
        result.append(work())
    except (AutoloopError, OSError, ValueError) as error:
        failure = error
    finally:
        if result:
            promise.keep(result[0])
        else:
            promise.fail(failure)
