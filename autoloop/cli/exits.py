"""Exit codes. They are part of the contract: docs/exit-codes.md lists them."""

from enum import IntEnum

from autoloop.errors import AutoloopError, InfraError, InterruptError
from autoloop.results import Run, StopReason


class Exit(IntEnum):
    """What the process tells its caller."""

    OK = 0
    MEND = 1
    """Something a person must mend: the message says what."""
    USAGE = 2
    """The command line itself was wrong."""
    STOPPED = 3
    """Machine or provider failed; `autoloop resume` goes on."""
    UNSOUND = 4
    """A command that looks for it found what is not as it should be."""
    INTERRUPTED = 130
    """Ctrl-C or `autoloop stop`; `autoloop resume` goes on."""


BY_REASON = {
    StopReason.INTERRUPTED: Exit.INTERRUPTED,
    StopReason.ASKED: Exit.INTERRUPTED,
    StopReason.INFRASTRUCTURE: Exit.STOPPED,
    StopReason.MODEL: Exit.MEND,
}


def exit_of(run: Run) -> Exit:
    """How a climb that ended so is told to the caller."""
    if run.finished_at is not None or run.stop_reason is None:
        return Exit.OK
    return BY_REASON.get(run.stop_reason, Exit.OK)


def exit_of_error(error: AutoloopError) -> Exit:
    """How an error is told to the caller."""
    if isinstance(error, InterruptError):
        return Exit.INTERRUPTED
    return Exit.STOPPED if isinstance(error, InfraError) else Exit.MEND
