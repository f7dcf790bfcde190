"""Traces made of plain data."""

import re
from collections.abc import Sequence
from typing import cast

from autoloop.records import Speaker, TraceEntry

_HEAD = re.compile(
    r"^(?:=== step (.*)\n)?--- \d+ (system|user|model|agent\.py|host)\n?", re.MULTILINE
)


class TraceFake:
    """Port `Trace` over entries, or over a text in the form of `TraceEntry.text`.

    Of a text each block is one message, calls and answers included; a text without any such block
    is one message of the user.
    """

    def __init__(self, recorded: str | Sequence[TraceEntry]) -> None:
        self._entries = _blocks(recorded) if isinstance(recorded, str) else tuple(recorded)
        self.sizes = [len(entry.shown) for entry in self._entries]

    def entry(self, number: int) -> TraceEntry:
        """One entry, 1 the first; raises IndexError for a number that is not there."""
        if number < 1:
            raise IndexError(number)
        return self._entries[number - 1]


def _blocks(text: str) -> tuple[TraceEntry, ...]:
    heads = list(_HEAD.finditer(text))
    if not heads:
        return (TraceEntry(number=1, speaker="user", message=text),)
    ends = [*(head.start() for head in heads[1:]), len(text)]
    return tuple(
        TraceEntry(
            number=number,
            speaker=cast("Speaker", head[2]),
            message=text[head.end() : end].rstrip("\n"),
            stage=head[1] or "",
        )
        for number, (head, end) in enumerate(zip(heads, ends, strict=True), start=1)
    )
