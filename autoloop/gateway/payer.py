"""Who pays for a call says whether it may be tried again after attempts that cost something."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TypeAlias

from autoloop.records import Usage

Payer: TypeAlias = Callable[[Usage], bool]
"""Whether another attempt may follow failed ones that consumed so much."""


def _anybody(_spent: Usage) -> bool:
    return True


_PAYER: ContextVar[Payer] = ContextVar("payer", default=_anybody)


@contextmanager
def paid_by(payer: Payer) -> Iterator[None]:
    """Whatever is asked in this thread until the end is paid by somebody."""
    token = _PAYER.set(payer)
    try:
        yield
    finally:
        _PAYER.reset(token)


def pays_on(spent: Usage) -> bool:
    """Whether another attempt may follow failed ones that consumed so much."""
    return _PAYER.get()(spent)
