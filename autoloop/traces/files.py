"""A trace on disk: where its entries stand, and one of them at a time."""

import os
from array import array
from collections.abc import Callable, Sequence
from contextlib import closing
from mmap import ACCESS_READ, mmap
from pathlib import Path

from autoloop.errors import StorageError
from autoloop.records import TraceEntry
from autoloop.traces.entries import read_entry
from autoloop.traces.spans import step_spans

NOTHING = "The trial ended before the agent did anything that could be recorded."

Read = Callable[[Path, int, int], bytes]
"""Bytes of a file: path, offset, number."""


def read_bytes(path: Path, offset: int, number: int) -> bytes:
    """As many bytes of a file, from an offset on."""
    with path.open("rb") as file:
        return os.pread(file.fileno(), number, offset)


class TraceFile:
    """One ATIF document: what is kept of it is where its steps stand.

    Args:
        path: Where it is; a file that is not there is a trace in which nothing happened.
        stage: Step of the task that it is of; empty where the task has none.
        first: Number of its first entry.
        read: Reads the file.
    """

    def __init__(self, path: Path, *, stage: str, first: int, read: Read = read_bytes) -> None:
        self._path = path
        self._stage = stage
        self._first = first
        self._read = read
        self._spans: Sequence[int] = ()
        self.sizes: Sequence[int] = (len(self._nothing().shown),)
        """Characters of each entry as it is shown."""
        self._look_through()

    def __len__(self) -> int:
        return len(self.sizes)

    def entry(self, number: int) -> TraceEntry:
        """An entry by its number in the whole trace."""
        if not self._spans:
            return self._nothing()
        at = number - self._first
        start, end = self._spans[2 * at], self._spans[2 * at + 1]
        try:
            return self._parse(self._read(self._path, start, end - start), at)
        except FileNotFoundError:
            gone = f"{self._path} is gone: it was removed while it was read."
            return TraceEntry(number=number, speaker="host", message=gone)
        except ValueError as error:
            raise self._damaged(error) from error

    def _look_through(self) -> None:
        """Find the entries and measure them, one held at a time."""
        try:
            with (
                self._path.open("rb") as file,
                closing(mmap(file.fileno(), 0, access=ACCESS_READ)) as document,
            ):
                spans = step_spans(document)
                steps = zip(spans[::2], spans[1::2], strict=True)
                entries = (self._parse(document[a:b], at) for at, (a, b) in enumerate(steps))
                sizes = array("Q", (len(entry.shown) for entry in entries))
        except FileNotFoundError:
            return
        except ValueError as error:
            raise self._damaged(error) from error
        if sizes:
            self._spans, self.sizes = spans, sizes

    def _parse(self, document: bytes, at: int) -> TraceEntry:
        stage = self._stage if at == 0 else ""
        return read_entry(document, number=self._first + at, stage=stage)

    def _nothing(self) -> TraceEntry:
        return TraceEntry(number=self._first, speaker="host", message=NOTHING, stage=self._stage)

    def _damaged(self, error: ValueError) -> StorageError:
        return StorageError(f"{self._path} is damaged: {error}. Restore it or delete the run.")


class JoinedTrace:
    """Port `Trace` over the traces of a trial's steps, one after the other."""

    def __init__(self, files: Sequence[TraceFile]) -> None:
        self._files = files
        self.sizes = array("Q", (size for file in files for size in file.sizes))

    def entry(self, number: int) -> TraceEntry:
        """One entry, 1 the first; raises IndexError for a number that is not there."""
        before = 0
        for file in self._files:
            if before < number <= before + len(file):
                return file.entry(number)
            before += len(file)
        raise IndexError(number)
