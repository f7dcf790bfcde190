"""A trace in pages, found by the sizes of its entries: only what is on a page is read."""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from autoloop.ports import Trace
from autoloop.records.quoting import PAGE_CHARS

_SLACK = 400
"""How far a cut inside an entry may move on to stand after a line."""


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Start:
    """Where a page begins."""

    entry: int
    offset: int = 0
    """Characters of it that are on pages before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One page of a trace."""

    text: str
    first: int
    """Entry that it begins with."""
    last: int
    is_inside: bool
    """It begins in the middle of an entry."""
    is_cut: bool
    """It ends in the middle of an entry."""


class Pages:
    """The pages of one trace."""

    def __init__(self, trace: Trace, *, room: int = PAGE_CHARS) -> None:
        self._trace = trace
        self._starts = tuple(_starts(trace.sizes, room))

    def __len__(self) -> int:
        return len(self._starts)

    def holding(self, entry: int) -> int:
        """Number of the page that an entry begins on."""
        return bisect_right(self._starts, Start(entry=entry))

    def read(self, page: int) -> Page:
        """A page by its number, 1 the first."""
        start = self._starts[page - 1]
        is_last = page == len(self)
        end = Start(entry=len(self._trace.sizes) + 1) if is_last else self._starts[page]
        last = end.entry if end.offset else end.entry - 1
        text = "".join(self._piece(entry, start, end) for entry in range(start.entry, last + 1))
        return Page(
            text=text.rstrip("\n") if is_last else text,
            first=start.entry,
            last=last,
            is_inside=start.offset > 0,
            is_cut=end.offset > 0,
        )

    def _piece(self, number: int, start: Start, end: Start) -> str:
        text = self._trace.entry(number).shown
        first = _after_line(text, start.offset) if number == start.entry else 0
        last = _after_line(text, end.offset) if number == end.entry else len(text)
        return text[first:last]


def _after_line(text: str, offset: int) -> int:
    """Where a cut is really made: after a line, if one ends soon."""
    line = text.find("\n", offset, offset + _SLACK) if offset else -1
    return line + 1 if line >= 0 else offset


def _starts(sizes: Sequence[int], room: int) -> Iterator[Start]:
    """Entries stay whole where they fit half a page; longer ones are cut where a page is full."""
    yield Start(entry=1)
    left = room
    for entry, size in enumerate(sizes, start=1):
        if left < size <= room // 2:
            yield Start(entry=entry)
            left = room
        at = left
        while at < size:
            yield Start(entry=entry, offset=at)
            at += room
        left = at - size
