"""Fences: containers with a public network reach neither this machine nor each other.

The rules stand in the container's own network, where nothing in it may change them, and go with it:
nothing of this machine is changed, and nothing stays behind.
"""

import os
import socket
import struct
import threading
from dataclasses import dataclass
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import docker.errors
from docker.api.client import APIClient

from autoloop.errors import EngineError
from autoloop.sandbox.addresses import (
    RESOLVERS,
    Address,
    addresses_in,
    addresses_of_machine,
    nameservers_of,
)
from autoloop.sandbox.engine import engine_address, engine_errors
from autoloop.sandbox.loading import PROC, LoadingError, RuleLoader, network_of, table_of
from autoloop.sandbox.rules import IPV4, IPV6, RANGE, Closed, Range, Version
from autoloop.sandbox.watch import engine_folder

BRIDGE = "bridge"
"""The engine's own network, for all containers that ask for no other."""
OWN_RULES = {"ALL", "NET_ADMIN", "CAP_NET_ADMIN"}
"""Capabilities with which a container may change its rules, and may have some of its own."""
PEER = struct.Struct("3i")


@dataclass(frozen=True, slots=True, kw_only=True)
class Yard:
    """What fences are built with on this machine."""

    loader: RuleLoader
    containers: Path
    """Where the engine keeps files of its containers."""
    bridge: tuple[Range, ...]
    """Where all containers are that have no network of their own."""
    versions: frozenset[Version]
    """Of which rules can be loaded."""


class Fence:
    """The fence around one container; any thread may call."""

    def __init__(self, api: APIClient, container: str, *, yard: Yard | None) -> None:
        """Made before anything of the agent is in the container; None: there can be no fence."""
        self._api = api
        self._container = container
        self._yard = yard
        self._closed_to: tuple[frozenset[Address], bool] | None = None
        own = () if yard is None else (yard.containers / container / "resolv.conf",)
        self._nameservers = nameservers_of((*own, *RESOLVERS)) if own else frozenset[Address]()

    def close(self, *, on_bridge: bool) -> None:
        """Shut off this machine, and what hands out a cloud's credentials.

        Where it is `on_bridge`, shut off the others there, too. To repeat it costs nothing, unless
        this machine has other addresses by now. A compose file that asks for this machine, or for
        rules of its own, gets them.

        Raises:
            EngineError: the rules cannot be loaded, though they could be at first.
        """
        machine = addresses_of_machine()
        if on_bridge:
            machine = frozenset(address for address in machine if address not in RANGE)
        if self._yard is None or self._closed_to == (machine, on_bridge):
            return
        with engine_errors("asking where a container lives"):
            about = self._api.inspect_container(self._container)
        if _asks_for_more(about["HostConfig"]):
            return
        try:
            closed = Closed(
                machine=machine,
                bridge=self._yard.bridge if on_bridge else (),
                own=_own(about["NetworkSettings"]["Networks"]),
                nameservers=self._nameservers,
            )
            self._load(self._yard, int(about["State"]["Pid"]), closed)
            self._closed_to = (machine, on_bridge)
        except LoadingError as error:
            # Who starts it, says why it has ended.
            if self._is_running():
                raise EngineError(
                    "A container with a public network could not be kept from reaching this"
                    f" machine: {error}. See what `autoloop doctor` says of the network; or write"
                    " `allow_internet = false` in task.toml."
                ) from error

    def _load(self, yard: Yard, pid: int, closed: Closed) -> None:
        with network_of(pid, container=self._container) as network:
            for version in sorted(yard.versions):
                if version == IPV4 or _needs_ipv6(closed, pid):
                    yard.loader.load(version, closed.rules(version), namespace=network)

    def _is_running(self) -> bool:
        with engine_errors("looking whether a container still runs"):
            return bool(self._api.inspect_container(self._container)["State"]["Running"])


class Fences:
    """Builds fences where autoloop may: as root, and on the engine's machine."""

    def __init__(self, api: APIClient, *, loader: RuleLoader | None = None) -> None:
        self._api = api
        self._loader = loader or RuleLoader()
        self._lock = threading.Lock()
        self._is_known = False
        self._yard: Yard | None = None
        self._gap: str | None = None

    def around(self, container: str) -> Fence:
        """The fence of a container that has just been started; it is open yet."""
        return Fence(self._api, container, yard=self._known()[0])

    def gap(self) -> str | None:
        """Why containers with a public network reach this machine all the same; None: they don't.

        Raises:
            EngineError: the engine does not answer.
        """
        return self._known()[1]

    def _known(self) -> tuple[Yard | None, str | None]:
        with self._lock:
            if not self._is_known:
                try:
                    self._yard, self._gap = self._look()
                except LoadingError as error:
                    self._yard, self._gap = None, str(error)
                self._is_known = True
            return self._yard, self._gap

    def _look(self) -> tuple[Yard, str | None]:
        """May raise LoadingError: there can be no fence at all."""
        if os.geteuid() != 0:
            raise LoadingError("autoloop does not run as root")
        folder = engine_folder(self._api)
        bridge = self._bridge()
        machine = addresses_of_machine()
        is_here = any(address in one for address in machine for one in bridge)
        if folder is None or not is_here or not _listens_beside_us():
            raise LoadingError("the container engine is on another machine, or in one of its own")
        closed = Closed(machine=machine, bridge=bridge, own=(), nameservers=frozenset())
        self._loader.try_out(IPV4, closed.rules(IPV4))
        versions: set[Version] = {IPV4}
        gap = None
        try:
            self._loader.try_out(IPV6, closed.rules(IPV6))
            versions.add(IPV6)
        except LoadingError as error:
            if any(one.version == IPV6 for one in bridge):
                gap = f"by IPv6 alone: {error}"
        yard = Yard(
            loader=self._loader,
            containers=folder / "containers",
            bridge=bridge,
            versions=frozenset(versions),
        )
        return yard, gap

    def _bridge(self) -> tuple[Range, ...]:
        with engine_errors("asking for the engine's bridge"):
            try:
                about = self._api.inspect_network(BRIDGE)
            except docker.errors.NotFound as error:
                raise LoadingError("the container engine has no bridge as Docker has it") from error
        return tuple(ip_network(pool["Subnet"]) for pool in about["IPAM"]["Config"] or ())


def _listens_beside_us() -> bool:
    """Whether who opened the engine's socket is a process that we see, in our own network."""
    with socket.socket(socket.AF_UNIX) as probe:
        probe.connect(engine_address().removeprefix("unix://"))
        pid, _, _ = PEER.unpack(probe.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, PEER.size))
    try:
        theirs = (PROC / str(pid) / "ns/net").stat()
    except OSError:
        return False
    return os.path.samestat(theirs, (PROC / "self/ns/net").stat())


def _asks_for_more(host_config: dict[str, Any]) -> bool:  # what the engine says of a container
    lines = host_config.get("ExtraHosts") or ()
    mode = str(host_config["NetworkMode"])
    return (
        bool(host_config["Privileged"])
        or mode == "host"
        or mode.startswith("container:")
        or not OWN_RULES.isdisjoint(host_config.get("CapAdd") or ())
        or any("host-gateway" in line for line in lines)
    )


def _own(networks: dict[str, Any]) -> tuple[Range, ...]:  # what the engine says of a container
    """Those of its project; on the engine's bridge it is among strangers."""
    return tuple(
        ip_network(f"{network['IPAddress']}/{network['IPPrefixLen']}", strict=False)
        for name, network in networks.items()
        if name != BRIDGE and network["IPAddress"]
    )


def _needs_ipv6(closed: Closed, pid: int) -> bool:
    """Mostly there is none, which saves half the time."""
    if any(one.version == IPV6 for one in closed.bridge):
        return True
    return bool(addresses_in(table_of(pid, "if_inet6")))
