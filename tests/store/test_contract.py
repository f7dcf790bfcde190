"""SQLite and the fake keep the same promises."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from autoloop.ports import RunStore
from autoloop.store import SqliteStore
from autoloop.testing.stores import MemoryStore
from tests.store.contract import RunStoreContract


class TestSqliteStore(RunStoreContract):
    @pytest.fixture
    def store(self, tmp_path: Path) -> Iterator[RunStore]:
        with SqliteStore.open(tmp_path / "runs" / "r1") as store:
            yield store


class TestMemoryStore(RunStoreContract):
    @pytest.fixture
    def store(self) -> RunStore:
        return MemoryStore()


def test_the_fake_can_be_asked_to_stop() -> None:
    store = MemoryStore()

    store.request_stop()

    assert store.stop_requested()
