"""What a task's environment takes before it can start: its images, built or pulled."""

import hashlib
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from autoloop.errors import ImageError
from autoloop.records import Environment
from autoloop.sandbox.compose import Compose, Project, variables_of
from autoloop.sandbox.composition import Composition, ServiceBuild
from autoloop.sandbox.context import BuildContext, look_of
from autoloop.sandbox.images import Images

NO_IMAGE = "autoloop/task:none"
"""What MAIN_IMAGE_NAME says where `main` has no Dockerfile and no ready image."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PreparedProject:
    """A compose environment whose images are here."""

    composition: Composition
    images: Mapping[str, str]
    """By service."""
    waits: bool
    """Whether a service has a healthcheck to wait for."""


class Preparation:
    """Brings images; any thread may call. What is here already costs one question per image."""

    def __init__(self, images: Images, compose: Compose) -> None:
        self._images = images
        self._compose = compose
        self._resolved: dict[str, Composition] = {}
        self._lock = threading.Lock()

    def image(self, environment: Environment, *, timeout_s: float) -> str:
        """The image of an environment of one container.

        Raises:
            ImageError: with the end of the build log.
        """
        if environment.image is not None:
            return self._images.pulled(environment.image, timeout_s=timeout_s)
        context = _context(environment)
        if context is None:
            raise ImageError(
                f"{environment.folder} has no Dockerfile, and task.toml names no image: add one, "
                f"or set docker_image under [environment]."
            )
        return self._images.built(self._tag(context), context, timeout_s=timeout_s)

    def project(self, environment: Environment, file: Path, *, timeout_s: float) -> PreparedProject:
        """A compose environment, `file` being its docker-compose.yaml.

        Raises:
            ImageError: the file is wrong, or an image is not to be had.
            TaskError: the compose plugin is not here.
        """
        deadline = time.monotonic() + timeout_s
        composition = self._composition(environment, file, timeout_s=timeout_s)
        images: dict[str, str] = {}
        known_as: dict[str, str] = {}
        for build in composition.builds():
            tag = self._build(build, environment, composition, deadline - time.monotonic())
            images[build.service] = tag
            known_as |= {build.image: tag} if build.image else {}
        for service, name in composition.ready_images().items():
            images[service] = known_as.get(name, name)
            self._images.pulled(images[service], timeout_s=deadline - time.monotonic())
        waits = composition.has_healthcheck or any(
            self._images.has_healthcheck(image) for image in set(images.values())
        )
        return PreparedProject(composition=composition, images=images, waits=waits)

    def fingerprint(self, environment: Environment) -> str:
        """Ids of its images, and what the compose file says once its variables are filled in.

        Raises:
            ImageError: as `image` and `project`.
            TaskError: as `project`.
        """
        timeout_s = environment.build_timeout_s
        if environment.compose is None:
            return self.image(environment, timeout_s=timeout_s)
        prepared = self.project(environment, environment.compose, timeout_s=timeout_s)
        ids = [f"{service} {self._images.find(tag)}" for service, tag in prepared.images.items()]
        whole = "\n".join([prepared.composition.digest, *sorted(ids)])
        return f"sha256:{hashlib.sha256(whole.encode()).hexdigest()}"

    def _composition(
        self, environment: Environment, file: Path, *, timeout_s: float
    ) -> Composition:
        main_image = environment.image or NO_IMAGE
        if environment.image is None and (context := _context(environment)):
            main_image = self._tag(context)
        known = f"{environment!r} {main_image} {look_of(environment.folder)}"
        with self._lock:
            found = self._resolved.get(known)
        if found is None:
            found = self._compose.resolve(
                environment, file, main_image=main_image, timeout_s=timeout_s
            )
            with self._lock:
                self._resolved[known] = found
        return found

    def _build(
        self,
        build: ServiceBuild,
        environment: Environment,
        composition: Composition,
        timeout_s: float,
    ) -> str:
        """Build a service's image unless it is here; its tag."""
        context = BuildContext(
            folder=build.context, dockerfile=build.dockerfile, args=build.args, target=build.target
        )
        if build.is_plain:
            tag = self._tag(context)
            self._images.built(tag, context, timeout_s=timeout_s)
            return tag
        content = self._images.digest(context) if build.has_folder else ""
        tag = f"autoloop/task:{hashlib.sha256((content + build.text).encode()).hexdigest()[:16]}"
        project = Project(
            name="autoloop-build",
            folder=environment.folder,
            document=composition.for_build(build.service, image=tag),
            env={**environment.env, **variables_of(environment, NO_IMAGE)},
        )
        make = partial(self._compose.build, project, [build.service], timeout_s=timeout_s)
        self._images.made(tag, make, timeout_s=timeout_s)
        return tag

    def _tag(self, context: BuildContext) -> str:
        return f"autoloop/task:{self._images.digest(context)}"


def _context(environment: Environment) -> BuildContext | None:
    dockerfile = environment.dockerfile
    if dockerfile is None or not dockerfile.is_file():
        return None
    relative = dockerfile.relative_to(environment.folder)
    return BuildContext(folder=environment.folder, dockerfile=str(relative))
