"""One SQLite connection: its schema, its lock among threads, its errors as sentences."""

import os
import sqlite3
import threading
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from autoloop.errors import AutoloopError, RunError, StorageError

FILE = "run.db"
VERSION = 1

SqlValue = str | int | float | None

_SCHEMA = """
CREATE TABLE run (one INTEGER PRIMARY KEY CHECK (one = 1), record TEXT NOT NULL);
CREATE TABLE notebook (one INTEGER PRIMARY KEY CHECK (one = 1), text TEXT NOT NULL);
CREATE TABLE stop_request (one INTEGER PRIMARY KEY CHECK (one = 1));
CREATE TABLE steps (
    step INTEGER PRIMARY KEY,
    decision TEXT,
    tokens INTEGER NOT NULL,
    cost_usd REAL,
    record TEXT NOT NULL
);
CREATE TABLE trials (
    position INTEGER PRIMARY KEY,
    id TEXT NOT NULL,
    agent TEXT NOT NULL,
    task TEXT NOT NULL,
    task_digest TEXT NOT NULL,
    purpose TEXT NOT NULL,
    attempt INTEGER NOT NULL,
    step INTEGER NOT NULL,
    split TEXT,
    outcome TEXT NOT NULL,
    reward REAL,
    passed INTEGER NOT NULL,
    tokens INTEGER NOT NULL,
    cost_usd REAL,
    record TEXT NOT NULL
);
CREATE UNIQUE INDEX counted_trials ON trials (agent, task, task_digest, purpose, attempt)
    WHERE outcome <> 'invalid';
CREATE UNIQUE INDEX trial_ids ON trials (id, agent, task, task_digest, purpose, attempt);
CREATE INDEX trial_sums ON trials (outcome, passed, tokens, cost_usd);
CREATE INDEX trial_steps ON trials (step, split, task, outcome, reward);
"""
_DAMAGED = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


class _Translated:
    """Turns SQLite's errors into sentences that name the file."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def __enter__(self) -> None:
        pass

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if isinstance(error, sqlite3.ProgrammingError):
            raise RunError(
                f"{str(self._file)!r} was closed already: open the run again."
            ) from error
        if isinstance(error, sqlite3.DatabaseError):
            raise self._sentence(error) from error

    def _sentence(self, error: sqlite3.DatabaseError) -> AutoloopError:
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        if code in _DAMAGED:
            return RunError(
                f"{str(self._file)!r} is damaged ({error}): restore the file from a copy, or start "
                "a new run."
            )
        if code == sqlite3.SQLITE_FULL:
            return StorageError(
                f"The disk that holds {str(self._file)!r} is full: make room, then resume. Nothing "
                "that was recorded before is lost."
            )
        return StorageError(
            f"{str(self._file)!r} cannot be used ({error}): see whether its disk is sound and may "
            "be written to by you, then resume."
        )


class Database:
    """A connection that threads share, one statement at a time, each durable when it returns.

    Raises:
        RunError: the file is missing, damaged, foreign or of a newer autoloop.
        StorageError: the disk refuses.
    """

    def __init__(self, file: Path, *, readonly: bool = False) -> None:
        self.file = file
        self._lock = threading.Lock()
        self._translated = _Translated(file)
        with self._translated:
            self._connection = self._connect(readonly=readonly)
        try:
            with self._translated:
                self._prepare(readonly=readonly)
        except BaseException:
            self._connection.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def rows(self, statement: str, *values: SqlValue) -> list[tuple[SqlValue, ...]]:
        """All rows that a query gives."""
        with self._lock, self._translated:
            return self._connection.execute(statement, _storable(values)).fetchall()

    def write(self, statement: str, *values: SqlValue) -> None:
        """Change something; on disk when this returns."""
        with self._lock, self._translated:
            self._connection.execute(statement, _storable(values))

    def close(self) -> None:
        """Close the connection. Harmless to repeat."""
        with self._lock, self._translated:
            self._connection.close()

    def _connect(self, *, readonly: bool) -> sqlite3.Connection:
        mode = "rwc"
        if readonly:
            mode = "ro&immutable=1" if self._is_sealed() else "ro"
        return sqlite3.connect(
            f"{self.file.absolute().as_uri()}?mode={mode}",
            uri=True,
            timeout=10,
            isolation_level=None,
            check_same_thread=False,
        )

    def _is_sealed(self) -> bool:
        """Whether nobody here can write: SQLite's files for readers could not be made either."""
        log = self.file.with_name(f"{FILE}-wal")
        return not os.access(self.file.parent, os.W_OK) and not log.exists()

    def _prepare(self, *, readonly: bool) -> None:
        version = self._version()
        if version > VERSION:
            raise RunError(
                f"{str(self.file)!r} was written by a newer autoloop (schema {version}; this one "
                f"knows {VERSION}): update autoloop."
            )
        if not readonly:
            self._make_durable()
            self._make_tables()
        elif version == 0:
            raise RunError(f"{str(self.file)!r} holds no run yet: it was never begun.")

    def _version(self) -> int:
        version: int = self._connection.execute("PRAGMA user_version").fetchone()[0]
        return version

    def _make_durable(self) -> None:
        (mode,) = self._connection.execute("PRAGMA journal_mode = WAL").fetchone()
        if mode != "wal":
            raise StorageError(
                f"The file system of {str(self.file)!r} cannot hold a write-ahead log (SQLite "
                f"chose {mode!r}): put the project on a local disk."
            )
        self._connection.execute("PRAGMA synchronous = FULL")
        self._connection.execute("PRAGMA foreign_keys = ON")

    def _make_tables(self) -> None:
        if self._version() == VERSION:
            return
        if self._connection.execute("SELECT 1 FROM sqlite_master").fetchone():
            raise RunError(f"{str(self.file)!r} is a database of another program: move it away.")
        self._connection.executescript(
            f"BEGIN IMMEDIATE; {_SCHEMA} PRAGMA user_version = {VERSION}; COMMIT;"
        )


def _storable(values: Sequence[SqlValue]) -> list[SqlValue]:
    """SQLite takes UTF-8 only, and names of files may hold anything."""
    return [
        value.encode(errors="replace").decode() if isinstance(value, str) else value
        for value in values
    ]
