"""How rules come into a container's network: what all ways of it have in common."""

from dataclasses import dataclass
from typing import Protocol

from autoloop.sandbox.addresses import Address
from autoloop.sandbox.rules import Closed, Range

LOCK_S = 10
"""How long to wait for others who change rules, where that is one at a time."""
LOAD_S = 30.0
EVERYTHING = "services of this machine, the cloud's metadata address and other containers"


class LoadingError(Exception):
    """Rules were not loaded; the message says why, without a full stop."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A container that runs in a network of its own."""

    container: str
    pid: int
    """Of its main process, on the engine's machine."""


class Yard(Protocol):
    """Where fences can be built; any thread may call."""

    @property
    def gap(self) -> str | None:
        """What a fence leaves open, and why; None: nothing that it should shut."""

    def machine(self) -> frozenset[Address]:
        """All addresses that are this machine's or the engine's now.

        May raise EngineError.
        """

    def nameservers(self) -> frozenset[Address]:
        """Whom containers ask for names that were told of nobody else."""

    def load(self, target: Target, closed: Closed) -> None:
        """Load rules into a container's network, in place of those there.

        Raises:
            LoadingError: that did not work.
            EngineError: the engine does not answer.
        """


class Way(Protocol):
    """A way to load rules, if it can be gone here."""

    def yard(self, bridge: tuple[Range, ...]) -> Yard:
        """Try it out; `bridge` is where containers are that have no network of their own.

        Raises:
            LoadingError: it cannot be gone here.
            EngineError: the engine does not answer.
        """


def open_by_ipv6(error: LoadingError) -> str:
    """The gap where rules can be loaded for IPv4 alone."""
    return f"{EVERYTHING} by IPv6, since {error}"
