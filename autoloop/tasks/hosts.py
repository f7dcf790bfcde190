"""Hosts that a network allowlist may name, by Harbor's rules."""

import re
from ipaddress import ip_address, ip_network

LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
WHAT_IS_ALLOWED = (
    "write a host name, *.host, an IP address or a CIDR range such as 10.0.0.0/8, "
    "without scheme, port and path"
)


def allowed_host(text: str) -> str:
    """A host name, `*.host`, address or CIDR range in its normal form.

    Raises:
        ValueError: it is none of these.
    """
    host = text.strip().lower().rstrip(".")
    try:
        if "%" not in host and "/" in host:
            return ip_network(host, strict=True).compressed
        if "%" not in host and ":" in host:
            return ip_address(host).compressed
    except ValueError as error:
        raise ValueError(WHAT_IS_ALLOWED) from error
    name = host.removeprefix("*.")
    if not all(LABEL.fullmatch(label) for label in name.split(".")):
        raise ValueError(WHAT_IS_ALLOWED)
    if name != host and _is_address(name):
        raise ValueError("write an address without *., which is for host names")
    return host


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True
