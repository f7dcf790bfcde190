"""Networks of compose projects, with small address ranges of our own, and the doors they make."""

import ipaddress
import secrets
import sys
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import docker.errors
from docker.api.client import APIClient
from docker.types import IPAMConfig, IPAMPool

from autoloop.errors import EngineError
from autoloop.sandbox.creation import WITHOUT_HOST
from autoloop.sandbox.doors import join, leave
from autoloop.sandbox.engine import engine_errors, explanation
from autoloop.sandbox.rules import RANGE

SMALLEST_PREFIX, LARGEST_PREFIX = 28, 24
"""Fences know that a network's first address is one more than a multiple of 16."""
TAKEN_BY_ENGINE = 3
"""Addresses of network, gateway and broadcast."""
TRIES = 50
ROUTES = Path("/proc/net/route")


class Networks:
    """Makes networks of the engine; any thread may call.

    The engine's own pools are used up by some thirty networks.
    """

    def __init__(
        self,
        api: APIClient,
        *,
        labels: Mapping[str, str],
        draw: Callable[[int], int] = secrets.randbelow,
    ) -> None:
        """`draw` picks a number below its argument: where to look for a free range."""
        self._api = api
        self._labels = labels
        self._draw = draw

    def make(self, name: str, *, members: int, is_internal: bool, labels: Mapping[str, str]) -> str:
        """Make a network for so many containers; its id.

        An internal one leads nowhere, not even to the host that it runs on.

        Raises:
            EngineError: no free address range was found.
        """
        with engine_errors(f"making the network {name}"):
            for _ in range(TRIES):
                subnet = self._subnet(members)
                if _is_routed(subnet):
                    continue
                pool = IPAMPool(subnet=str(subnet))
                try:
                    made = self._api.create_network(
                        name,
                        driver="bridge",
                        internal=is_internal,
                        options=WITHOUT_HOST if is_internal else None,
                        ipam=IPAMConfig(pool_configs=[pool]),
                        labels={**self._labels, **labels},
                    )
                except docker.errors.APIError as error:
                    if "overlap" not in explanation(error).lower():
                        raise
                else:
                    return str(made["Id"])
        raise EngineError(
            f"No free address range was found in {RANGE} for the network {name}: remove networks "
            f"that are not used any more (`docker network ls`)."
        )

    def _subnet(self, members: int) -> ipaddress.IPv4Network:
        bits = (members + TAKEN_BY_ENGINE).bit_length()
        prefix = max(LARGEST_PREFIX, min(SMALLEST_PREFIX, 32 - bits))
        first = self._draw(2 ** (prefix - RANGE.prefixlen)) * 2 ** (32 - prefix)
        return ipaddress.IPv4Network((int(RANGE.network_address) + first, prefix))


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """A container of a project, and the names by which the others reach it."""

    container: str
    aliases: tuple[str, ...]
    networks: tuple[str, ...]
    """Those that it is connected to."""


class ProjectDoors:
    """Cuts services of a project off that otherwise reach the outside through its networks.

    The first that is cut off moves to a network that leads nowhere, on which all are.
    """

    def __init__(
        self, api: APIClient, members: tuple[Member, ...], make_inner: Callable[[], str]
    ) -> None:
        self._api = api
        self._members = members
        self._make_inner = make_inner
        self._inner: str | None = None
        self._lock = threading.Lock()

    def set(self, member: Member, mode: Literal["public", "none"]) -> None:
        """Open or shut the way of one; may raise docker's APIError."""
        with self._lock:
            if mode == "public":
                for network in member.networks:
                    join(self._api, member.container, network, aliases=member.aliases)
                return
            self._require_inner()
            for network in member.networks:
                leave(self._api, member.container, network)

    def _require_inner(self) -> None:
        if self._inner is not None:
            return
        inner = self._make_inner()
        for member in self._members:
            join(self._api, member.container, inner, aliases=member.aliases)
        self._inner = inner


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectDoor:
    """One member's door; implements `Door`."""

    doors: ProjectDoors
    member: Member

    def set(self, mode: Literal["public", "none"]) -> None:
        """Open or shut it; harmless to repeat."""
        self.doors.set(self.member, mode)


def _is_routed(subnet: ipaddress.IPv4Network) -> bool:
    """Whether this machine reaches something else there; the default route does not count."""
    if not ROUTES.is_file():
        return False
    return any(subnet.overlaps(route) for route in _routes(ROUTES.read_text()))


def _routes(text: str) -> list[ipaddress.IPv4Network]:
    found = []
    for line in text.splitlines()[1:]:
        fields = line.split()
        address, mask = (int(fields[number], 16).to_bytes(4, sys.byteorder) for number in (1, 7))
        if any(mask):
            where = (address, str(ipaddress.IPv4Address(mask)))
            found.append(ipaddress.IPv4Network(where, strict=False))
    return found
