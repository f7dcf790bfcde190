"""Single containers: created, started, and removed in the background."""

import os
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import partial

import docker.errors
from docker.api.client import APIClient

from autoloop.errors import AutoloopError, ImageError, TaskError
from autoloop.ports import ContainerSpec
from autoloop.sandbox.archives import Entry, archive_of
from autoloop.sandbox.container import DockerContainer
from autoloop.sandbox.creation import create, is_joined, makes_folders
from autoloop.sandbox.doors import BridgeDoor
from autoloop.sandbox.engine import engine_errors, explanation
from autoloop.sandbox.fences import Fences
from autoloop.sandbox.files import Files
from autoloop.sandbox.living import Living
from autoloop.sandbox.namespaces import Mode, Namespace, Namespaces
from autoloop.sandbox.removal import remove_container
from autoloop.sandbox.watch import DiskWatch

STARTS_AT_ONCE = max(4, 2 * (os.cpu_count() or 1))
"""More of them only make each other slower, until the engine answers nobody."""
FOLDER_ROUNDS = 40
FOLDER_PAUSE_S = 0.005
HEALTH_PAUSE_S = 0.1
NO_GPU = ("could not select device driver", "nvidia-container-cli", "unknown runtime")


class Containers:
    """Starts single containers; any thread may call."""

    def __init__(
        self,
        api: APIClient,
        *,
        labels: Mapping[str, str],
        living: Living,
        watch: DiskWatch,
        fences: Fences,
    ) -> None:
        self._api = api
        self._watch = watch
        self._fences = fences
        self._labels = labels
        self._living = living
        self._namespaces = Namespaces(api, labels=labels, living=living, fences=fences)
        self._starts = threading.BoundedSemaphore(STARTS_AT_ONCE)

    @contextmanager
    def start(self, spec: ContainerSpec) -> Iterator[DockerContainer]:
        """Start a container; leaving the context removes it in the background, with its volumes.

        Raises:
            ImageError: the image is not here, or cannot run the command.
            TaskError: it asks for a GPU, and the engine has none to give.
        """
        with self._starts:
            namespace = self._namespace(spec)
            container_id = self._create(spec, namespace)
            self._living.add(container_id, partial(self._remove, container_id, namespace))
            try:
                self._start(container_id, spec)
            except AutoloopError:
                self._living.remove_later(container_id)
                raise
        try:
            # It makes its folders meanwhile.
            door = self._door(container_id, spec, namespace)
            if makes_folders(spec):
                await_folders(self._api, container_id, spec.folders, image=spec.image)
            with self._watched(container_id, spec):
                yield DockerContainer(
                    self._api,
                    container_id,
                    image=spec.image,
                    door=door,
                    watch=self._watch,
                )
        finally:
            self._living.remove_later(container_id)

    def _namespace(self, spec: ContainerSpec) -> Namespace | None:
        """A network namespace to join; None: the engine makes one, or none is needed."""
        if spec.hardened or is_joined(spec):
            return None
        mode: Mode = "public" if spec.network == "public" else "none"
        with engine_errors("making a network namespace"), _image_errors(spec.image):
            namespace = self._namespaces.take(mode, image=spec.image)
        if namespace is not None:
            try:
                namespace.door.fence_off()
            except AutoloopError:
                self._namespaces.discard(namespace)
                raise
        return namespace

    def _door(
        self, container_id: str, spec: ContainerSpec, namespace: Namespace | None
    ) -> BridgeDoor | None:
        if spec.hardened:
            return None
        if namespace is not None:
            return namespace.door
        door = BridgeDoor(
            self._api,
            container_id,
            fence=self._fences.around(container_id),
            is_open=spec.network == "public",
            was_shut=spec.network == "none",
        )
        door.fence_off()
        return door

    def _remove(self, container_id: str, namespace: Namespace | None) -> None:
        remove_container(self._api, container_id)
        if namespace is not None:
            self._namespaces.give_back(namespace)

    def _watched(self, container_id: str, spec: ContainerSpec) -> AbstractContextManager[None]:
        """Where the root is read-only, nothing is written but to memory."""
        if spec.hardened:
            return nullcontext()
        return self._watch.over([container_id], megabytes=spec.resources.storage_mb)

    def _create(self, spec: ContainerSpec, namespace: Namespace | None) -> str:
        with engine_errors("creating a container"), _image_errors(spec.image):
            keeper = None if namespace is None else namespace.keeper
            return create(self._api, spec, labels=self._labels, keeper=keeper)

    def _start(self, container_id: str, spec: ContainerSpec) -> None:
        with engine_errors("starting a container"):
            try:
                self._api.start(container_id)
            except docker.errors.APIError as error:
                refuse_start(explanation(error), image=spec.image, cause=error)
                raise


@contextmanager
def _image_errors(image: str) -> Iterator[None]:
    try:
        yield
    except docker.errors.ImageNotFound as error:
        raise ImageError(
            f"The image {image} is not here any more; run again to build it."
        ) from error


def await_folders(
    api: APIClient, container_id: str, folders: tuple[str, ...], *, image: str
) -> None:
    """Give the container a moment to make its folders itself, else do it from outside.

    Raises:
        ImageError: its main process has ended.
    """
    with engine_errors("making folders in a container"):
        files = Files(api, container_id)
        for _ in range(FOLDER_ROUNDS):
            last = files.state(folders[-1])
            if last is not None and last.is_open_folder:
                return
            time.sleep(FOLDER_PAUSE_S)
        DockerContainer(api, container_id, image=image).require_alive()
        open_folders(files, folders)


def await_healthy(api: APIClient, container_id: str, *, image: str, deadline: float) -> None:
    """Wait until the image's own HEALTHCHECK succeeds, as `compose up --wait` does.

    Raises:
        ImageError: it does not succeed, or not in time.
    """
    with engine_errors("waiting until a container is healthy"):
        while True:
            state = api.inspect_container(container_id)["State"]
            health = state["Health"]
            if health["Status"] == "healthy":
                return
            last = (health.get("Log") or [{}])[-1].get("Output", "").strip()
            if health["Status"] == "unhealthy" or not state["Running"]:
                raise ImageError(f"The HEALTHCHECK of the image {image} fails: {last[-500:]}")
            if time.monotonic() > deadline:
                raise ImageError(
                    f"The HEALTHCHECK of the image {image} did not succeed in time: {last[-500:]}"
                )
            time.sleep(HEALTH_PAUSE_S)


def open_folders(files: Files, folders: tuple[str, ...]) -> None:
    """Make world-writable folders from outside. May raise docker's APIError."""
    files.unpack(archive_of(Entry(path=folder, mode=0o777) for folder in folders), at="/")


def refuse_start(said: str, *, image: str, cause: Exception | None = None) -> None:
    """Raise what the engine's refusal to start a container means, unless it is its own trouble.

    Raises:
        TaskError: a GPU is asked for, and there is none.
        ImageError: the image has no such command, user or folder.
    """
    if any(words in said for words in NO_GPU):
        raise TaskError(
            f"The task asks for GPUs (gpus in task.toml or in its docker-compose.yaml), and this "
            f"engine has none to give: install the NVIDIA container toolkit on a machine with a "
            f"GPU, or leave the task out. The engine said: {said}"
        ) from cause
    if "OCI runtime" in said and "no space left" not in said:
        raise ImageError(f"The image {image} cannot be started: {said}") from cause
