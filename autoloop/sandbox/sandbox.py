"""The Docker adapter: images, containers, and the removal of what was started."""

import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

from autoloop.ports import BoxSpec, ContainerSpec
from autoloop.records import Environment
from autoloop.sandbox.agent_image import DEFAULT_FOLDER, AgentImage
from autoloop.sandbox.cli import DockerCli
from autoloop.sandbox.compose import Compose
from autoloop.sandbox.container import DockerContainer
from autoloop.sandbox.container_way import ContainerWay
from autoloop.sandbox.containers import Containers, await_healthy
from autoloop.sandbox.disk import DiskGuard
from autoloop.sandbox.engine import connect
from autoloop.sandbox.fences import Fences
from autoloop.sandbox.host_way import HostWay
from autoloop.sandbox.images import Images
from autoloop.sandbox.leftovers import OURS, Collected, Leftovers, run_labels
from autoloop.sandbox.living import Living
from autoloop.sandbox.meta_image import MetaImage
from autoloop.sandbox.owner import Owner
from autoloop.sandbox.preparation import Preparation
from autoloop.sandbox.projects import Projects
from autoloop.sandbox.quota import DiskShare
from autoloop.sandbox.watch import DiskWatch

MIN_FREE_GB = 2.0


class DockerSandbox:
    """Implements `autoloop.ports.Sandbox` with Docker, or Podman through its compatible socket.

    One instance serves all threads of a process. `close()`, or leaving it as a context, ends what
    other threads still run and waits until every container that was started has been removed.
    """

    def __init__(
        self,
        project: Path,
        *,
        run: str,
        agent_folder: str = DEFAULT_FOLDER,
        min_free_gb: float = MIN_FREE_GB,
        share: DiskShare | None = None,
    ) -> None:
        """Connect to the engine.

        Args:
            project: folder with agent.py and program.md.
            run: name that everything started carries, beside the project's folder.
            agent_folder: where in the project the Dockerfile is that agent.py runs in.
            min_free_gb: nothing is started with less free disk, here or at the engine.
            share: how much a task may write in each container, where it says nothing itself.

        Raises:
            UserError: no engine answers, or this user may not use it.
        """
        self._api = connect()
        owner = Owner.current()
        self._leftovers = Leftovers(self._api, owner, project=project)
        self._disk = DiskGuard(self._api, project=project, min_free_gb=min_free_gb)
        self._cli = DockerCli()
        self._images = Images(self._api, self._cli)
        self._agent_image = AgentImage(
            self._api, self._images, project=project, folder=agent_folder
        )
        self._meta_image = MetaImage(self._api, self._images, project=project)
        compose = Compose(self._cli)
        self._preparation = Preparation(self._images, compose)
        self._living = Living()
        self._watch = DiskWatch(self._api, share=share)
        labels = {OURS: "1", **run_labels(run, project), **owner.labels()}
        by_containers = ContainerWay(self._api, self._images, labels=labels, living=self._living)
        self._fences = Fences(self._api, ways=(HostWay(self._api), by_containers))
        self._containers = Containers(
            self._api, labels=labels, living=self._living, watch=self._watch, fences=self._fences
        )
        self._projects = Projects(
            self._api,
            compose,
            labels=labels,
            living=self._living,
            watch=self._watch,
            fences=self._fences,
        )

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
        self._cli.close()
        self._watch.close()
        try:
            self._living.close()
        finally:
            self._api.close()

    def prepare(self, environment: Environment, *, timeout_s: float) -> None:
        """Build the environment's images, or make sure that ready ones are here.

        Raises:
            ImageError: with the end of the build log.
            TaskError: the environment asks for what this machine does not have.
        """
        self._disk.require_room()
        if environment.compose is not None:
            self._preparation.project(environment, environment.compose, timeout_s=timeout_s)
        else:
            self._preparation.image(environment, timeout_s=timeout_s)

    @contextmanager
    def box(self, spec: BoxSpec) -> Iterator[DockerContainer]:
        """Start a task's environment, and build what it lacks; yields `main`.

        Raises:
            ImageError: as `prepare`; or its main process does not stay.
            TaskError: as `prepare`.
            StorageError: too little disk is left to start anything.
        """
        self._disk.require_room()
        deadline = time.monotonic() + spec.timeout_s
        with ExitStack() as stack:
            if (file := spec.environment.compose) is not None:
                prepared = self._preparation.project(
                    spec.environment, file, timeout_s=spec.timeout_s
                )
                left_s = deadline - time.monotonic()
                yield stack.enter_context(self._projects.start(spec, prepared, timeout_s=left_s))
            else:
                image = self._preparation.image(spec.environment, timeout_s=spec.timeout_s)
                container = stack.enter_context(self._containers.start(_single(spec, image)))
                if self._images.has_healthcheck(image):
                    await_healthy(self._api, container.id, image=image, deadline=deadline)
                self._upload(spec.environment, container, image)
                yield container

    def _upload(self, environment: Environment, container: DockerContainer, image: str) -> None:
        """Bring the files beside a ready image, which nothing else brings into the container."""
        is_ready = environment.image is not None and environment.dockerfile is None
        if is_ready and environment.folder.is_dir() and any(environment.folder.iterdir()):
            target = environment.workdir or self._images.workdir(image)
            container.put(environment.folder, target)

    def fingerprint(self, environment: Environment) -> str:
        """Names by content what the environment's containers start from.

        These are the engine's ids of the images, which tell what a tag does not: that it was built
        again on another base, or pulled anew.
        """
        return self._preparation.fingerprint(environment)

    def agent_image(self) -> str:
        """The image that agent.py runs in, built from the project's folder for it."""
        return self._agent_image.id()

    def meta_image(self, preset: str | None) -> str:
        """The image for a coding agent in the meta-agent's place, with the packages of a preset.

        Raises:
            SettingsError: `packages.txt` has no line for the preset.
            ImageError: it cannot be built.
        """
        return self._meta_image.id(preset)

    def open_side(self) -> str | None:
        """What containers with a public network reach beside it, and why; None: nothing.

        Raises:
            EngineError: the engine does not answer.
        """
        return self._fences.gap()

    def start(self, spec: ContainerSpec) -> AbstractContextManager[DockerContainer]:
        """Start a container; leaving the context removes it in the background, with its volumes.

        Raises:
            ImageError: the image is not here, or cannot run the command.
        """
        self._disk.require_room()
        return self._containers.start(spec)

    def sweep(self, *, run: str | None = None) -> int:
        """Remove what a dead process left of ours; returns how many containers that were.

        With `run`, which only one process at a time may have, all of that run of the project that
        this process did not start itself.
        """
        return self._leftovers.sweep(run=run)

    def collect(self, *, keep: int) -> Collected:
        """Remove task images but the `keep` made last; never one that a container uses."""
        return self._leftovers.collect(keep=keep)


def _single(spec: BoxSpec, image: str) -> ContainerSpec:
    """The one container of an environment without sidecars."""
    environment = spec.environment
    return ContainerSpec(
        image=image,
        labels=spec.labels,
        env=environment.env,
        workdir=environment.workdir,
        network="public" if environment.network.mode == "public" else "none",
        resources=environment.resources,
        folders=spec.folders,
    )
