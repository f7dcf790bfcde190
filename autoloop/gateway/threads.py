"""Blocking work, done in threads that the event loop can wait for and leave behind."""

import asyncio
import threading
from collections.abc import Callable
from functools import partial
from typing import Generic, TypeVar

from autoloop.errors import AutoloopError, InfraError

T = TypeVar("T")


async def in_thread(
    work: Callable[[], T],
    *,
    late: Callable[[T], None] | None = None,
    late_error: Callable[[AutoloopError], None] | None = None,
) -> T:
    """Do blocking work in a daemon thread and give its result or its error.

    When the waiting task is cancelled the work cannot be stopped; `late` or `late_error` then
    receives what came of it, on the event loop. Daemon threads, because a model that answers after
    ten minutes must not keep a process alive that the user has ended.

    Raises:
        InfraError: the work ended with an error that its contract does not name; the traceback
            is printed by `threading.excepthook`.
    """
    promise = _Promise(late, late_error)
    body = partial(_do, work, promise)
    threading.Thread(target=body, name="autoloop-gateway-work", daemon=True).start()
    return await promise.future


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
