"""The way out for containers whose task allows some hosts only."""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol


class Egress(Protocol):
    """A door to the network that lets through what a policy allows."""

    def open(self, hosts: Sequence[str]) -> AbstractContextManager[Path]:
        """Serve a proxy for these hosts; leaving the context ends its connections.

        Yields a host folder that holds the one Unix socket `sock`, on which HTTP proxy requests
        (CONNECT and absolute URLs) are answered; world-traversable, to be bound into a container.
        `hosts` are as in `Network.hosts`. What is not allowed is refused with 403 and a sentence.
        """
