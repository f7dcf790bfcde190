"""The store of a run that is being worked on."""

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Self

from autoloop.errors import StorageError
from autoloop.records import Run, Step, TrialResult
from autoloop.store.database import Database
from autoloop.store.encoding import RUNS, STEPS, TRIALS
from autoloop.store.lock import RunLock
from autoloop.store.reader import StoreReader
from autoloop.store.run_schema import FILE, RUN_SCHEMA

_SAVE_STEP = """
INSERT INTO steps (step, decision, tokens, cost_usd, record) VALUES (?, ?, ?, ?, ?)
ON CONFLICT (step) DO UPDATE SET decision = excluded.decision, tokens = excluded.tokens,
cost_usd = excluded.cost_usd, record = excluded.record
"""
_SAVE_TRIAL = """
INSERT INTO trials (id, agent, task, task_digest, purpose, attempt, step, split, outcome, reward,
passed, tokens, cost_usd, record) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT DO NOTHING
"""


class SqliteStore(StoreReader):
    """The state of one run in `<folder>/run.db`, held by this process alone.

    Every save is on disk when it returns; a kill at any moment loses nothing that was saved.
    """

    def __init__(self, database: Database, lock: RunLock) -> None:
        super().__init__(database)
        self._lock = lock

    @classmethod
    def open(cls, folder: Path, *, sleep: Callable[[float], None] = time.sleep) -> Self:
        """Take hold of a run, making its folder when it is new.

        Raises:
            RunError: another live process holds it, or the database cannot be read.
            StorageError: the disk refuses.
        """
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StorageError(f"The folder {str(folder)!r} cannot be made: {error}") from error
        lock = RunLock(folder, sleep=sleep)
        try:
            database = Database(folder / FILE, RUN_SCHEMA)
            database.write("DELETE FROM stop_request")
            _sync(folder)
        except BaseException:
            lock.release()
            raise
        return cls(database, lock)

    def save_run(self, run: Run) -> None:
        """Store the run's record, replacing the earlier one."""
        self._database.write("INSERT OR REPLACE INTO run VALUES (1, ?)", RUNS.encode(run))

    def save_step(self, step: Step) -> None:
        """Store a step, replacing its earlier stage."""
        decision = step.verdict.decision.value if step.verdict else None
        usage = step.usage
        self._database.write(
            _SAVE_STEP, step.index, decision, usage.tokens, usage.cost_usd, STEPS.encode(step)
        )

    def save_trial(self, result: TrialResult) -> None:
        """Store a finished trial. Saving the same counted key twice keeps the first."""
        key, usage = result.key, result.paid
        self._database.write(
            _SAVE_TRIAL,
            result.id,
            *(key.agent, key.task, key.task_digest, key.purpose.value, key.attempt),
            *(result.step, result.split, result.outcome.value, result.reward, result.passed),
            *(usage.tokens, usage.cost_usd, TRIALS.encode(result)),
        )

    def save_notebook(self, text: str) -> None:
        """Replace the notebook."""
        self._database.write("INSERT OR REPLACE INTO notebook VALUES (1, ?)", text)

    def close(self) -> None:
        """Release the run."""
        super().close()
        self._lock.release()


def _sync(folder: Path) -> None:
    """Make the names of new files in a folder durable."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
