"""A trace as one line for each entry, so that a thousand of them can be overlooked."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import ClassVar

from pydantic import Field

from autoloop.meta.bench import Bench
from autoloop.meta.listed import no_trace
from autoloop.meta.pages import Pages
from autoloop.meta.toolbox import Tool, refuse
from autoloop.ports import Trace
from autoloop.records import TraceEntry
from autoloop.records.acts import HOST, Act, entry_acts
from autoloop.records.quoting import one_line, quote, visible

_ROOM_CHARS = 9_000
_LINE_CHARS = 110
_ASKED_CHARS = 50
"""What the model asked for is often done in the next entry."""
_BLOCK = 100
_ENTRIES = 1_000
_READ_CHARS = 1_000_000
"""What is looked at for one answer."""
_OFTEN = 3
_PERIODS = (1, 2, 3, 4)


class Outline(Tool):
    """A trace as one line for each entry: number, who, what was done, how it ended, length, time.

    What repeats itself is folded. Find the place with it, and see it by read_trace with that entry.
    """

    tool: ClassVar[str] = "outline"
    trial: str = Field(description="Name of the trial, as list_traces shows it.")
    start: int = Field(1, ge=1, description="The entry to begin with.")
    fold: bool = Field(default=True, description="Show what repeats itself once.")

    def run(self, bench: Bench) -> str:
        try:
            trace = bench.desk.open_trace(self.trial)
        except KeyError:
            return refuse(no_trace(self.trial))
        entries = len(trace.sizes)
        if self.start > entries:
            return refuse(f"the trace has {entries} entries; there is no entry {self.start}.")
        shown, last = _overview(trace, self.start, fold=self.fold)
        head = (
            f"Trace {self.trial}: {entries:,} entries, {sum(trace.sizes):,} characters,"
            f" {len(Pages(trace))} pages. Entries {self.start} to {last}:"
        )
        rest = f"\n[{entries - last:,} more entries: start={last + 1}]" if last < entries else ""
        return f"{head}\n{quote('outline', shown)}{rest}"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Line:
    """What the outline says of one entry."""

    number: int
    text: str
    same: tuple[str, ...]
    """Equal for entries that say the same, whenever and at whatever length."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Fold:
    """Lines of the outline that stand for entries up to `last`."""

    text: str
    last: int


def _overview(trace: Trace, start: int, *, fold: bool) -> tuple[str, int]:
    """Lines from an entry on, as many as there is room for; no more entries are read than these."""
    coming = _read_lines(trace, start)
    lines: list[_Line] = []
    shown, last = "", start
    while block := list(islice(coming, _BLOCK)):
        lines += block
        plain = (_Fold(text=line.text, last=line.number) for line in lines)
        shown, last = _fitting(_folded(lines) if fold else plain)
        if last < lines[-1].number:
            break
    return shown, last


def _read_lines(trace: Trace, start: int) -> Iterator[_Line]:
    began = trace.entry(1).at
    room = _READ_CHARS
    for number in range(start, min(len(trace.sizes), start + _ENTRIES - 1) + 1):
        room -= trace.sizes[number - 1]
        if room < 0 and number > start:
            return
        yield _line(trace.entry(number), began, trace.sizes[number - 1])


def _line(entry: TraceEntry, began: datetime | None, size: int) -> _Line:
    acts = tuple(entry_acts(entry))
    width = _ASKED_CHARS if entry.speaker == "model" else _LINE_CHARS
    did = "; ".join(_did(act, width) for act in acts)
    said = one_line(entry.message[: 4 * _LINE_CHARS], _LINE_CHARS)
    what = (
        " | ".join(part for part in (said, did, _other_calls(entry, acts)) if part) or "(nothing)"
    )
    stage = f"=== step {visible(entry.stage)}\n" if entry.stage else ""
    when = f" +{(entry.at - began).total_seconds():.0f} s" if entry.at and began else ""
    return _Line(
        number=entry.number,
        text=f"{stage}{entry.number} {entry.speaker}: {what} [{size:,} chars{when}]",
        same=(entry.speaker, entry.stage, said, did),
    )


def _did(act: Act, width: int) -> str:
    """A command and how it ended."""
    name = act.tool.removeprefix(HOST)
    command = one_line(act.command[: 4 * width], width)
    end = ""
    if act.timed_out:
        end = " → timed out"
    elif act.exit_code is not None:
        end = f" → exit {act.exit_code}"
    elif act.failed:
        end = " → an error"
    return f"{name}: {command}{end}"


def _other_calls(entry: TraceEntry, acts: Sequence[Act]) -> str:
    """Calls that do nothing to the task: they end the work, or think."""
    if len(entry.calls) <= len(acts):
        return ""
    return "calls " + ", ".join(one_line(call.name, 40) for call in entry.calls)


def _folded(lines: Sequence[_Line]) -> Iterator[_Fold]:
    """The lines, with what repeats itself right away shown once."""
    at = 0
    while at < len(lines):
        period, times = _repeats(lines, at)
        once = lines[at : at + period]
        yield from (_Fold(text=line.text, last=line.number) for line in once)
        if times > 1:
            last = lines[at + period * times - 1].number
            first = lines[at + period].number
            what = "entry" if period == 1 else f"{period} entries"
            text = f"{first} to {last}: the same {what} {times - 1} more times"
            yield _Fold(text=text, last=last)
        at += period * times


def _repeats(lines: Sequence[_Line], at: int) -> tuple[int, int]:
    """How many entries from here on repeat themselves, and how often; 1 and 1 for no repetition."""
    for period in _PERIODS:
        times = 1
        while _is_same(lines, at, at + period * times, period):
            times += 1
        if times >= _OFTEN:
            return period, times
    return 1, 1


def _is_same(lines: Sequence[_Line], one: int, other: int, length: int) -> bool:
    if other + length > len(lines):
        return False
    return all(lines[one + n].same == lines[other + n].same for n in range(length))


def _fitting(folds: Iterable[_Fold]) -> tuple[str, int]:
    """As many lines as there is room for, and the last entry that they stand for."""
    shown: list[str] = []
    room, last = _ROOM_CHARS, 0
    for fold in folds:
        room -= len(fold.text) + 1
        if room < 0 and shown:
            break
        shown.append(fold.text)
        last = fold.last
    return "\n".join(shown), last
