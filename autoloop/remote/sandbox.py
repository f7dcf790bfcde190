"""Task environments on any backend that Harbor knows; agent containers stay on this machine."""

import asyncio
import secrets
import shutil
import threading
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from harbor.environments.base import BaseEnvironment, SandboxBuildFailedError

from autoloop.errors import AutoloopError, EngineError, ImageError, TaskError
from autoloop.ports import BoxSpec, Container, ContainerSpec, Sandbox
from autoloop.records import Environment
from autoloop.remote.backend import Backend
from autoloop.remote.bridge import Bridge, error_of, own_loop, said
from autoloop.remote.container import RemoteContainer
from autoloop.remote.ledger import Ledger
from autoloop.remote.scripts import OPEN_FOLDERS
from autoloop.remote.shell import Shell

ENDERS = 16
"""Environments that are ended at once, in the background."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Box:
    """An environment of ours, from before its start to after its end."""

    session: str
    environment: BaseEnvironment
    container: RemoteContainer
    folder: Path


class HarborSandbox:
    """Implements `autoloop.ports.Sandbox`: task environments by Harbor, the rest by `inner`.

    One instance serves all threads of a process. `close()`, or leaving it as a context, ends what
    other threads still run and waits until every environment has been removed. Weaker than a
    sandbox of this machine: see `RemoteContainer`; limits beyond Harbor's own (`pids`) are not set;
    a network allowlist is refused; compose files may name any variable of this process, as Harbor
    has it; and what a killed process left running at a provider is found again only where the
    provider goes by our names, as docker and podman do.
    """

    def __init__(
        self,
        inner: Sandbox,
        *,
        environment: str,
        options: Mapping[str, object],
        run: str,
        folder: Path,
    ) -> None:
        """`folder` is the run's own, for what Harbor writes while environments run.

        Raises:
            UserError: Harbor has no such environment, or it cannot be used here.
        """
        self._inner = inner
        self._run = run
        self._folder = folder / "harbor"
        self._folder.mkdir(parents=True, exist_ok=True)
        overlay = self._folder / "overlay.yaml"
        self._backend = Backend(name=environment, options=options, overlay=overlay)
        self._backend.check()
        self._ledger = Ledger(self._folder / "running")
        self._stack = ExitStack()
        self._bridge = Bridge(self._stack.enter_context(own_loop()))
        self._enders = ThreadPoolExecutor(ENDERS, thread_name_prefix="autoloop-end")
        self._ends: set[Future[None]] = set()
        self._lock = threading.Lock()
        self._living: dict[str, _Box] = {}
        self._is_closed = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """End what still runs, wait for all ends, and start nothing any more.

        Raises:
            EngineError: some environments could not be ended.
        """
        with self._lock:
            self._is_closed = True
            left = tuple(self._living.values())
        for box in left:
            self._end_later(box)
        with self._lock:
            ends = frozenset(self._ends)
        wait(ends)
        self._enders.shutdown()
        self._stack.close()
        failed = [error for error in map(error_of, ends) if error is not None]
        if failed:
            raise EngineError(
                f"{len(failed)} of Harbor's environments could not be ended; look at the provider's"
                f" own list. The first reason: {failed[0]}"
            ) from failed[0]

    def prepare(self, environment: Environment, *, timeout_s: float) -> None:
        """Refuse what this backend cannot give; it builds and caches by itself when it starts.

        Raises:
            TaskError: the environment asks for what the backend does not have.
        """
        del timeout_s
        self._backend.examine(environment)

    @contextmanager
    def box(self, spec: BoxSpec) -> Iterator[RemoteContainer]:
        """Start a task's environment at the backend; leaving ends it in the background.

        Raises:
            ImageError: it cannot be built or started.
            TaskError: as `prepare`.
        """
        box = self._made(spec)
        self._register(box)
        try:
            self._ledger.note(box.session, spec.environment)
            self._start(box, spec)
            yield box.container
        finally:
            self._end_later(box)

    def fingerprint(self, environment: Environment) -> str:
        """Names what is known of it: the files are named by the task's own digest.

        The backend builds by itself and does not say what came of it.
        """
        return f"harbor:{self._backend.name}:{environment.image or ''}"

    def agent_image(self) -> str:
        """The image that agent.py runs in, on this machine."""
        return self._inner.agent_image()

    def start(self, spec: ContainerSpec) -> AbstractContextManager[Container]:
        """Start a container of ours on this machine.

        Raises:
            TaskError: it is to join the network of an environment that is elsewhere.
        """
        if spec.network.startswith("container:"):
            raise TaskError(
                f"Harbor's environment {self._backend.name!r} cannot carry autoloop's egress proxy:"
                " run tasks with an allowlist with `engine: docker`."
            )
        return self._inner.start(spec)

    def sweep(self, *, run: str | None = None) -> int:
        """Remove what a dead process left, here and, for this run, at the backend."""
        swept = self._inner.sweep(run=run)
        if run != self._run:
            return swept
        with self._lock:
            own = frozenset(self._living)
        left = [one for one in self._ledger.running() if one.session not in own]
        for one in left:
            folder = self._folder / one.session
            environment = self._backend.make(one.environment(), session=one.session, folder=folder)
            self._bridge.run(environment.stop(delete=True), doing="ending what was left running")
            self._forget(one.session)
        return swept + len(left)

    def _made(self, spec: BoxSpec) -> _Box:
        session = f"{spec.labels['trial']}__{secrets.token_hex(4)}"
        folder = self._folder / session
        environment = self._backend.make(spec.environment, session=session, folder=folder)
        container = RemoteContainer(self._bridge, environment)
        return _Box(session=session, environment=environment, container=container, folder=folder)

    def _register(self, box: _Box) -> None:
        with self._lock:
            if self._is_closed:
                raise EngineError("autoloop is ending: no environment is started any more.")
            self._living[box.session] = box

    def _start(self, box: _Box, spec: BoxSpec) -> None:
        starting = asyncio.wait_for(box.environment.start(force_build=False), spec.timeout_s)
        error = error_of(self._bridge.finish(starting))
        if error is not None:
            raise _start_failure(error, spec.timeout_s) from error
        if spec.folders:
            done = Shell(self._bridge, box.environment).script(
                OPEN_FOLDERS, *spec.folders, doing="making folders"
            )
            if done.code != 0:
                raise ImageError(
                    f"The task container does not stay, or has no bash: {done.output[-500:]}"
                )

    def _end_later(self, box: _Box) -> None:
        with self._lock:
            if self._living.pop(box.session, None) is None:
                return
            end = self._enders.submit(self._end, box)
            self._ends.add(end)
        end.add_done_callback(self._drop)

    def _end(self, box: _Box) -> None:
        box.container.end()
        self._forget(box.session)

    def _drop(self, end: Future[None]) -> None:
        """What failed is kept until `close` tells of it."""
        if error_of(end) is None:
            with self._lock:
                self._ends.discard(end)

    def _forget(self, session: str) -> None:
        self._ledger.strike(session)
        shutil.rmtree(self._folder / session, ignore_errors=True)


def _start_failure(error: BaseException, timeout_s: float) -> AutoloopError:
    if isinstance(error, TimeoutError):
        return ImageError(f"The environment was not built and started within {timeout_s:g} s.")
    if isinstance(error, RuntimeError | SandboxBuildFailedError):
        return ImageError(f"The environment could not be built and started: {said(error)}")
    return EngineError(f"Harbor's environment could not be started: {said(error)}")
