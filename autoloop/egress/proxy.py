"""The proxy of this process: one event loop in one thread, one socket per open door."""

import asyncio
import shutil
import tempfile
import threading
from collections.abc import AsyncIterator, Coroutine, Iterator, Sequence
from contextlib import (
    AbstractAsyncContextManager,
    ExitStack,
    asynccontextmanager,
    contextmanager,
)
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar

from autoloop.egress.dialing import Dialer, Resolve, system_resolve
from autoloop.egress.door import Door, Limits
from autoloop.egress.folder import private_folder
from autoloop.egress.policy import Policy
from autoloop.errors import InfraError, RunError

SOCKET_NAME = "sock"

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ground:
    """What a running proxy stands on."""

    home: Path
    loop: asyncio.AbstractEventLoop
    dialer: Dialer

    def run(self, work: Coroutine[object, object, T]) -> T:
        """Do it on the loop and wait."""
        return asyncio.run_coroutine_threadsafe(work, self.loop).result()


class EgressProxy:
    """Implements the port `Egress`. A context manager: doors open while it is entered."""

    def __init__(self, *, resolve: Resolve = system_resolve, limits: Limits | None = None) -> None:
        self._resolve = resolve
        self._limits = limits or Limits()
        self._stack = ExitStack()
        self._ground: _Ground | None = None
        self._open: set[AbstractAsyncContextManager[Path]] = set()
        # Held while a door opens or closes: the loop must not stop in the middle of it.
        self._changing = threading.Lock()

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            home = stack.enter_context(private_folder())
            loop = stack.enter_context(_running_loop())
            self._stack = stack.pop_all()
        dialer = Dialer(self._resolve, timeout_s=self._limits.connect_s)
        self._ground = _Ground(home=home, loop=loop, dialer=dialer)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop; doors that are still open are closed."""
        with self._changing:
            for door in tuple(self._open):
                self._close(door)
            self._ground = None
            self._stack.close()

    @contextmanager
    def open(self, hosts: Sequence[str]) -> Iterator[Path]:
        """Serve a proxy for these hosts; leaving the context ends its connections.

        Raises:
            TaskError: a host is none.
            InfraError: the socket cannot be made.
        """
        policy = Policy.parse(hosts)
        with self._changing:
            if self._ground is None:
                raise RunError("The egress proxy is not running; use it inside `with proxy:`.")
            door = _serve(self._ground, policy, self._limits)
            try:
                folder = self._ground.run(door.__aenter__())
            except OSError as error:
                raise InfraError(f"An egress proxy's socket cannot be opened: {error}") from error
            self._open.add(door)
        try:
            yield folder
        finally:
            with self._changing:
                self._close(door)

    def _close(self, door: AbstractAsyncContextManager[Path]) -> None:
        if door in self._open and self._ground is not None:
            self._open.remove(door)
            self._ground.run(door.__aexit__(None, None, None))


@asynccontextmanager
async def _serve(ground: _Ground, policy: Policy, limits: Limits) -> AsyncIterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="", dir=ground.home))
    try:
        # Anybody may pass through, nobody may list: the container's user is not ours.
        folder.chmod(0o711)
        async with Door(policy, ground.dialer, limits).listening(folder / SOCKET_NAME):
            yield folder
    finally:
        shutil.rmtree(folder)


@contextmanager
def _running_loop() -> Iterator[asyncio.AbstractEventLoop]:
    """An event loop that runs in a thread of its own."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="autoloop-egress", daemon=True)
    thread.start()
    try:
        yield loop
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
