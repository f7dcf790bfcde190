"""Addresses: those of this machine, and those of the nameservers that containers ask."""

import re
from collections.abc import Iterable
from ipaddress import IPv4Address, IPv6Address, ip_address
from pathlib import Path
from typing import TypeAlias

Address: TypeAlias = IPv4Address | IPv6Address

ROUTED = Path("/proc/net/fib_trie")
INTERFACES = Path("/proc/net/if_inet6")
LOCAL = re.compile(r"\|-- (\S+)\n\s+/32 host LOCAL")
RESOLVERS = (Path("/etc/resolv.conf"), Path("/run/systemd/resolve/resolv.conf"))
"""Where the engine reads which nameservers there are; the second for systemd's own resolver."""
NAMESERVER = re.compile(r"^\s*nameserver\s+(\S+)|^# ExtServers: \[(.*)\]", re.MULTILINE)
"""The second is how newer engines write down whom their own resolver asks."""


def addresses_of_machine() -> frozenset[Address]:
    """All addresses that are this machine's now, but for those that never leave it or a link."""
    return addresses_of(_text(ROUTED), _text(INTERFACES))


def addresses_of(routed: str, interfaces: str) -> frozenset[Address]:
    """The same of a machine with these two tables; of the first, lines of addresses suffice."""
    found = {ip_address(text) for text in LOCAL.findall(routed)} | addresses_in(interfaces)
    return frozenset(one for one in found if not one.is_loopback and not one.is_link_local)


def addresses_in(table: str) -> set[Address]:
    """Those of a table as /proc/net/if_inet6 is, but for loopback's."""
    lines = [line.split() for line in table.splitlines()]
    return {IPv6Address(bytes.fromhex(fields[0])) for fields in lines if fields[-1] != "lo"}


def nameservers_of(files: Iterable[Path]) -> frozenset[Address]:
    """Who is named in resolv.conf files; those that cannot be read name nobody."""
    return frozenset[Address]().union(*(nameservers_in(_text(file)) for file in files))


def nameservers_in(text: str) -> frozenset[Address]:
    """Who is named in the text of a resolv.conf file."""
    named = (match.groups() for match in NAMESERVER.finditer(text))
    return addresses_among(word for one, more in named for word in _words(one, more))


def addresses_among(words: Iterable[str]) -> frozenset[Address]:
    """Those of the words that are addresses."""
    return frozenset(address for word in words if (address := _address(word)) is not None)


def _words(one: str | None, more: str | None) -> list[str]:
    # Of `host(127.0.0.53)` and of `fe80::1%eth0` only the address counts.
    return re.findall(r"[0-9a-fA-F.:]{2,}", one or more or "")


def _address(word: str) -> Address | None:
    try:
        return ip_address(word)
    except ValueError:
        return None


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
