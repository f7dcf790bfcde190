"""Ways out of a container, opened and shut while it runs."""

import threading
from contextlib import suppress
from dataclasses import dataclass
from typing import Literal, Protocol

import docker.errors
from docker.api.client import APIClient

from autoloop.errors import TaskError
from autoloop.sandbox.fences import BRIDGE, Fence

NONE = "none"


class Door(Protocol):
    """A container's way to the outside. May raise docker's APIError; any thread may call."""

    def set(self, mode: Literal["public", "none"]) -> None:
        """Open or shut it; harmless to repeat."""


class BridgeDoor:
    """The engine's default bridge as the way out; other networks of the container stay."""

    def __init__(
        self, api: APIClient, container: str, *, fence: Fence, is_open: bool, was_shut: bool
    ) -> None:
        """`was_shut`: the container was created with the network mode `none`."""
        self._api = api
        self._container = container
        self._fence = fence
        self._is_open = is_open
        self._is_on_none = was_shut
        self.was_used = False
        """Whether it was ever opened or shut."""
        self._lock = threading.Lock()

    def fence_off(self) -> None:
        """See to it that an open one leads neither to this machine nor to other containers.

        Raises:
            EngineError: there should be a fence, and it cannot be built.
        """
        with self._lock:
            if self._is_open:
                self._fence.close(on_bridge=True)

    def set(self, mode: Literal["public", "none"]) -> None:
        """Connect to the bridge, or disconnect."""
        with self._lock:
            if (mode == "public") == self._is_open:
                return
            self.was_used = True
            if mode == "none":
                leave(self._api, self._container, BRIDGE)
            else:
                self._fence.close(on_bridge=True)
                if self._is_on_none:
                    # The engine connects nothing else to a container on this one.
                    leave(self._api, self._container, NONE)
                    self._is_on_none = False
                join(self._api, self._container, BRIDGE)
            self._is_open = mode == "public"


@dataclass(frozen=True, slots=True, kw_only=True)
class DoorInTurn:
    """A door that is used only while nobody else switches networks of its project."""

    door: Door
    lock: threading.Lock

    def set(self, mode: Literal["public", "none"]) -> None:
        """Open or shut it."""
        with self.lock:
            self.door.set(mode)


@dataclass(frozen=True, slots=True, kw_only=True)
class NoDoor:
    """A container that lives in the host's own network."""

    service: str

    def set(self, mode: Literal["public", "none"]) -> None:
        """Refuse to shut it.

        Raises:
            TaskError: it cannot be cut off.
        """
        if mode == "none":
            raise TaskError(
                f"The service {self.service!r} has network_mode 'host' in docker-compose.yaml and "
                f"cannot be cut off from the network: remove that line, or write network_mode = "
                f'"public" in task.toml.'
            )


def join(api: APIClient, container: str, network: str, *, aliases: tuple[str, ...] = ()) -> None:
    """Connect a container to a network, unless it is."""
    try:
        api.connect_container_to_network(container, network, aliases=list(aliases) or None)
    except docker.errors.APIError as error:
        if "already exists in network" not in str(error.explanation):
            raise


def leave(api: APIClient, container: str, network: str) -> None:
    """Disconnect a container from a network, unless it is."""
    with suppress(docker.errors.NotFound):
        try:
            api.disconnect_container_from_network(container, network)
        except docker.errors.APIError as error:
            if "is not connected to" not in str(error.explanation):
                raise
