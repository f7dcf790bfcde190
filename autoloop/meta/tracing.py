"""Tools for traces: list them, read them by page or entry, search them."""

from collections.abc import Iterator
from typing import ClassVar

from pydantic import Field

from autoloop.meta.bench import Bench
from autoloop.meta.listed import chosen, no_trace, trace_line
from autoloop.meta.pages import Page, Pages
from autoloop.meta.search import PATTERN_CHARS, BadPatternError, Passage, search
from autoloop.meta.toolbox import Tool, refuse
from autoloop.meta.verifying import feedback_lines
from autoloop.ports import Trace, TraceSummary
from autoloop.records.quoting import quote

_LISTED_TRACES = 60
_MATCHES = 50
_SEARCHED_TRACES = 300
_SEARCHED_CHARS = 120_000_000


class ListTraces(Tool):
    """The train trials whose transcripts can be read, newest first."""

    tool: ClassVar[str] = "list_traces"
    task: str | None = Field(None, description="Only trials of this task.")
    failed_only: bool = Field(default=False, description="Only trials without full reward.")

    def run(self, bench: Bench) -> str:
        found = chosen(bench.desk.traces(), task=self.task, failed_only=self.failed_only)
        if not found:
            return "There is no such trace."
        lines = [trace_line(trace) for trace in found[:_LISTED_TRACES]]
        left = len(found) - len(lines)
        more = [f"[{left} older ones not listed; name a task to see its own]"] if left else []
        return "\n".join([f"{len(found)} traces.", *lines, *more])


class ReadTrace(Tool):
    """One page of a trial's transcript: what the agent was told, said, ran and saw.

    Each entry begins with a line `--- NUMBER SPEAKER`. The first page also names the checks of the
    verifier that passed and failed, where it names any. Where a task has several steps, each begins
    with a line `=== step NAME`.
    """

    tool: ClassVar[str] = "read_trace"
    trial: str = Field(description="Name of the trial, as list_traces shows it.")
    page: int = Field(1, ge=1, description="1 is the first page.")
    entry: int | None = Field(None, ge=1, description="Instead: the page this entry begins on.")

    def run(self, bench: Bench) -> str:
        try:
            trace = bench.desk.open_trace(self.trial)
        except KeyError:
            return refuse(no_trace(self.trial))
        pages, entries = Pages(trace), len(trace.sizes)
        if self.entry is not None and self.entry > entries:
            return refuse(f"the trace has {entries} entries; there is no entry {self.entry}.")
        number = self.page if self.entry is None else pages.holding(self.entry)
        if number > len(pages):
            return refuse(f"the trace has {len(pages)} pages; there is no page {number}.")
        page = pages.read(number)
        head = f"Trace {self.trial}, page {number} of {len(pages)}: {_where(page, entries)}."
        judged = feedback_lines(bench.desk.feedback(self.trial)) if number == 1 else ()
        return "\n".join([head, quote("trace", page.text), *judged])


class SearchTraces(Tool):
    """Lines of the transcripts that match a regular expression, case ignored."""

    tool: ClassVar[str] = "search_traces"
    pattern: str = Field(
        min_length=1, max_length=PATTERN_CHARS, description="Python regular expression."
    )
    task: str | None = Field(None, description="Only trials of this task.")
    trial: str | None = Field(None, description="Only this trial.")
    failed_only: bool = Field(default=False, description="Only trials without full reward.")

    def run(self, bench: Bench) -> str:
        traces = chosen(bench.desk.traces(), task=self.task, failed_only=self.failed_only)
        if self.trial is not None:
            traces = [trace for trace in traces if trace.trial == self.trial]
        searched = _Searched(bench, traces)
        try:
            found = search(self.pattern, searched.passages(), limit=_MATCHES)
        except BadPatternError as error:
            return refuse(str(error))
        shown = found[:_MATCHES]
        trials = len({match.trial for match in shown})
        head = f"{len(shown)} lines in {trials} of {searched.count} traces match."
        if len(found) > _MATCHES:
            head = f"The first {_MATCHES} matching lines; there are more: name a task or a trial."
        elif searched.count < len(traces):
            head += f" {len(traces) - searched.count} older traces were not searched: name a task."
        lines = "\n".join(f"{match.trial} entry {match.entry}: {match.text}" for match in shown)
        return f"{head}\n{quote('matches', lines)}" if shown else head


class _Searched:
    """Transcripts on their way to the search, newest first, as many as it takes."""

    def __init__(self, bench: Bench, traces: list[TraceSummary]) -> None:
        self.count = 0
        self._desk = bench.desk
        self._traces = traces

    def passages(self) -> Iterator[Passage]:
        room = _SEARCHED_CHARS
        for summary in self._traces[:_SEARCHED_TRACES]:
            trace = self._desk.open_trace(summary.trial)
            room -= sum(trace.sizes)
            if room < 0:
                return
            self.count += 1
            yield from _passages(summary.trial, trace)


def _passages(trial: str, trace: Trace) -> Iterator[Passage]:
    for number in range(1, len(trace.sizes) + 1):
        yield Passage(trial=trial, entry=number, text=trace.entry(number).shown)


def _where(page: Page, entries: int) -> str:
    """Which entries a page shows."""
    what = (
        f"entries {page.first} to {page.last}" if page.last > page.first else f"entry {page.first}"
    )
    begins = ", from within the first" if page.is_inside else ""
    ends = ", the last one goes on" if page.is_cut else ""
    return f"{what} of {entries}{begins}{ends}"
