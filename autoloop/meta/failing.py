"""The tool that says what failed train trials have in common."""

from collections.abc import Sequence
from typing import ClassVar

from pydantic import Field

from autoloop.meta.bench import Bench
from autoloop.meta.listed import INCUMBENT, chosen
from autoloop.meta.toolbox import Tool, refuse
from autoloop.ports import TraceSummary
from autoloop.records import FailureGroup, FailureReport, Sighting, Symptom
from autoloop.records.quoting import one_line, quote

_TRIALS = 300
_EXAMPLES = 4
_ENTRIES = 6
_DETAIL_CHARS = 140
_ROOM_CHARS = 9_000
_NAMES = ", ".join(Symptom)


class Failures(Tool):
    """What failed train trials have in common, by symptoms that code finds in their traces.

    For each symptom: how many failed trials show it, how many passing ones do as well (a symptom of
    both explains little), and in which entries of which traces to look.
    """

    tool: ClassVar[str] = "failures"
    task: str | None = Field(None, description="Only trials of this task.")
    agent: str | None = Field(
        None, description="As list_traces names it, or all; without it the incumbent."
    )
    symptom: str | None = Field(None, description="List every trial that shows this one.")
    skip: int = Field(0, ge=0, description="With symptom: leave out so many trials.")

    def run(self, bench: Bench) -> str:
        listed = chosen(bench.desk.traces(), task=self.task)
        traces, whose = trials_of(listed, self.agent)
        if not traces:
            return "There is no such trial."
        if self.symptom is not None and self.symptom not in list(Symptom):
            return refuse(
                f"there is no symptom {one_line(self.symptom, 60)!r}; there are {_NAMES}."
            )
        left = len(traces) - _TRIALS
        report = bench.desk.failures([trace.trial for trace in traces[:_TRIALS]])
        head = f"{report.failed} failed and {report.passed} passing trials of {whose}."
        if left > 0:
            head += f" {left} older ones were not looked at: name a task."
        if self.symptom is not None:
            return f"{head}\n{_every(report, Symptom(self.symptom), self.skip)}"
        return f"{head}\n{_groups(report)}"


def trials_of(
    traces: Sequence[TraceSummary], agent: str | None = None
) -> tuple[Sequence[TraceSummary], str]:
    """The trials of an agent, and whose they are; of all when the incumbent has none of its own."""
    if agent is None:
        own = [trace for trace in traces if trace.agent == INCUMBENT]
        return (own, "the incumbent") if own else (traces, "all agents")
    if agent == "all":
        return traces, "all agents"
    return [trace for trace in traces if trace.agent == agent], one_line(agent, 40)


def _groups(report: FailureReport) -> str:
    lines = [line for group in report.groups for line in _group_lines(group)]
    if report.unexplained:
        names = ", ".join(one_line(one.trial) for one in report.unexplained[:_EXAMPLES])
        more = len(report.unexplained) - _EXAMPLES
        rest = f" and {more} more" if more > 0 else ""
        lines.append(f"- none of these: {len(report.unexplained)} failed; read {names}{rest}")
    if not lines:
        return "No trial failed."
    shown, left = _fitting(lines)
    rest = f"\n[{left} lines cut: name a task or a symptom]" if left else ""
    return f"{quote('failures', shown)}{rest}"


def group_line(group: FailureGroup) -> str:
    """A symptom as one line, with how often failed and passing trials show it."""
    return (
        f"- {group.symptom.value}: {group.failed} failed ({group.failed_share:.0%}),"
        f" {group.passed} passing ({group.passed_share:.0%}), {group.tasks} tasks."
        f" {group.symptom.words}"
    )


def _group_lines(group: FailureGroup) -> list[str]:
    more = group.failed - _EXAMPLES
    rest = f"  [{more} more: symptom={group.symptom.value!r}]"
    return [
        group_line(group),
        *map(_sighting_line, group.sightings[:_EXAMPLES]),
        *([rest] if more > 0 else []),
    ]


def _every(report: FailureReport, symptom: Symptom, skip: int) -> str:
    """All trials that show one symptom."""
    group = next((group for group in report.groups if group.symptom is symptom), None)
    if group is None:
        return f"No failed trial shows {symptom.value!r}."
    shown, left = _fitting([_sighting_line(one) for one in group.sightings[skip:]])
    rest = f"\n[{left} more: skip={len(group.sightings) - left}]" if left else ""
    return f"{quote(symptom.value.replace(' ', '-'), shown)}{rest}"


def _sighting_line(one: Sighting) -> str:
    entries = ", ".join(map(str, one.entries[:_ENTRIES]))
    more = f" and {len(one.entries) - _ENTRIES} more" if len(one.entries) > _ENTRIES else ""
    where = f" entry {entries}{more}" if entries else ""
    detail = f": {one_line(one.detail, _DETAIL_CHARS)}" if one.detail else ""
    return f"  {one_line(one.trial)}{where}{detail}"


def _fitting(lines: Sequence[str]) -> tuple[str, int]:
    """As many lines as there is room for, and how many are left."""
    room, count = _ROOM_CHARS, 0
    for line in lines:
        room -= len(line) + 1
        if room < 0 and count:
            break
        count += 1
    return "\n".join(lines[:count]), len(lines) - count
