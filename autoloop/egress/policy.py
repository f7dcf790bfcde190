"""Which hosts a task may reach, and which addresses stay closed whatever a name resolves to."""

import socket
from collections.abc import Sequence
from dataclasses import dataclass
from http import HTTPStatus
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)
from typing import Self, TypeAlias

from autoloop.egress.refusal import RefusalError
from autoloop.errors import TaskError

Address: TypeAlias = IPv4Address | IPv6Address
Range: TypeAlias = IPv4Network | IPv6Network

_GUARDED = tuple(
    ip_network(text)
    for text in (
        "0.0.0.0/8",
        "127.0.0.0/8",
        "169.254.0.0/16",
        "100.100.100.200/32",  # metadata of Alibaba's cloud
        "168.63.129.16/32",  # metadata of Azure
        "224.0.0.0/3",
        "::/128",
        "::1/128",
        "fe80::/10",
        "fd00:ec2::/32",  # metadata of Amazon's cloud
        "ff00::/8",
    )
)
"""This machine itself, its network segment, and what hands out a cloud machine's credentials."""
_NAT64 = IPv6Network("64:ff9b::/96")
_ANY_PORT = 9
_MOST_NAMED = 12
"""Entries that a refusal lists."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """What `allowed_hosts` of a task says."""

    entries: tuple[str, ...]
    names: frozenset[str]
    suffixes: tuple[str, ...]
    """Of `*.example.com`: `.example.com`, which any name below it ends with, but not it itself."""
    ranges: tuple[Range, ...]

    @classmethod
    def parse(cls, hosts: Sequence[str]) -> Self:
        """Read host names, `*.host`, addresses and CIDR ranges.

        Raises:
            TaskError: an entry is none of these.
        """
        entries = tuple(host.strip().lower().rstrip(".") for host in hosts)
        ranges = {entry: _range(entry) for entry in entries}
        rest = [entry for entry in entries if ranges[entry] is None]
        for entry in rest:
            if "/" in entry or ":" in entry or "*" in entry.removeprefix("*.") or not entry:
                raise TaskError(
                    f"{entry!r} in allowed_hosts is no host name, no '*.host', no address and no"
                    f" CIDR range; write it without scheme, port and path."
                )
        return cls(
            entries=entries,
            names=frozenset(entry for entry in rest if not entry.startswith("*.")),
            suffixes=tuple(entry[1:] for entry in rest if entry.startswith("*.")),
            ranges=tuple(found for found in ranges.values() if found is not None),
        )

    def check_host(self, host: str) -> None:
        """Refuse a host that no entry allows.

        A name that is not listed is not even resolved: to ask for it would carry words out.
        """
        address = as_address(host)
        if address is None:
            allowed = host in self.names or host.endswith(self.suffixes)
        else:
            allowed = self._opens(address)
        if not allowed:
            raise RefusalError(
                HTTPStatus.FORBIDDEN, f"{host!r} is not among this task's allowed_hosts{self._told}"
            )

    def check_resolved(self, name: str, address: Address) -> None:
        """Refuse an address that an allowed name must not lead to.

        What is listed as address or range is open in any case. A name listed as it is may lead to
        a private network, where package mirrors live; a name below a `*.` may not, as whoever
        names hosts there could choose any of them.
        """
        if self._opens(address):
            return
        if _guard(address) is not None:
            raise RefusalError(
                HTTPStatus.FORBIDDEN,
                f"{name!r} leads to {address}, which only this machine or its nearest network may"
                f" use; if that is meant, list the address itself in the task's allowed_hosts.",
            )
        if name not in self.names and not _plain(address).is_global:
            raise RefusalError(
                HTTPStatus.FORBIDDEN,
                f"{name!r} leads to {address}, an address of a private network; if that is meant,"
                f" list {name!r} itself in the task's allowed_hosts, not only a '*.' above it.",
            )

    def _opens(self, address: Address) -> bool:
        """Whether an entry lists the address; for a guarded one, by itself and not in passing."""
        plain = _plain(address)
        guard = _guard(address)
        listed = [entry for entry in self.ranges if plain in entry or address in entry]
        return any(guard is None or _within(entry, guard) for entry in listed)

    @property
    def _told(self) -> str:
        if not self.entries:
            return ", which are empty."
        more = len(self.entries) - _MOST_NAMED
        rest = f" and {more} more" if more > 0 else ""
        return f": {', '.join(self.entries[:_MOST_NAMED])}{rest}."


def as_address(host: str) -> Address | None:
    """The address that a host is written as, or None when it is a name."""
    try:
        return ip_address(host)
    except ValueError:
        return None


def _range(entry: str) -> Range | None:
    try:
        return ip_network(entry, strict=False)
    except ValueError:
        return None


def _plain(address: Address) -> Address:
    """The IPv4 address inside an IPv6 one that merely carries it."""
    if isinstance(address, IPv4Address):
        return address
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address


def _guard(address: Address) -> Range | None:
    """The closed range that an address lies in; for an own address of this machine, itself."""
    plain = _plain(address)
    for guarded in _GUARDED:
        if plain in guarded:
            return guarded
    return ip_network(plain) if _is_own(plain) else None


def _within(entry: Range, guard: Range) -> bool:
    if isinstance(entry, IPv4Network):
        return isinstance(guard, IPv4Network) and entry.subnet_of(guard)
    return isinstance(guard, IPv6Network) and entry.subnet_of(guard)


def _is_own(address: Address) -> bool:
    """Whether the kernel would talk to itself; no packet is sent for this."""
    family = socket.AF_INET if address.version == 4 else socket.AF_INET6
    with socket.socket(family, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect((str(address), _ANY_PORT))
        except OSError:
            # No way there at all.
            return False
        return str(probe.getsockname()[0]) == str(address)
