"""Skips tests, with the reason, where Harbor is not installed."""

from collections.abc import Iterable
from importlib.util import find_spec
from pathlib import Path

import pytest

REASON = "Harbor is not installed here: `make test-harbor` runs this with Python 3.12 or later."


class AbsentModule(pytest.Module):
    """A test module that cannot even be imported."""

    def collect(self) -> Iterable[pytest.Item | pytest.Collector]:
        pytest.skip(REASON, allow_module_level=True)


def module_for(path: Path, parent: pytest.Collector) -> pytest.Module | None:
    """What stands in for a module that imports Harbor; None where Harbor is."""
    if find_spec("harbor") is not None:
        return None
    return AbsentModule.from_parent(parent, path=path)
