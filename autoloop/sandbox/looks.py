"""What the images of a task are like, for whoever checks tasks; trials do not need it."""

import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Self

import docker.errors
from docker.api.client import APIClient

from autoloop.errors import ImageError
from autoloop.records import Environment
from autoloop.sandbox.building import Builder
from autoloop.sandbox.cli import DockerCli
from autoloop.sandbox.compose import Compose
from autoloop.sandbox.composition import MAIN
from autoloop.sandbox.context import BuildContext
from autoloop.sandbox.engine import connect, engine_errors
from autoloop.sandbox.images import Images
from autoloop.sandbox.preparation import Preparation, PreparedProject

STAGE = re.compile(r"^\s*FROM\s.*\sAS\s+(\S+)", re.IGNORECASE | re.MULTILINE)
CHECKED = "autoloop/check:"
"""Images that are built only to see whether they can be."""


class ImageLooks:
    """Looks at the images of tasks; their environments have been prepared before."""

    def __init__(self) -> None:
        """Connect to the engine.

        Raises:
            UserError: no engine answers, or this user may not use it.
        """
        self._api: APIClient = connect()
        self._cli = DockerCli()
        self._images = Images(self._api, self._cli)
        self._preparation = Preparation(self._images, Compose(self._cli))
        self._builder = Builder(self._api, self._cli, environment_of=self._images.environment_of)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._cli.close()
        self._api.close()

    def size_bytes(self, environment: Environment) -> int:
        """Size of the task container's image, with the layers that it shares.

        Raises:
            ImageError: it is not here, and cannot be had.
        """
        limit = environment.build_timeout_s
        if environment.compose is not None:
            image = self._project(environment, environment.compose).images[MAIN]
        else:
            image = self._preparation.image(environment, timeout_s=limit)
        with engine_errors(f"looking at the image {image}"):
            return int(self._api.inspect_image(image)["Size"])  # type: ignore[no-untyped-call]

    def require_offline(self, environment: Environment) -> bool:
        """Build the environment's images once more, from nothing and without network.

        Base images and ready images have to be here already. False where that cannot be tried: a
        compose file asks for what only compose itself can build.

        Raises:
            ImageError: one does not build so, with the end of the log.
        """
        contexts = self._contexts(environment)
        for context in contexts or ():
            self._build_sealed(context, timeout_s=environment.build_timeout_s)
        return contexts is not None

    def _contexts(self, environment: Environment) -> list[BuildContext] | None:
        """What its images are built from; None where only compose itself can."""
        if environment.compose is not None:
            composition = self._project(environment, environment.compose).composition
            builds = list(composition.builds())
            if not all(build.is_plain for build in builds):
                return None
            return [
                BuildContext(
                    folder=build.context,
                    dockerfile=build.dockerfile,
                    args=build.args,
                    target=build.target,
                )
                for build in builds
            ]
        if environment.image is not None or environment.dockerfile is None:
            return []
        name = str(environment.dockerfile.relative_to(environment.folder))
        return [BuildContext(folder=environment.folder, dockerfile=name)]

    def _project(self, environment: Environment, file: Path) -> PreparedProject:
        limit = environment.build_timeout_s
        return self._preparation.project(environment, file, timeout_s=limit)

    def _build_sealed(self, context: BuildContext, *, timeout_s: float) -> None:
        for base in context.base_images():
            self._require_here(base, context)
        with self._thrown_away(f"{CHECKED}{context.digest()}") as tag:
            self._builder.build(tag, context, timeout_s=timeout_s, sealed=True)

    def _require_here(self, base: str, context: BuildContext) -> None:
        """An engine would pull it all the same: only the steps of a build are without network."""
        is_known = base == "scratch" or "$" in base or base.lower() in _stages(context)
        if not is_known and self._images.find(base) is None:
            raise ImageError(
                f"{context.folder / context.dockerfile} is built FROM {base}, which is not here"
                " and would have to be pulled."
            )

    @contextmanager
    def _thrown_away(self, tag: str) -> Iterator[str]:
        try:
            yield tag
        finally:
            with engine_errors(f"removing the image {tag}"), suppress(docker.errors.NotFound):
                self._api.remove_image(tag)


def _stages(context: BuildContext) -> set[str]:
    """Names of the Dockerfile's own stages, in lower case."""
    return {name.lower() for name in STAGE.findall(context.dockerfile_text())}
