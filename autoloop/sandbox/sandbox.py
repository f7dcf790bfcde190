"""The Docker adapter: images, containers, and the removal of what was started."""

import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

import docker.errors

from autoloop.errors import EngineError, ImageError
from autoloop.ports import ContainerSpec
from autoloop.records import Environment
from autoloop.sandbox.agent_image import AgentImage
from autoloop.sandbox.archives import Entry, archive_of
from autoloop.sandbox.container import DockerContainer
from autoloop.sandbox.context import BuildContext
from autoloop.sandbox.creation import create, makes_folders
from autoloop.sandbox.engine import connect, engine_errors, explanation
from autoloop.sandbox.files import Files
from autoloop.sandbox.images import Images
from autoloop.sandbox.owner import Owner

OURS = "autoloop"
RUN = "autoloop.run"
REMOVERS = 8
FOLDER_ROUNDS = 40
FOLDER_PAUSE_S = 0.005


class DockerSandbox:
    """Implements `autoloop.ports.Sandbox` with Docker, or Podman through its compatible socket.

    One instance serves all threads of a process. `close()`, or leaving it as a context, ends what
    other threads still run and waits until every container that was started has been removed.
    """

    def __init__(self, project: Path, *, run: str) -> None:
        """Connect to the engine.

        Raises:
            UserError: no engine answers, or this user may not use it.
        """
        self._api = connect()
        self._owner = Owner.current()
        self._run = run
        self._images = Images(self._api)
        self._agent_image = AgentImage(self._api, self._images, project=project)
        self._removers = ThreadPoolExecutor(REMOVERS, thread_name_prefix="autoloop-remove")
        self._removals: dict[str, Future[None]] = {}
        self._lock = threading.Lock()
        self._living: set[str] = set()
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
        """Remove what still runs, wait for all removals, and start nothing any more.

        Raises:
            EngineError: some containers could not be removed; `sweep` finds them later.
        """
        with self._lock:
            self._is_closed = True
            left = tuple(self._living)
        for container_id in left:
            self._remove_later(container_id)
        self._removers.shutdown(wait=True)
        failures = [removal.exception() for removal in self._removals.values()]
        failed = [failure for failure in failures if failure is not None]
        self._removals.clear()
        self._api.close()
        if failed:
            raise EngineError(
                f"{len(failed)} containers could not be removed; the next run removes them. "
                f"The first reason: {failed[0]}"
            ) from failed[0]

    def image(self, environment: Environment) -> str:
        """Build the task's image, or make sure a ready one is here; returns its id.

        Raises:
            ImageError: with the end of the build log.
        """
        if environment.image is not None:
            return self._images.pulled(environment.image, timeout_s=environment.build_timeout_s)
        if environment.dockerfile is None or not environment.dockerfile.is_file():
            raise ImageError(
                f"{environment.folder} has no Dockerfile, and task.toml names no image: add one, "
                f"or set docker_image under [environment]."
            )
        context = BuildContext(
            folder=environment.folder,
            dockerfile=str(environment.dockerfile.relative_to(environment.folder)),
        )
        tag = f"autoloop/task:{context.digest()}"
        return self._images.built(tag, context, timeout_s=environment.build_timeout_s)

    def agent_image(self) -> str:
        """The image that agent.py runs in, built from the project's sandboxes/agent/."""
        return self._agent_image.id()

    @contextmanager
    def start(self, spec: ContainerSpec) -> Iterator[DockerContainer]:
        """Start a container; leaving the context removes it in the background, with its volumes.

        Raises:
            ImageError: the image is not here, or cannot run the command.
        """
        container_id = self._create(spec)
        self._register(container_id)
        try:
            self._start(container_id, spec)
            self._make_folders(container_id, spec)
            yield DockerContainer(self._api, container_id, image=spec.image)
        finally:
            self._remove_later(container_id)

    def sweep(self, *, run: str | None = None) -> int:
        """Remove containers of ours that a dead process left; returns how many.

        With `run`, which only one process at a time may have, all of that run that this process did
        not start itself.
        """
        wanted = [f"{OURS}=1", *([f"{RUN}={run}"] if run is not None else [])]
        with engine_errors("looking for containers that were left behind"):
            found = self._api.containers(all=True, filters={"label": wanted})
        left = [row["Id"] for row in found if self._is_left(row["Labels"], run=run)]
        for container_id in left:
            self._remove(container_id)
        return len(left)

    def _is_left(self, labels: dict[str, str], *, run: str | None) -> bool:
        owner = Owner.from_labels(labels)
        if owner is None:
            return False
        return owner.is_gone(self._owner) if run is None else owner != self._owner

    def _create(self, spec: ContainerSpec) -> str:
        labels = {OURS: "1", RUN: self._run, **self._owner.labels()}
        with engine_errors("creating a container"):
            try:
                return create(self._api, spec, labels=labels)
            except docker.errors.ImageNotFound as error:
                raise ImageError(
                    f"The image {spec.image} is not here any more; run again to build it."
                ) from error

    def _make_folders(self, container_id: str, spec: ContainerSpec) -> None:
        """Give the container a moment to make its folders itself, else do it from outside."""
        if not makes_folders(spec):
            return
        with engine_errors("making folders in a container"):
            files = Files(self._api, container_id)
            for _ in range(FOLDER_ROUNDS):
                last = files.state(spec.folders[-1])
                if last is not None and last.is_open_folder:
                    return
                time.sleep(FOLDER_PAUSE_S)
            files.unpack(
                archive_of(Entry(path=folder, mode=0o777) for folder in spec.folders), at="/"
            )

    def _start(self, container_id: str, spec: ContainerSpec) -> None:
        with engine_errors("starting a container"):
            try:
                self._api.start(container_id)
            except docker.errors.APIError as error:
                said = explanation(error)
                if "OCI runtime" not in said or "no space left" in said:
                    raise
                raise ImageError(f"The image {spec.image} cannot be started: {said}") from error

    def _register(self, container_id: str) -> None:
        with self._lock:
            if not self._is_closed:
                self._living.add(container_id)
                return
        self._remove(container_id)
        raise EngineError("autoloop is ending: no container is started any more.")

    def _remove_later(self, container_id: str) -> None:
        with self._lock:
            if container_id not in self._living:
                return
            self._living.remove(container_id)
            removal = self._removers.submit(self._remove, container_id)
            self._removals[container_id] = removal
        removal.add_done_callback(lambda done: self._forget(container_id, done))

    def _forget(self, container_id: str, removal: Future[None]) -> None:
        if removal.exception() is None:
            self._removals.pop(container_id, None)

    def _remove(self, container_id: str) -> None:
        with engine_errors(f"removing the container {container_id[:12]}"):
            try:
                self._api.remove_container(container_id, force=True, v=True)
            except docker.errors.APIError as error:
                # Somebody else removed it, or is about to.
                if error.status_code not in {404, 409}:
                    raise
