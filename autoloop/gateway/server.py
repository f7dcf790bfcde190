"""The gateway of this process: one event loop in one thread, one socket per trial."""

import asyncio
import resource
import shutil
import tempfile
import threading
from collections.abc import AsyncIterator, Coroutine, Iterator
from contextlib import (
    AbstractAsyncContextManager,
    ExitStack,
    asynccontextmanager,
    contextmanager,
)
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self, TypeAlias, TypeVar

from autoloop.errors import InfraError, RunError
from autoloop.gateway.folder import private_folder
from autoloop.gateway.listener import listening
from autoloop.gateway.recorder import Recorder, TraceLimits
from autoloop.gateway.routes import application
from autoloop.gateway.session import ModelDoor, TrialSession
from autoloop.gateway.threads import Threads
from autoloop.ports import ChatModel, Clock, Grant, PricedModel, Session
from autoloop.records.secrets import Mask, environment_mask

SOCKET_NAME = "sock"
OPEN_FILES = 16_384
"""Wanted for the connections of many trials at once; many systems allow 1,024 at first."""


T = TypeVar("T")
_Opened: TypeAlias = AbstractAsyncContextManager[Session]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ground:
    """What a running gateway stands on."""

    home: Path
    loop: asyncio.AbstractEventLoop

    def run(self, work: Coroutine[object, object, T]) -> T:
        """Do it on the loop and wait."""
        return asyncio.run_coroutine_threadsafe(work, self.loop).result()


class SocketGateway:
    """Implements the port `Gateway`. A context manager: sessions open while it is entered."""

    def __init__(
        self,
        upstream: ChatModel,
        *,
        clock: Clock,
        limits: TraceLimits | None = None,
        base: Path | None = None,
        mask: Mask | None = None,
    ) -> None:
        """`mask` hides what must not be recorded; by default the secrets of this environment."""
        self._upstream = upstream
        self._clock = clock
        self._limits = limits or TraceLimits()
        self._base = base
        self._mask = mask or environment_mask()
        self._threads = Threads()
        self._stack = ExitStack()
        self._ground: _Ground | None = None
        self._open: set[_Opened] = set()
        # Held while a session opens or closes: the loop must not stop in the middle of it.
        self._changing = threading.Lock()

    @property
    def task_model(self) -> str:
        """Name of the model that every trial gets, whatever it asks for."""
        return self._upstream.name

    def __enter__(self) -> Self:
        _allow_open_files()
        with ExitStack() as stack:
            home = stack.enter_context(private_folder(self._base))
            loop = stack.enter_context(_running_loop())
            self._stack = stack.pop_all()
        self._ground = _Ground(home=home, loop=loop)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop; sessions that are still open are closed."""
        with self._changing:
            for opened in tuple(self._open):
                self._leave(opened)
            self._ground = None
            self._stack.close()
            self._threads.close()

    @contextmanager
    def open(self, grant: Grant) -> Iterator[Session]:
        """Open a trial's socket; leaving the context ends its calls and removes the socket."""
        with self._changing:
            if self._ground is None:
                raise RunError("The gateway is not running; use it inside `with gateway:`.")
            opened = self._serve(grant, self._ground.home)
            try:
                session = self._ground.run(opened.__aenter__())
            except OSError as error:
                raise InfraError(f"A trial's socket could not be opened: {error}") from error
            self._open.add(opened)
        try:
            yield session
        finally:
            with self._changing:
                self._leave(opened)

    def _leave(self, opened: _Opened) -> None:
        if opened in self._open and self._ground is not None:
            self._open.remove(opened)
            self._ground.run(opened.__aexit__(None, None, None))

    @asynccontextmanager
    async def _serve(self, grant: Grant, home: Path) -> AsyncIterator[Session]:
        folder = Path(tempfile.mkdtemp(prefix="", dir=home))
        session = TrialSession(
            grant,
            folder=folder,
            clock=self._clock,
            recorder=Recorder(self._limits, mask=self._mask),
            rates=self._upstream.rates if isinstance(self._upstream, PricedModel) else None,
        )
        door = ModelDoor(session, self._upstream, threads=self._threads)
        handlers: set[asyncio.Task[object]] = set()
        app = application(session, door, handlers=handlers)
        try:
            # Anybody may pass through, nobody may list: the container's user is not ours.
            folder.chmod(0o711)
            async with listening(app, folder / SOCKET_NAME, handlers=handlers):
                yield session
        finally:
            shutil.rmtree(folder)


def _allow_open_files() -> None:
    """Raise this process's own limit as far as the system lets it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = OPEN_FILES if hard == resource.RLIM_INFINITY else min(OPEN_FILES, hard)
    if soft != resource.RLIM_INFINITY and soft < most:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))


@contextmanager
def _running_loop() -> Iterator[asyncio.AbstractEventLoop]:
    """An event loop that runs in a thread of its own."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="autoloop-gateway", daemon=True)
    thread.start()
    try:
        yield loop
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
