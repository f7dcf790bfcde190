"""Python's collector of cyclic garbage, held back while a syntax tree grows."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def uncollected() -> Iterator[None]:
    """Hold the collector back, which goes through all of a large tree again and again.

    Several threads may do so at once: the collector is on again when the first of them is done,
    and never left off by the last.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
