"""Trials of all runs of a project in one file, found by content."""

from collections.abc import Iterable
from dataclasses import astuple, replace
from pathlib import Path
from typing import Self

from autoloop.errors import StorageError
from autoloop.records import ArchiveKey, TrialResult
from autoloop.store.database import Database, Schema
from autoloop.store.encoding import TRIALS

FILE = "trials.db"
_SCHEMA = Schema(
    version=1,
    remedy="delete it; without it nothing is lost but that trials of earlier runs are not reused",
    # The runs' own databases hold the same trials: a power cut may cost the last ones their reuse.
    synchronous="NORMAL",
    tables="""
CREATE TABLE trials (
    position INTEGER PRIMARY KEY,
    agent TEXT NOT NULL,
    task_digest TEXT NOT NULL,
    image TEXT NOT NULL,
    model TEXT NOT NULL,
    conditions TEXT NOT NULL,
    run TEXT NOT NULL,
    id TEXT NOT NULL,
    record TEXT NOT NULL
);
CREATE INDEX contents ON trials (agent, task_digest, image, model, conditions, position);
CREATE UNIQUE INDEX trials_of_runs ON trials (run, id)
""",
)
_ADD = """
INSERT INTO trials (agent, task_digest, image, model, conditions, run, id, record)
VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING
"""
_FIND = """
SELECT run, record FROM trials
WHERE agent = ? AND task_digest = ? AND image = ? AND model = ? AND conditions = ?
ORDER BY position
"""


class SqliteArchive:
    """`trials.db` in the folder of all runs; an index, the trials' files stay where they are.

    Each change is one short statement, for which the others wait, so processes share it freely. A
    process that is killed before it adds a trial costs that trial its reuse and nothing else: the
    run's own database has it. It is not added later, since nobody could tell by then which images
    it ran in.
    """

    def __init__(self, database: Database, *, run: str) -> None:
        self._database = database
        self._runs = database.file.parent
        self._run = run

    @classmethod
    def open(cls, runs: Path, *, run: str) -> Self:
        """Open the archive of a project's runs for one of them, making it where there is none.

        Raises:
            RunError: the file is damaged, foreign or of a newer autoloop.
            StorageError: the disk refuses.
        """
        try:
            runs.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StorageError(f"The folder {str(runs)!r} cannot be made: {error}") from error
        return cls(Database(runs / FILE, _SCHEMA), run=run)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def trials(self, key: ArchiveKey) -> tuple[TrialResult, ...]:
        """Trials of this content whose files are still there, in the order they were added."""
        found = self._database.rows(_FIND, *astuple(key))
        return tuple(self._present((str(run), str(record)) for run, record in found))

    def add(self, key: ArchiveKey, result: TrialResult) -> None:
        """Store a trial that this run ran; the same one again, or an invalid one, changes nothing.

        An invalid trial is no result: it says something about the machine that day alone.
        """
        if result.counts:
            record = TRIALS.encode(result)
            self._database.write(_ADD, *astuple(key), self._run, result.id, record)

    def close(self) -> None:
        """Let go of the file. Harmless to repeat."""
        self._database.close()

    def _present(self, rows: Iterable[tuple[str, str]]) -> Iterable[TrialResult]:
        """Trials whose files are there: the meta-agent must be able to read what it is shown."""
        for run, record in rows:
            result = TRIALS.decode(record, file=self._database.file)
            if (self._runs / run / result.folder).is_dir():
                folder = f"../{run}/{result.folder}"
                yield replace(result, folder=folder, reused_from=run)


def forget_removed(runs: Path) -> int:
    """Take trials out of the archive whose runs have no folder any more; how many runs those were.

    Raises:
        RunError: the file is damaged, foreign or of a newer autoloop.
        StorageError: the disk refuses.
    """
    if not (runs / FILE).is_file():
        return 0
    with Database(runs / FILE, _SCHEMA) as database:
        names = [str(run) for (run,) in database.rows("SELECT DISTINCT run FROM trials")]
        gone = [name for name in names if not (runs / name).is_dir()]
        for name in gone:
            database.write("DELETE FROM trials WHERE run = ?", name)
    return len(gone)
