"""What the engine tells while it makes an image, followed to its end or to a deadline."""

import json
import threading
import time
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import IO

import docker.errors
import requests
import urllib3.exceptions
from docker.api.client import APIClient

from autoloop.errors import ImageError, StorageError
from autoloop.sandbox.engine import explanation, refuse_errors, url

LOG_LINES, LOG_CHARACTERS = 40, 4_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """What the engine tells while it builds or pulls, until it is done or the time is over."""

    what: str
    """Beginning of the sentence when it fails."""
    timeout_s: float

    @property
    def _overtime(self) -> str:
        return f"it took longer than {round(self.timeout_s, 1):g} s"

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
        timeout_s = max(self.timeout_s, 0.001)
        deadline = time.monotonic() + timeout_s
        try:
            self._read(
                api.post(
                    url(api, path),
                    params=dict(params),
                    headers=dict(headers),
                    data=data,
                    stream=True,
                    timeout=timeout_s,
                ),
                log,
                deadline,
            )
        except docker.errors.APIError as error:
            raise self._failure(explanation(error), log) from error
        except (requests.RequestException, urllib3.exceptions.HTTPError) as error:
            if time.monotonic() < deadline:
                raise
            raise self._failure(self._overtime, log) from error

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
            raise self._failure(self._overtime, log)

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
