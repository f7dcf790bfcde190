"""What is paid for model calls that failed."""

from autoloop.errors import AutoloopError
from autoloop.records.chat import Usage


def charge(error: AutoloopError, usage: Usage) -> None:
    """Note with an error what the provider had counted when it happened."""
    error.charged = usage


def charged(error: AutoloopError) -> Usage:
    """What the provider had counted when the error happened; nothing, where it said nothing."""
    return error.charged if isinstance(error.charged, Usage) else Usage()
