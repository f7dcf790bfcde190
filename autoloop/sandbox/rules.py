"""What a container's packets may not go to, as rules that `iptables-restore` reads."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, collapse_addresses, ip_network
from typing import Final, Literal, TypeAlias, cast

from autoloop.sandbox.addresses import Address

Range: TypeAlias = IPv4Network | IPv6Network
Version: TypeAlias = Literal[4, 6]
IPV4: Final = 4
IPV6: Final = 6

RANGE = IPv4Network("198.18.0.0/15")
"""Networks of projects are here; set aside for measurements within a lab (RFC 2544), so that hardly
any machine routes it elsewhere."""
OWN_IN_RANGE = "198.18.0.1/255.254.0.15"
"""First addresses of these networks, which are this machine's, also of those still to be made."""
CLOUD_AND_LINK = tuple(
    ip_network(text)
    for text in (
        "169.254.0.0/16",
        "100.100.100.200/32",  # metadata of Alibaba's cloud
        "168.63.129.16/32",  # metadata of Azure
        "192.0.0.192/32",  # metadata of Oracle's cloud
        "224.0.0.0/24",  # every machine listens to 224.0.0.1, many to others of these
        "239.255.255.250/32",
        "fe80::/10",
        "fd00:ec2::/32",  # metadata of Amazon's cloud
        "fd20:ce::/32",  # metadata of Google's cloud
        "ff01::/16",
        "ff02::/16",
    )
)
"""What hands out a cloud machine's credentials, and all that hear what is said on a link."""
NEIGHBOUR_DISCOVERY = (133, 135, 136)
"""Kinds of ICMPv6 without which nothing finds its way."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Closed:
    """What lies outside a container's fence."""

    machine: frozenset[Address]
    bridge: tuple[Range, ...]
    """Where containers are that have nothing to do with each other; empty: it is not on there."""
    own: tuple[Range, ...]
    """Networks of its project."""
    nameservers: frozenset[Address]
    """May be asked for names all the same."""

    def rules(self, version: Version) -> str:
        """The whole of the table `filter`, for addresses of one version.

        Rules and not routes: a socket that is bound to a device goes past routes that refuse. Who
        may change them has NET_ADMIN, and who gets past them NET_RAW, which no agent has.
        """
        shut, later = self._ranges(version)
        lines = [
            *("*filter", ":INPUT ACCEPT [0:0]", ":FORWARD ACCEPT [0:0]", ":OUTPUT ACCEPT [0:0]"),
            "-A OUTPUT -o lo -j ACCEPT",
            *(_discovery() if version == IPV6 else ()),
            *self._names((*shut, *later)),
            *(f"-A OUTPUT -d {one} -j REJECT" for one in shut),
            *self._to_all(version),
            *(f"-A OUTPUT -d {one} -j ACCEPT" for one in self.own if one.version == version),
            *(f"-A OUTPUT -d {one} -j REJECT" for one in later),
        ]
        if version == IPV4:
            lines.append(f"-A OUTPUT -d {OWN_IN_RANGE} -j REJECT")
        return "\n".join([*lines, "COMMIT", ""])

    def _ranges(self, version: Version) -> tuple[list[Range], list[Range]]:
        """What is shut in any case, and what but for the networks of its project."""
        shut = (*(ip_network(address) for address in self.machine), *CLOUD_AND_LINK)
        later = (*self.bridge, RANGE) if self.bridge else ()
        return _of(version, shut), _of(version, later)

    def _names(self, ranges: Iterable[Range]) -> Iterator[str]:
        for server in sorted(self.nameservers, key=str):
            if any(server in one for one in ranges):
                for protocol in ("udp", "tcp"):
                    yield f"-A OUTPUT -d {server} -p {protocol} --dport 53 -j ACCEPT"

    def _to_all(self, version: Version) -> Iterator[str]:
        """Packets for everybody on a link; a container still hears its own."""
        if version == IPV4:
            yield "-A OUTPUT -m addrtype --dst-type BROADCAST -j REJECT"
        if any(one.version == version for one in self.bridge):
            groups = "-m addrtype --dst-type MULTICAST -m addrtype ! --src-type LOCAL"
            discovery = "! -p ipv6-icmp " if version == IPV6 else ""
            yield f"-A INPUT {discovery}{groups} -j DROP"


def _of(version: Version, ranges: Iterable[Range]) -> list[Range]:
    of_version = [one for one in ranges if one.version == version]
    return list(cast("Iterable[Range]", collapse_addresses(of_version)))


def _discovery() -> Iterator[str]:
    for kind in NEIGHBOUR_DISCOVERY:
        yield f"-A OUTPUT -p ipv6-icmp --icmpv6-type {kind} -j ACCEPT"
