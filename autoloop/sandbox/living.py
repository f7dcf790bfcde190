"""What this process has started and not yet removed; removal goes on in the background."""

import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

from autoloop.errors import EngineError

REMOVERS = 8


class Living:
    """Everything that runs for us, each with the way to remove it; any thread may call."""

    def __init__(self) -> None:
        self._removers = ThreadPoolExecutor(REMOVERS, thread_name_prefix="autoloop-remove")
        self._removals: dict[str, Future[None]] = {}
        self._living: dict[str, Callable[[], None]] = {}
        self._lock = threading.Lock()
        self._is_closed = False

    def add(self, name: str, remove: Callable[[], None]) -> None:
        """Take note of something that was started.

        Raises:
            EngineError: nothing may be started any more; it has been removed again.
        """
        with self._lock:
            if not self._is_closed:
                self._living[name] = remove
                return
        remove()
        raise EngineError("autoloop is ending: no container is started any more.")

    def remove_later(self, name: str) -> None:
        """Begin to remove it. Harmless to repeat."""
        with self._lock:
            remove = self._living.pop(name, None)
            if remove is None:
                return
            removal = self._removers.submit(remove)
            self._removals[name] = removal
        removal.add_done_callback(lambda done: self._forget(name, done))

    def close(self) -> None:
        """Remove what is left, and wait for all removals.

        Raises:
            EngineError: something could not be removed.
        """
        with self._lock:
            self._is_closed = True
            left = tuple(self._living)
        for name in left:
            self.remove_later(name)
        self._removers.shutdown(wait=True)
        failures = [removal.exception() for removal in self._removals.values()]
        failed = [failure for failure in failures if failure is not None]
        self._removals.clear()
        if failed:
            raise EngineError(
                f"{len(failed)} containers could not be removed; the next run removes them. "
                f"The first reason: {failed[0]}"
            ) from failed[0]

    def _forget(self, name: str, removal: Future[None]) -> None:
        if removal.exception() is None:
            self._removals.pop(name, None)
