"""Fences: containers with a public network reach neither this machine nor each other.

The rules stand in the container's own network, where nothing in it may change them, and go with it:
nothing of this machine is changed, and nothing stays behind.
"""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import docker.errors
from docker.api.client import APIClient

from autoloop.errors import EngineError
from autoloop.sandbox.addresses import Address, addresses_among, nameservers_of
from autoloop.sandbox.engine import engine_errors
from autoloop.sandbox.loading import EVERYTHING, LoadingError, Target, Way, Yard
from autoloop.sandbox.rules import RANGE, Closed, Range
from autoloop.sandbox.watch import engine_folder

BRIDGE = "bridge"
"""The engine's own network, for all containers that ask for no other."""
OWN_RULES = {"ALL", "NET_ADMIN", "CAP_NET_ADMIN"}
"""Capabilities with which a container may change its rules, and may have some of its own."""


class Fence:
    """The fence around one container; any thread may call."""

    def __init__(
        self,
        api: APIClient,
        container: str,
        *,
        plot: Callable[[], "Plot"],
        nameservers: frozenset[Address],
    ) -> None:
        """`nameservers` are those that the container's own file names."""
        self._api = api
        self._container = container
        self._plot = plot
        self._nameservers = nameservers
        self._closed_to: tuple[frozenset[Address], bool] | None = None

    def close(self, *, on_bridge: bool) -> None:
        """Shut off this machine, and what hands out a cloud's credentials.

        Where it is `on_bridge`, shut off the others there, too. To repeat it costs nothing, unless
        this machine has other addresses by now. A compose file that asks for this machine, or for
        rules of its own, gets them.

        Raises:
            EngineError: the rules cannot be loaded, though they could be at first.
        """
        plot = self._plot()
        if plot.yard is None:
            return
        machine = plot.yard.machine()
        if on_bridge:
            machine = frozenset(address for address in machine if address not in RANGE)
        if self._closed_to == (machine, on_bridge):
            return
        with engine_errors("asking where a container lives"):
            about = self._api.inspect_container(self._container)
        if _asks_for_more(about["HostConfig"]):
            return
        target = Target(
            container=self._container,
            pid=int(about["State"]["Pid"]),
        )
        asked_for = addresses_among(about["HostConfig"].get("Dns") or ())
        closed = Closed(
            machine=machine,
            bridge=plot.bridge if on_bridge else (),
            own=_own(about["NetworkSettings"]["Networks"]),
            nameservers=self._nameservers | asked_for | plot.yard.nameservers(),
        )
        self._load(plot.yard, target, closed)
        self._closed_to = (machine, on_bridge)

    def _load(self, yard: Yard, target: Target, closed: Closed) -> None:
        try:
            yard.load(target, closed)
        except LoadingError as error:
            # Who starts it, says why it has ended.
            if self._is_running():
                raise EngineError(
                    "A container with a public network could not be kept from reaching this"
                    f" machine: {error}. See what `autoloop doctor` says of the network; or write"
                    " `allow_internet = false` in task.toml."
                ) from error

    def _is_running(self) -> bool:
        with engine_errors("looking whether a container still runs"):
            return bool(self._api.inspect_container(self._container)["State"]["Running"])


@dataclass(frozen=True, slots=True, kw_only=True)
class Plot:
    """What fences can be built with here."""

    yard: Yard | None
    bridge: tuple[Range, ...] = ()
    """Where all containers are that have no network of their own."""
    gap: str | None = None


class Fences:
    """Builds fences, in the first way that can be gone here."""

    def __init__(self, api: APIClient, *, ways: Sequence[Way]) -> None:
        self._api = api
        self._ways = ways
        self._lock = threading.Lock()
        self._plot: Plot | None = None
        self._folder: Path | None = None
        self._is_folder_known = False

    def around(self, container: str) -> Fence:
        """The fence of a container in which nothing of the agent is yet; it is open."""
        return Fence(
            self._api, container, plot=self._found, nameservers=self._written_for(container)
        )

    def can_stand(self) -> bool:
        """Whether there can be any.

        Raises:
            EngineError: the engine does not answer.
        """
        return self._found().yard is not None

    def gap(self) -> str | None:
        """What containers with a public network reach all the same, and why; None: nothing.

        Raises:
            EngineError: the engine does not answer.
        """
        return self._found().gap

    def _written_for(self, container: str) -> frozenset[Address]:
        """Whom the engine wrote down for it, where that may be read on this disk."""
        if not self._is_folder_known:
            self._folder = engine_folder(self._api)
            self._is_folder_known = True
        if self._folder is None:
            return frozenset()
        return nameservers_of([self._folder / "containers" / container / "resolv.conf"])

    def _found(self) -> Plot:
        """Looked for once, when the first container needs a fence."""
        with self._lock:
            if self._plot is None:
                try:
                    self._plot = self._look(self._bridge())
                except LoadingError as error:
                    self._plot = Plot(yard=None, gap=f"{EVERYTHING}, since {error}")
            return self._plot

    def _look(self, bridge: tuple[Range, ...]) -> Plot:
        """May raise LoadingError: there can be no fence at all."""
        reasons = []
        for way in self._ways:
            try:
                yard = way.yard(bridge)
            except LoadingError as error:
                reasons.append(str(error))
            else:
                return Plot(yard=yard, bridge=bridge, gap=yard.gap)
        raise LoadingError(", and ".join(reasons))

    def _bridge(self) -> tuple[Range, ...]:
        with engine_errors("asking for the engine's bridge"):
            try:
                about = self._api.inspect_network(BRIDGE)
            except docker.errors.NotFound as error:
                raise LoadingError("the container engine has no bridge as Docker has it") from error
        return tuple(ip_network(pool["Subnet"]) for pool in about["IPAM"]["Config"] or ())


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
