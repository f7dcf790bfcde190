"""Errands: containers of our own that do one thing in some network, and are gone."""

import os
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import docker.errors
from docker.api.client import APIClient

from autoloop.errors import ImageError
from autoloop.sandbox.creation import MEGABYTE, PRINTED_LOG
from autoloop.sandbox.engine import engine_errors, explanation
from autoloop.sandbox.living import Living
from autoloop.sandbox.loading import LOAD_S, LoadingError
from autoloop.sandbox.removal import remove_container

AT_ONCE = max(4, 2 * (os.cpu_count() or 1))
"""More of them only make each other slower."""
HEAD, TAIL = 250, 250


@dataclass(frozen=True, slots=True, kw_only=True)
class Errand:
    """What is to be done, and where."""

    script: str
    """For a shell."""
    network: str
    """As the engine calls it: `none`, `host`, or `container:` and an id."""
    env: Mapping[str, str] = field(default_factory=dict)
    capabilities: tuple[str, ...] = ()
    """All the power that it has."""
    hosts: Mapping[str, str] = field(default_factory=dict)
    """Names that the engine is to write into its /etc/hosts."""


class Errands:
    """Runs them; any thread may call."""

    def __init__(
        self,
        api: APIClient,
        *,
        image: Callable[[], str],
        labels: Mapping[str, str],
        living: Living,
    ) -> None:
        """`image` gives the id of the image that they run in; it may raise ImageError."""
        self._api = api
        self._image = image
        self._labels = labels
        self._living = living
        self._turns = threading.BoundedSemaphore(AT_ONCE)

    def run(self, errand: Errand) -> str:
        """Run one to its end; what it printed.

        Raises:
            LoadingError: it failed, or cannot be run by this engine.
            EngineError: the engine does not answer, or autoloop is ending.
        """
        try:
            image = self._image()
        except ImageError as error:
            raise LoadingError(_shortened(str(error))) from error
        with self._turns, engine_errors("running a container that looks after a network"):
            try:
                return self._run(image, errand)
            except docker.errors.APIError as error:
                raise LoadingError(f"the engine refused it: {explanation(error)}") from error

    def _run(self, image: str, errand: Errand) -> str:
        container = self._create(image, errand)
        self._living.add(container, partial(remove_container, self._api, container))
        try:
            self._api.start(container)
            code = int(self._api.wait(container, timeout=int(LOAD_S))["StatusCode"])
            printed = self._api.logs(container, stdout=code == 0, stderr=code != 0)
        finally:
            self._living.remove_later(container)
        said = printed.decode(errors="replace")
        if code:
            raise LoadingError(_shortened(said) or f"it ended with exit code {code}")
        return said

    def _create(self, image: str, errand: Errand) -> str:
        created = self._api.create_container(
            image,
            [errand.script],
            entrypoint=["sh", "-c"],
            user="0",
            working_dir="/",
            environment={"LC_ALL": "C", **errand.env},
            labels=dict(self._labels),
            healthcheck={"test": ["NONE"]},
            host_config=self._config(errand),
            use_config_proxy=False,
        )
        return str(created["Id"])

    def _config(self, errand: Errand) -> dict[str, Any]:
        config: dict[str, Any] = self._api.create_host_config(
            network_mode=errand.network,
            # An engine whose root is another user runs it in the machine's network only so.
            userns_mode="host" if errand.network == "host" else None,
            extra_hosts=dict(errand.hosts) or None,
            cap_drop=["ALL"],
            cap_add=list(errand.capabilities) or None,
            security_opt=["no-new-privileges"],
            read_only=True,
            pids_limit=16,
            mem_limit=64 * MEGABYTE,
            log_config=PRINTED_LOG,
        )
        return config


def _shortened(text: str) -> str:
    """One line without a full stop; of a long log what failed first and what was said last."""
    line = " ".join(text.split()).rstrip(".")
    return line if len(line) <= HEAD + TAIL else f"{line[:HEAD]} … {line[-TAIL:]}"
