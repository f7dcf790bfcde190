"""The state of a run in one SQLite file, durable before anything acts on it; and the archive."""

from autoloop.store.archive import SqliteArchive, forget_removed
from autoloop.store.counts import StoreCounts, TaskScore
from autoloop.store.reader import StoreReader, open_readonly
from autoloop.store.sqlite import SqliteStore
from autoloop.store.stop import request_stop, running_pid

__all__ = [
    "SqliteArchive",
    "SqliteStore",
    "StoreCounts",
    "StoreReader",
    "TaskScore",
    "forget_removed",
    "open_readonly",
    "request_stop",
    "running_pid",
]
