"""What makes all tests quicker, and processes that they start; and the engine that many need."""

import gc
import os
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest
from docker.api.client import APIClient

from autoloop.errors import UserError
from autoloop.sandbox.engine import connect


def pytest_configure() -> None:
    # What a killed process wrote is there without being forced onto the disk, which only the death
    # of a whole machine would make count; git's own tests do without it likewise.
    os.environ.setdefault("GIT_TEST_FSYNC", "0")
    # As many tests run at once as there are cores: numpy's threads would be in each other's way.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """What is imported stays to the end: the garbage collector need not look through it again."""
    gc.disable()
    collected = yield
    gc.freeze()
    gc.enable()
    return collected


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Pass by files without a test in Docker where only such are asked for.

    Most files are, and to import them takes longer than many a test, in each process anew.
    """
    if not config.option.markexpr.endswith("and docker") or collection_path.suffix != ".py":
        return None
    needs_docker = b"mark.docker" in collection_path.read_bytes()
    return None if needs_docker else collection_path.name.startswith("test_")


@pytest.fixture(scope="session")
def engine() -> Iterator[APIClient]:
    """The container engine itself; where none answers, tests are skipped, and fail in CI."""
    try:
        api = connect()
    except UserError as error:
        if "CI" in os.environ:
            pytest.fail(str(error))
        pytest.skip(str(error))
    yield api
    api.close()
