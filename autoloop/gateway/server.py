"""The gateway of this process: one event loop in one thread, one socket per trial."""

import asyncio
import shutil
import tempfile
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

from autoloop.errors import RunError
from autoloop.gateway.listener import listening
from autoloop.gateway.recorder import Recorder, TraceLimits
from autoloop.gateway.routes import application
from autoloop.gateway.session import ModelDoor, TrialSession
from autoloop.ports import ChatModel, Clock, Grant, Session, TaskEnv
from autoloop.records import Usage

SOCKET_NAME = "sock"
_MAX_PATH = 100
"""A Unix socket's address holds 108 bytes; some systems hold less."""


class SocketGateway:
    """Implements the port `Gateway`. A context manager: sessions open while it is entered."""

    def __init__(
        self,
        upstream: ChatModel,
        *,
        clock: Clock,
        limits: TraceLimits | None = None,
        base: Path | None = None,
    ) -> None:
        self._upstream = upstream
        self._clock = clock
        self._limits = limits or TraceLimits()
        self._base = base
        self._late = Usage()
        self._stack = ExitStack()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._home: Path | None = None

    @property
    def task_model(self) -> str:
        """Name of the model that every trial gets, whatever it asks for."""
        return self._upstream.name

    @property
    def late_usage(self) -> Usage:
        """Tokens and money of answers that came after their trial had ended.

        The calls themselves are counted in their sessions; this is what those could not know.
        """
        return self._late

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            self._home = stack.enter_context(_short_folder(self._base))
            self._loop = stack.enter_context(_running_loop())
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stack.close()
        self._loop = self._home = None

    @contextmanager
    def open(self, grant: Grant, env: TaskEnv) -> Iterator[Session]:
        """Open a trial's socket; leaving the context ends its calls and removes the socket."""
        if self._loop is None or self._home is None:
            raise RunError("The gateway is not running; use it inside `with gateway:`.")
        opened = self._serve(grant, env, Path(tempfile.mkdtemp(prefix="", dir=self._home)))
        session = asyncio.run_coroutine_threadsafe(opened.__aenter__(), self._loop).result()
        try:
            yield session
        finally:
            closing = opened.__aexit__(None, None, None)
            asyncio.run_coroutine_threadsafe(closing, self._loop).result()

    @asynccontextmanager
    async def _serve(self, grant: Grant, env: TaskEnv, folder: Path) -> AsyncIterator[Session]:
        session = TrialSession(
            grant, env, folder=folder, clock=self._clock, recorder=Recorder(self._limits)
        )
        door = ModelDoor(session, self._upstream, late=self._add_late)
        handlers: set[asyncio.Task[object]] = set()
        app = application(session, door, handlers=handlers)
        try:
            # Anybody may pass through, nobody may list: the container's user is not ours.
            folder.chmod(0o711)
            async with listening(app, folder / SOCKET_NAME, handlers=handlers):
                yield session
        finally:
            shutil.rmtree(folder)

    def _add_late(self, usage: Usage) -> None:
        self._late += usage


@contextmanager
def _short_folder(base: Path | None) -> Iterator[Path]:
    """A private folder whose path leaves room for a socket's name."""
    wanted = base or Path(tempfile.gettempdir())
    room = _MAX_PATH - len("/al-12345678/12345678/") - len(SOCKET_NAME)
    home = Path(tempfile.mkdtemp(prefix="al-", dir=wanted if len(str(wanted)) <= room else "/tmp"))  # noqa: S108 - mkdtemp makes a folder of our own there
    try:
        yield home
    finally:
        shutil.rmtree(home)


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
