"""Images: built once per content of their build context, or pulled when they are not here."""

import json
import threading
import time
from collections import defaultdict, deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import IO

import docker.auth
import docker.errors
import requests
import urllib3.exceptions
from docker.api.client import APIClient

from autoloop.errors import ImageError, StorageError
from autoloop.sandbox.context import BuildContext
from autoloop.sandbox.engine import engine_errors, explanation, refuse_errors, url

OUR_BASE_IMAGES = "autoloop/base:"
LOG_LINES, LOG_CHARACTERS = 40, 4_000


class Images:
    """The engine's images; methods may be called from any thread."""

    def __init__(self, api: APIClient) -> None:
        self._api = api
        self._locks: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)
        self._locks_lock = threading.Lock()

    def find(self, name: str) -> str | None:
        """The id of an image that is here."""
        with engine_errors(f"looking for the image {name}"):
            try:
                return str(self._api.inspect_image(name)["Id"])  # type: ignore[no-untyped-call]
            except docker.errors.NotFound:
                return None

    def built(self, tag: str, context: BuildContext, *, timeout_s: float) -> str:
        """The id of the image `tag`, built from `context` unless it is here already.

        Raises:
            ImageError: it does not build, with the end of the log.
        """
        with self._alone(tag):
            if found := self.find(tag):
                return found
            self._require_base_images(context)
            self._build(tag, context, timeout_s=timeout_s)
            return self._require(tag)

    def pulled(self, name: str, *, timeout_s: float) -> str:
        """The id of the image `name`, pulled unless it is here already.

        Raises:
            ImageError: it is not here and cannot be pulled.
        """
        with self._alone(name):
            if found := self.find(name):
                return found
            self._pull(name, timeout_s=timeout_s)
            return self._require(name)

    @contextmanager
    def _alone(self, name: str) -> Iterator[None]:
        with self._locks_lock:
            lock = self._locks[name]
        with lock:
            yield

    def _require(self, name: str) -> str:
        found = self.find(name)
        if found is None:
            raise ImageError(f"The image {name} was removed while it was made; run again.")
        return found

    def _require_base_images(self, context: BuildContext) -> None:
        """Say at once what is missing: a registry would be asked in vain, and for minutes."""
        for name in context.base_images():
            if name.startswith(OUR_BASE_IMAGES) and self.find(name) is None:
                raise ImageError(
                    f"{context.folder / context.dockerfile} is built FROM {name}, which is not "
                    f"here: run sandboxes/setup.sh, which makes it."
                )

    def _build(self, tag: str, context: BuildContext, *, timeout_s: float) -> None:
        params = {
            "t": tag,
            "dockerfile": context.dockerfile,
            "rm": "1",
            "forcerm": "1",
            "labels": json.dumps({"autoloop": "1"}),
        }
        credentials = docker.auth.load_config().get_all_credentials()  # type: ignore[no-untyped-call]
        headers = {
            "Content-Type": "application/x-tar",
            "X-Registry-Config": docker.auth.encode_header(credentials).decode(),
        }
        what = f"The image of {context.folder}"
        with engine_errors(f"building the image of {context.folder}"), context.archive() as archive:
            progress = Progress(what=f"{what} does not build", timeout_s=timeout_s)
            progress.follow(self._api, "/build", params=params, headers=headers, data=archive)

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """What the engine tells while it builds or pulls, until it is done or the time is over."""

    what: str
    """Beginning of the sentence when it fails."""
    timeout_s: float

    def follow(
        self,
        api: APIClient,
        path: str,
        *,
        params: Mapping[str, str],
        headers: Mapping[str, str],
        data: bytes | IO[bytes],
    ) -> None:
        """Send the request and wait.

        Raises:
            ImageError: it failed, or took longer than the time.
        """
        log: deque[str] = deque(maxlen=LOG_LINES)
        deadline = time.monotonic() + self.timeout_s
        try:
            self._read(
                api.post(
                    url(api, path),
                    params=dict(params),
                    headers=dict(headers),
                    data=data,
                    stream=True,
                    timeout=self.timeout_s,
                ),
                log,
                deadline,
            )
        except docker.errors.APIError as error:
            raise self._failure(explanation(error), log) from error
        except (requests.RequestException, urllib3.exceptions.HTTPError) as error:
            if time.monotonic() < deadline:
                raise
            raise self._failure(f"it took longer than {self.timeout_s:g} s", log) from error

    def _read(self, response: requests.Response, log: deque[str], deadline: float) -> None:
        refuse_errors(response)
        with response, _ended_at(deadline, response):
            for line in response.iter_lines():
                event = json.loads(line)
                if "error" in event:
                    raise self._failure(str(event["error"]), log)
                log.extend(str(event.get("stream", event.get("status", ""))).splitlines())
        # The engine's answer ends cleanly, too, when it is cut off between two events.
        if time.monotonic() >= deadline:
            raise self._failure(f"it took longer than {self.timeout_s:g} s", log)

    def _failure(self, reason: str, log: deque[str]) -> ImageError | StorageError:
        tail = "\n".join(line for line in log if line.strip())[-LOG_CHARACTERS:]
        if "no space left on device" in reason.lower():
            return StorageError(f"{self.what}: the engine's disk is full ({reason}).")
        return ImageError(f"{self.what}: {reason}" + (f"\nEnd of the log:\n{tail}" if tail else ""))


@contextmanager
def _ended_at(deadline: float, response: requests.Response) -> Iterator[None]:
    """Cut the connection at the deadline, on which the engine gives up the build."""

    def cut() -> None:
        # The answer may have ended at this very moment, and its connection gone back to the pool.
        with suppress(RuntimeError, ValueError):
            response.raw.shutdown()

    timer = threading.Timer(max(0.0, deadline - time.monotonic()), cut)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _repository_and_tag(name: str) -> tuple[str, str]:
    if "@" in name:
        repository, _, digest = name.partition("@")
        return repository, digest
    repository, colon, tag = name.rpartition(":")
    if not colon or "/" in tag:
        return name, "latest"
    return repository, tag
