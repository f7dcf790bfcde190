"""A model provider on loopback: the three wire formats, honest counts, and faults by script."""

from autoloop.testing.provider.faults import (
    FAULTS,
    LASTING,
    PASSING,
    REQUESTED,
    Fault,
    Script,
    always,
    by_number,
    never,
    share,
)
from autoloop.testing.provider.server import LoopbackProvider, Received
from autoloop.testing.provider.tally import Tally, Tokens

__all__ = [
    "FAULTS",
    "LASTING",
    "PASSING",
    "REQUESTED",
    "Fault",
    "LoopbackProvider",
    "Received",
    "Script",
    "Tally",
    "Tokens",
    "always",
    "by_number",
    "never",
    "share",
]
