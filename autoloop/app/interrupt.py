"""Ctrl-C once: end cleanly. Twice: end now. Both leave a run that can be resumed."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from autoloop.errors import InterruptError
from autoloop.loop.lab import StopSignal


@contextmanager
def stop_on_interrupt() -> Iterator[StopSignal]:
    """While open, the first SIGINT or SIGTERM asks for a clean end, the next one interrupts.

    Outside the main thread signals cannot be caught, and the signal is simply never given.

    Raises:
        InterruptError: the second signal came.
    """
    stop = StopSignal()
    if threading.current_thread() is not threading.main_thread():
        yield stop
        return

    def caught(number: int, frame: FrameType | None) -> None:
        del number, frame
        if stop.requested:
            raise KeyboardInterrupt
        stop.request()

    before = {number: signal.signal(number, caught) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    except KeyboardInterrupt as error:
        raise InterruptError(
            "Interrupted. What ran is recorded; `autoloop resume` goes on."
        ) from error
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
