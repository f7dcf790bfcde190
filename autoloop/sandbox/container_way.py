"""Rules loaded by containers of our own: where autoloop is not root, or the engine elsewhere."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from docker.api.client import APIClient

from autoloop.sandbox.addresses import (
    ROUTED,
    Address,
    addresses_among,
    addresses_of,
    addresses_of_machine,
    nameservers_in,
)
from autoloop.sandbox.context import BuildContext
from autoloop.sandbox.engine import engine_errors
from autoloop.sandbox.errands import Errand, Errands
from autoloop.sandbox.images import Images
from autoloop.sandbox.living import Living
from autoloop.sandbox.loading import LOCK_S, LoadingError, Target, open_by_ipv6
from autoloop.sandbox.rules import IPV4, IPV6, RANGE, Closed, Range, Version

FOLDER = Path(__file__).parent / "fence"
BUILD_S = 600.0
GATE = "host-gateway"
"""What an engine calls the address by which containers may reach its machine."""
NAMED = "autoloop-machine"
LOAD = f"""
printf '%s' "$RULES_4" | iptables-restore -w {LOCK_S} || exit 4
[ -z "$RULES_6" ] || printf '%s' "$RULES_6" | ip6tables-restore -w {LOCK_S} || exit 6
"""
BORDER = "# That was one of three."
LOOK = f"""
grep -B 1 'host LOCAL' /proc/net/fib_trie || exit 1
printf '{BORDER}'
cat /proc/net/if_inet6 2>/dev/null
printf '{BORDER}'
cat /etc/resolv.conf 2>/dev/null || true
"""
READ = "cat /etc/hosts /etc/resolv.conf"
GIVEN = re.compile(rf"^(\S+)\s+{NAMED}$", re.MULTILINE)
UNREADABLE = (
    f"services of this machine by addresses that are not the engine's, since {ROUTED}, where they"
    " could be read, is not here"
)


class ContainerWay:
    """Shares a container's network for a moment, with power over that network and nothing else."""

    def __init__(
        self,
        api: APIClient,
        images: Images,
        *,
        labels: Mapping[str, str],
        living: Living,
        folder: Path = FOLDER,
    ) -> None:
        """What it starts carries `labels`; its image is built of `folder` when first needed."""
        self._folder = folder
        self._api = api
        self._images = images
        self._errands = Errands(api, image=self._image, labels=labels, living=living)

    def yard(self, bridge: tuple[Range, ...]) -> "ContainerYard":
        """Try it out.

        Raises:
            LoadingError: the image does not build, or its containers may not or cannot do it.
            EngineError: the engine does not answer.
        """
        try:
            surroundings = self._look()
            versions, gaps = self._try_out(bridge, surroundings.machine)
        except LoadingError as error:
            raise LoadingError(f"no container of its own can load rules: {error}") from error
        if not ROUTED.exists():
            gaps.append(UNREADABLE)
        return ContainerYard(
            api=self._api,
            errands=self._errands,
            surroundings=surroundings,
            versions=versions,
            gap="; and ".join(gaps) or None,
        )

    def _image(self) -> str:
        context = BuildContext(folder=self._folder)
        tag = f"autoloop/fence:{self._images.digest(context)}"
        return self._images.built(tag, context, timeout_s=BUILD_S)

    def _try_out(
        self, bridge: tuple[Range, ...], machine: frozenset[Address]
    ) -> tuple[tuple[Version, ...], list[str]]:
        """Of which versions rules can be loaded, and what that leaves open."""
        everything = machine | addresses_of_machine()
        closed = Closed(machine=everything, bridge=bridge, own=(), nameservers=frozenset())
        try:
            load(self._errands, closed, versions=(IPV4, IPV6), network="none")
        except LoadingError as error:
            load(self._errands, closed, versions=(IPV4,), network="none")
            needs_it = any(one.version == IPV6 for one in bridge)
            return (IPV4,), [open_by_ipv6(error)] if needs_it else []
        return (IPV4, IPV6), []

    def _look(self) -> "Surroundings":
        seen = self._errands.run(Errand(script=LOOK, network="host"))
        routed, interfaces, resolvers = seen.split(BORDER, 2)
        given = self._given()
        gates = addresses_among(GIVEN.findall(given))
        return Surroundings(
            machine=addresses_of(routed, interfaces) | gates,
            nameservers=nameservers_in(resolvers) | nameservers_in(given),
        )

    def _given(self) -> str:
        """What the engine tells containers of itself and of nameservers."""
        try:
            return self._errands.run(Errand(script=READ, network="none", hosts={NAMED: GATE}))
        except LoadingError:
            # Older ones know no such name.
            return self._errands.run(Errand(script=READ, network="none"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What the engine's machine said of itself at first."""

    machine: frozenset[Address]
    """Its own addresses, and by which its containers may reach it."""
    nameservers: frozenset[Address]
    """Those that it asks, and that it has containers ask."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ContainerYard:
    """Fences are built by containers."""

    api: APIClient
    errands: Errands
    surroundings: Surroundings
    versions: tuple[Version, ...]
    """Of which rules can be loaded."""
    gap: str | None

    def machine(self) -> frozenset[Address]:
        """Those of this machine, and of the engine's where that is another.

        Of another machine only addresses in networks of its engine are read anew.
        """
        here, there = addresses_of_machine(), self.surroundings.machine
        if all(one in here or one in RANGE for one in there):
            return here
        return here | there | self._gateways()

    def _gateways(self) -> frozenset[Address]:
        with engine_errors("asking for the engine's networks"):
            networks = self.api.networks(filters={"driver": "bridge"})
        pools = [pool for one in networks for pool in one["IPAM"]["Config"] or ()]
        words = [str(pool.get("Gateway") or "").partition("/")[0] for pool in pools]
        return addresses_among(words)

    def nameservers(self) -> frozenset[Address]:
        """Those of the engine's machine, and those that it has containers ask."""
        return self.surroundings.nameservers

    def load(self, target: Target, closed: Closed) -> None:
        """Load rules from within.

        Raises:
            LoadingError: that did not work.
            EngineError: the engine does not answer.
        """
        network = f"container:{target.container}"
        load(self.errands, closed, versions=self.versions, network=network)


def load(errands: Errands, closed: Closed, *, versions: tuple[Version, ...], network: str) -> None:
    """Load rules into a network, which is not the engine's own machine's.

    Raises:
        LoadingError: that did not work.
        EngineError: the engine does not answer.
    """
    rules = {f"RULES_{version}": closed.rules(version) for version in versions}
    errands.run(Errand(script=LOAD, network=network, env=rules, capabilities=("NET_ADMIN",)))
