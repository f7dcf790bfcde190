"""The state of a run in one SQLite file, durable before anything acts on it."""

from autoloop.store.counts import StoreCounts, TaskScore
from autoloop.store.reader import StoreReader, open_readonly
from autoloop.store.sqlite import SqliteStore
from autoloop.store.stop import request_stop, running_pid

__all__ = [
    "SqliteStore",
    "StoreCounts",
    "StoreReader",
    "TaskScore",
    "open_readonly",
    "request_stop",
    "running_pid",
]
