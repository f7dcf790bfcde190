"""Images: built once per content of their build context, or pulled when they are not here."""

import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import docker.auth
import docker.errors
from docker.api.client import APIClient

from autoloop.errors import ImageError
from autoloop.sandbox.building import Builder
from autoloop.sandbox.cli import DockerCli
from autoloop.sandbox.context import BuildContext, look_of
from autoloop.sandbox.engine import engine_errors
from autoloop.sandbox.progress import Progress

OUR_BASE_IMAGES = "autoloop/base:"


class Images:
    """The engine's images; methods may be called from any thread."""

    def __init__(self, api: APIClient, cli: DockerCli) -> None:
        self._api = api
        self._builder = Builder(api, cli, environment_of=self.environment_of)
        self._locks: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)
        self._locks_lock = threading.Lock()
        self._digests: dict[str, str] = {}

    def find(self, name: str) -> str | None:
        """The id of an image that is here."""
        with engine_errors(f"looking for the image {name}"):
            try:
                return str(self._api.inspect_image(name)["Id"])  # type: ignore[no-untyped-call]
            except docker.errors.NotFound:
                return None

    def workdir(self, name: str) -> str:
        """The folder in which the image's commands run."""
        with engine_errors(f"looking at the image {name}"):
            config = self._api.inspect_image(name)["Config"]  # type: ignore[no-untyped-call]
            return str(config["WorkingDir"] or "/")

    def environment_of(self, name: str) -> dict[str, str]:
        """The variables that an image sets; none for one that is not here."""
        with engine_errors(f"looking at the image {name}"):
            try:
                config = self._api.inspect_image(name)["Config"]  # type: ignore[no-untyped-call]
            except docker.errors.NotFound:
                return {}
            return dict(entry.split("=", 1) for entry in config.get("Env") or ())

    def has_healthcheck(self, name: str) -> bool:
        """Whether the image itself says how to tell that a container of it is healthy."""
        with engine_errors(f"looking at the image {name}"):
            config = self._api.inspect_image(name)["Config"]  # type: ignore[no-untyped-call]
            test = (config.get("Healthcheck") or {}).get("Test") or ["NONE"]
            return bool(test[0] != "NONE")

    def built(self, tag: str, context: BuildContext, *, timeout_s: float) -> str:
        """The id of the image `tag`, built from `context` unless it is here already.

        Raises:
            ImageError: it does not build, with the end of the log.
        """

        def make() -> None:
            self._require_base_images(context)
            self._builder.build(tag, context, timeout_s=deadline - time.monotonic())

        deadline = time.monotonic() + timeout_s
        return self.made(tag, make, timeout_s=timeout_s)

    def pulled(self, name: str, *, timeout_s: float) -> str:
        """The id of the image `name`, pulled unless it is here already.

        Raises:
            ImageError: it is not here and cannot be pulled.
        """
        deadline = time.monotonic() + timeout_s

        def make() -> None:
            self._pull(name, timeout_s=deadline - time.monotonic())

        return self.made(name, make, timeout_s=timeout_s)

    def made(self, name: str, make: Callable[[], None], *, timeout_s: float) -> str:
        """The id of the image `name`, made by calling `make` unless it is here already.

        Of concurrent calls for one name one makes it.

        Raises:
            ImageError: another call took too long.
        """
        if found := self.find(name):
            return found
        with self._alone(name, timeout_s):
            if not self.find(name):
                make()
            found = self.find(name)
            if found is None:
                raise ImageError(f"The image {name} was removed while it was made; run again.")
            return found

    def digest(self, context: BuildContext) -> str:
        """The context's digest, read anew only where a file looks changed."""
        known = f"{context!r} {look_of(context.folder)}"
        found = self._digests.get(known)
        if found is None:
            found = self._digests[known] = context.digest()
        return found

    @contextmanager
    def _alone(self, name: str, timeout_s: float) -> Iterator[None]:
        with self._locks_lock:
            lock = self._locks[name]
        if not lock.acquire(timeout=max(0.0, timeout_s)):
            raise ImageError(
                f"The image {name} is made by another trial, and it took longer than "
                f"{round(timeout_s, 1):g} s."
            )
        try:
            yield
        finally:
            lock.release()

    def _require_base_images(self, context: BuildContext) -> None:
        """Say at once what is missing: a registry would be asked in vain, and for minutes."""
        for name in context.base_images():
            if name.startswith(OUR_BASE_IMAGES) and self.find(name) is None:
                raise ImageError(
                    f"{context.folder / context.dockerfile} is built FROM {name}, which is not "
                    f"here: run sandboxes/setup.sh base {name.removeprefix(OUR_BASE_IMAGES)}, "
                    f"which makes it."
                )

    def _pull(self, name: str, *, timeout_s: float) -> None:
        repository, tag = _repository_and_tag(name)
        registry, _ = docker.auth.resolve_repository_name(repository)
        login = docker.auth.get_config_header(self._api, registry)
        headers = {"X-Registry-Auth": login.decode()} if login else {}
        with engine_errors(f"pulling the image {name}"):
            progress = Progress(
                what=f"The image {name} is not here and cannot be pulled", timeout_s=timeout_s
            )
            params = {"fromImage": repository, "tag": tag}
            progress.follow(self._api, "/images/create", params=params, headers=headers, data=b"")


def _repository_and_tag(name: str) -> tuple[str, str]:
    if "@" in name:
        repository, _, digest = name.partition("@")
        return repository, digest
    repository, colon, tag = name.rpartition(":")
    if not colon or "/" in tag:
        return name, "latest"
    return repository, tag
