"""The archive of SQLite and the fake keep the same promises."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from autoloop.ports import TrialArchive
from autoloop.store import SqliteArchive
from autoloop.testing.stores import MemoryArchive
from tests.store.archive_contract import TrialArchiveContract


class TestSqliteArchive(TrialArchiveContract):
    @pytest.fixture
    def runs(self, tmp_path: Path) -> Path:
        for run in ("r1", "r2"):
            for name in ("a", "b", "c"):
                (tmp_path / "runs" / run / "jobs" / name).mkdir(parents=True)
        return tmp_path / "runs"

    @pytest.fixture
    def archive(self, runs: Path) -> Iterator[TrialArchive]:
        with SqliteArchive.open(runs, run="r1") as archive:
            yield archive

    @pytest.fixture
    def other(self, runs: Path) -> Iterator[TrialArchive]:
        with SqliteArchive.open(runs, run="r2") as archive:
            yield archive


class TestMemoryArchive(TrialArchiveContract):
    @pytest.fixture
    def archive(self) -> TrialArchive:
        return MemoryArchive(run="r1")

    @pytest.fixture
    def other(self, archive: MemoryArchive) -> TrialArchive:
        return archive.of("r2")
