"""One SQLite connection: its schema, its lock among threads, its errors as sentences."""

import os
import sqlite3
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Literal, Self

import tenacity

from autoloop.errors import AutoloopError, RunError, StorageError

SqlValue = str | int | float | None
PATIENCE_S = 10.0
"""How long to wait for other processes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Schema:
    """What a database holds, and how much its writers care."""

    tables: str
    version: int
    remedy: str
    """What helps where the file is damaged, for the end of a sentence."""
    synchronous: Literal["FULL", "NORMAL"] = "FULL"
    """`NORMAL`: a power cut may take the last entries with it, never the file."""


_DAMAGED = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


class _Translated:
    """Turns SQLite's errors into sentences that name the file."""

    def __init__(self, file: Path, remedy: str) -> None:
        self._file = file
        self._remedy = remedy

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
            return RunError(f"{str(self._file)!r} is damaged ({error}): {self._remedy}.")
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

    def __init__(
        self,
        file: Path,
        schema: Schema,
        *,
        readonly: bool = False,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.file = file
        self._schema = schema
        self._sleep = sleep
        self._lock = threading.Lock()
        self._translated = _Translated(file, schema.remedy)
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
            timeout=PATIENCE_S,
            isolation_level=None,
            check_same_thread=False,
        )

    def _is_sealed(self) -> bool:
        """Whether nobody here can write: SQLite's files for readers could not be made either."""
        log = self.file.with_name(f"{self.file.name}-wal")
        return not os.access(self.file.parent, os.W_OK) and not log.exists()

    def _prepare(self, *, readonly: bool) -> None:
        version = self._version()
        if version > self._schema.version:
            raise RunError(
                f"{str(self.file)!r} was written by a newer autoloop (schema {version}; this one "
                f"knows {self._schema.version}): update autoloop."
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
        # Of several processes that open a new file at once, SQLite lets only one change the mode,
        # and tells the others so without waiting.
        patient = tenacity.Retrying(
            stop=tenacity.stop_after_delay(PATIENCE_S),
            wait=tenacity.wait_random(0.01, 0.1),
            retry=tenacity.retry_if_exception(_is_busy),
            sleep=self._sleep,
            reraise=True,
        )
        (mode,) = patient(self._connection.execute, "PRAGMA journal_mode = WAL").fetchone()
        if mode != "wal":
            raise StorageError(
                f"The file system of {str(self.file)!r} cannot hold a write-ahead log (SQLite "
                f"chose {mode!r}): put the project on a local disk."
            )
        self._connection.execute(f"PRAGMA synchronous = {self._schema.synchronous}")
        self._connection.execute("PRAGMA foreign_keys = ON")

    def _make_tables(self) -> None:
        if self._version() == self._schema.version:
            return
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            # Another process may have been quicker.
            if self._version() != self._schema.version:
                self._make_tables_alone()
        except BaseException:
            self._connection.execute("ROLLBACK")
            raise
        self._connection.execute("COMMIT")

    def _make_tables_alone(self) -> None:
        if self._connection.execute("SELECT 1 FROM sqlite_master").fetchone():
            raise RunError(f"{str(self.file)!r} is a database of another program: move it away.")
        for statement in self._schema.tables.split(";"):
            self._connection.execute(statement)
        self._connection.execute(f"PRAGMA user_version = {self._schema.version}")


def _is_busy(error: BaseException) -> bool:
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    return code in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}


def _storable(values: Sequence[SqlValue]) -> list[SqlValue]:
    """SQLite takes UTF-8 only, and names of files may hold anything."""
    return [
        value.encode(errors="replace").decode() if isinstance(value, str) else value
        for value in values
    ]
