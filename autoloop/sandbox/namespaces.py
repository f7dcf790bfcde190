"""Network namespaces that containers use one after the other.

To make one takes the engine longer than all the rest of a container's start. So a keeper, a
container in which nothing ever runs but `sleep`, holds each of them, and the next container joins
it when the last one is gone and has left nothing behind.
"""

import os
import threading
from collections import deque
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Literal

import docker.errors
from docker.api.client import APIClient

from autoloop.sandbox.addresses import RESOLVERS
from autoloop.sandbox.doors import BridgeDoor
from autoloop.sandbox.fences import Fences
from autoloop.sandbox.living import Living
from autoloop.sandbox.removal import remove_container
from autoloop.sandbox.watch import engine_folder

Mode = Literal["public", "none"]
_Content = tuple[bytes, int, int, int, int] | None

SOCKETS = (
    *("tcp", "tcp6", "udp", "udp6", "udplite", "udplite6", "raw", "raw6", "icmp", "icmp6"),
    *("packet", "unix", "sctp/eps", "sctp/assocs"),
)
"""Tables of the kernel; what is not on this machine is left out."""
NAMES = ("HostsPath", "HostnamePath", "ResolvConfPath")
"""Files that all containers of a namespace share."""
MOST_BYTES = 100_000
MOST_LOOKS = 4
"""At those that were idle for longest; where all are busy, the rest will hardly be better."""
MOST = 32
"""Keepers at once; beyond these, containers have namespaces of their own."""
MEGABYTE = 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Namespace:
    """One that a container may join, alone."""

    keeper: str
    """The engine's id of the container that holds it."""
    pid: int
    inode: int
    mode: Mode
    door: BridgeDoor
    names: Mapping[Path, _Content]
    """The shared files as they were at first."""
    resolvers: tuple[_Content, ...]
    """And those of this machine."""

    def is_spoilt(self) -> bool:
        """Whether it can never be again what it was."""
        try:
            return (
                self.door.was_used
                or os.stat(f"/proc/{self.pid}/ns/net").st_ino != self.inode  # noqa: PTH116
                or any(_content(path) != content for path, content in self.names.items())
                or self.resolvers != tuple(map(_content, RESOLVERS))
            )
        except OSError:
            return True

    def is_empty(self) -> bool:
        """Whether no socket is left in it; connections that were ended go on for a minute."""
        return not any(map(self._holds, SOCKETS))

    def _holds(self, table: str) -> bool:
        try:
            rows = Path(f"/proc/{self.pid}/net/{table}").read_bytes()
        except FileNotFoundError:
            return False
        return rows.count(b"\n") > 1


class Namespaces:
    """Lends them; any thread may call.

    Only where this process may see into them: it is root, on the machine of a Docker engine.
    """

    def __init__(
        self, api: APIClient, *, labels: Mapping[str, str], living: Living, fences: Fences
    ) -> None:
        self._api = api
        self._fences = fences
        self._labels = labels
        self._living = living
        self._idle: deque[Namespace] = deque()
        """The one that has been so for longest comes first."""
        self._keepers: set[str] = set()
        self._lock = threading.Lock()
        self._can_look: bool | None = None

    def take(self, mode: Mode, *, image: str) -> Namespace | None:
        """One that nobody uses and nobody has left anything in; None: there is none to be had.

        A new keeper runs `sleep` of `image`. May raise docker's APIError.
        """
        for _ in range(MOST_LOOKS):
            kept = self._oldest(mode)
            if kept is None:
                break
            if kept.is_spoilt():
                self.discard(kept)
            elif kept.is_empty():
                return kept
            else:
                self.give_back(kept)
        with self._lock:
            has_room = len(self._keepers) < MOST
        return self._make(mode, image) if has_room and self._is_possible() else None

    def give_back(self, namespace: Namespace) -> None:
        """The container that used it is gone."""
        with self._lock:
            self._idle.append(namespace)

    def discard(self, namespace: Namespace) -> None:
        """Use it no more."""
        self._end(namespace.keeper)

    def _end(self, keeper: str) -> None:
        with self._lock:
            self._keepers.discard(keeper)
        self._living.remove_later(keeper)

    def _oldest(self, mode: Mode) -> Namespace | None:
        with self._lock:
            found = next((one for one in self._idle if one.mode == mode), None)
            if found is not None:
                self._idle.remove(found)
            return found

    def _is_possible(self) -> bool:
        if self._can_look is None:
            self._can_look = os.geteuid() == 0 and engine_folder(self._api) is not None
        return self._can_look

    def _make(self, mode: Mode, image: str) -> Namespace | None:
        keeper = self._start(mode, image)
        told = self._api.inspect_container(keeper)
        try:
            return Namespace(
                keeper=keeper,
                pid=told["State"]["Pid"],
                inode=os.stat(f"/proc/{told['State']['Pid']}/ns/net").st_ino,  # noqa: PTH116
                mode=mode,
                door=BridgeDoor(
                    self._api,
                    keeper,
                    fence=self._fences.around(keeper),
                    is_open=mode == "public",
                    was_shut=mode == "none",
                ),
                names={Path(told[name]): _content(Path(told[name])) for name in NAMES},
                resolvers=tuple(map(_content, RESOLVERS)),
            )
        except (KeyError, OSError):
            # An engine that keeps them elsewhere.
            self._can_look = False
            self._end(keeper)
            return None

    def _start(self, mode: Mode, image: str) -> str:
        created = self._api.create_container(
            image,
            ["infinity"],
            entrypoint=["sleep"],
            user="0",
            working_dir="/",
            labels=dict(self._labels),
            healthcheck={"test": ["NONE"]},
            host_config=self._config(mode),
        )
        keeper = str(created["Id"])
        self._living.add(keeper, partial(remove_container, self._api, keeper))
        with self._lock:
            self._keepers.add(keeper)
        try:
            self._api.start(keeper)
        except docker.errors.APIError:
            self._end(keeper)
            raise
        return keeper

    def _config(self, mode: Mode) -> dict[str, Any]:
        config: dict[str, Any] = self._api.create_host_config(
            network_mode="bridge" if mode == "public" else "none",
            cap_drop=["ALL"],
            security_opt=["no-new-privileges"],
            read_only=True,
            pids_limit=16,
            mem_limit=64 * MEGABYTE,
        )
        return config


def _content(path: Path) -> _Content:
    """What a file says, and who may change it; the engine itself touches it at every start."""
    with suppress(FileNotFoundError), path.open("rb") as file:
        state = os.fstat(file.fileno())
        return file.read(MOST_BYTES), state.st_ino, state.st_size, state.st_mode, state.st_uid
    return None
