"""Asking a run of another process to stop."""

from pathlib import Path

from autoloop.errors import RunError
from autoloop.store.database import Database
from autoloop.store.lock import holder
from autoloop.store.run_schema import FILE, RUN_SCHEMA


def running_pid(folder: Path) -> str | None:
    """Process id of whoever works on the run in this folder; None when nobody does."""
    return holder(folder)


def request_stop(folder: Path) -> None:
    """Ask the process that works on a run to finish cleanly.

    Raises:
        RunError: no process works on it.
    """
    if running_pid(folder) is None or not (folder / FILE).is_file():
        raise RunError(f"Nothing is running in {str(folder)!r}, so there is nothing to stop.")
    with Database(folder / FILE, RUN_SCHEMA) as database:
        database.write("INSERT OR REPLACE INTO stop_request VALUES (1)")
