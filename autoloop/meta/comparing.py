"""Two trials of the same task side by side: where they part, and what only one of them did."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from pydantic import Field

from autoloop.meta.bench import Bench
from autoloop.meta.listed import has_passed, no_trace, trace_line
from autoloop.meta.toolbox import Tool, refuse
from autoloop.ports import TraceSummary
from autoloop.records.acts import Act, ActReader
from autoloop.records.quoting import one_line, quote

_LINE_CHARS = 160
_WORDS_CHARS = 400
_LISTED = 12
_AFTER = 3


class CompareTrials(Tool):
    """Two trials of one task side by side: where their commands part, what only one did, the ends.

    Compare a passing with a failing one, or trials of before and after an edit.
    """

    tool: ClassVar[str] = "compare_trials"
    trial: str = Field(description="Name of the trial, as list_traces shows it.")
    other: str | None = Field(
        None, description="The other one; without it the newest that ended otherwise is taken."
    )

    def run(self, bench: Bench) -> str:
        listed = bench.desk.traces()
        one = next((trace for trace in listed if trace.trial == self.trial), None)
        if one is None:
            return refuse(no_trace(self.trial))
        other = _partner(one, listed) if self.other is None else _named(self.other, listed)
        if other is None:
            missing = f"no other trial of {one.task!r} ended otherwise or is of another agent"
            return refuse(missing if self.other is None else no_trace(self.other))
        if other.task != one.task:
            return refuse(f"{one.trial!r} and {other.trial!r} are trials of different tasks.")
        sides = [_Side.read(bench, summary) for summary in (one, other)]
        head = [
            f"{name}{trace_line(side.summary)[1:]}" for name, side in zip("AB", sides, strict=True)
        ]
        return "\n".join([*head, *_checks(bench, sides), quote("comparison", _story(*sides))])


@dataclass(frozen=True, slots=True, kw_only=True)
class _Side:
    """A trial, as far as it is compared."""

    summary: TraceSummary
    acts: tuple[Act, ...]
    told: str
    """What stood before the model's first answer."""
    last: str
    """The model's last words."""

    @classmethod
    def read(cls, bench: Bench, summary: TraceSummary) -> "_Side":
        """Go through a trial's trace once."""
        trace = bench.desk.open_trace(summary.trial)
        reader = ActReader()
        told: list[str] = []
        last = ""
        for number in range(1, len(trace.sizes) + 1):
            entry = trace.entry(number)
            reader.add(entry)
            if entry.speaker == "model":
                last = entry.message or last
            elif not last and entry.speaker in ("system", "user"):
                told.append(entry.message)
        return cls(summary=summary, acts=reader.acts, told="\n".join(told), last=last)


def _named(trial: str, listed: Sequence[TraceSummary]) -> TraceSummary | None:
    return next((trace for trace in listed if trace.trial == trial), None)


def _partner(one: TraceSummary, listed: Sequence[TraceSummary]) -> TraceSummary | None:
    """The newest trial of the same task that ended otherwise, or else one of another agent."""
    same = [trace for trace in listed if trace.task == one.task and trace.trial != one.trial]
    otherwise = [trace for trace in same if has_passed(trace) != has_passed(one)]
    return next(iter([*otherwise, *(trace for trace in same if trace.agent != one.agent)]), None)


def _checks(bench: Bench, sides: Sequence[_Side]) -> list[str]:
    """Names of checks that failed in one of them only."""
    failed = [
        {check.name for check in bench.desk.feedback(side.summary.trial).checks if not check.passed}
        for side in sides
    ]
    lines = []
    for name, own, other in (("A", failed[0], failed[1]), ("B", failed[1], failed[0])):
        if only := sorted(own - other):
            shown = ", ".join(one_line(check, 120) for check in only[:_LISTED])
            lines.append(f"Checks that failed in {name} only: {shown}{_more(only)}.")
    return lines


def _story(a: _Side, b: _Side) -> str:
    prompts = "the same" if a.told == b.told else "not the same"
    lines = [f"What the model was told before its first answer is {prompts}."]
    lines += [_ran("A", a), _ran("B", b), *_parting(a.acts, b.acts)]
    lines += [*_only("A", a.acts, b.acts), *_only("B", b.acts, a.acts)]
    lines += [f"{name} ended: {_words(side)}" for name, side in (("A", a), ("B", b))]
    return "\n".join(lines)


def _ran(name: str, side: _Side) -> str:
    failed = sum(act.failed for act in side.acts)
    changing = sum(act.changes for act in side.acts)
    return f"{name} ran {len(side.acts)} commands: {failed} failed, {changing} changed something."


def _parting(a: Sequence[Act], b: Sequence[Act]) -> list[str]:
    """How far both did the same, and what each did next."""
    pairs = list(zip(a, b, strict=False))
    same = next((n for n, (x, y) in enumerate(pairs) if _key(x) != _key(y)), len(pairs))
    if same == len(a) == len(b):
        lines = ["Both ran the same commands."]
    else:
        lines = [f"The first {same} commands are the same; then they part:"]
    other = next(((x, y) for x, y in pairs[:same] if x.digest != y.digest), None)
    if other is not None:
        where = f"entry {other[0].entry} of A and entry {other[1].entry} of B"
        lines.insert(0, f"The same command gave another output first in {where}.")
    for name, acts in (("A", a), ("B", b)):
        after = acts[same : same + _AFTER]
        lines += [f"  {name} {_act_line(act)}" for act in after]
        if same < max(len(a), len(b)) and not after:
            lines.append(f"  {name} ran nothing more")
    return lines


def _only(name: str, own: Sequence[Act], other: Sequence[Act]) -> list[str]:
    """Commands that the other one never ran."""
    known = {_key(act) for act in other}
    found = list({_key(act): act for act in own if _key(act) not in known}.values())
    if not found:
        return []
    head = f"Only {name} ran these {len(found)}:"
    return [head, *(f"  {_act_line(act)}" for act in found[:_LISTED]), *_left(found)]


def _left(found: Sequence[Act]) -> list[str]:
    left = len(found) - _LISTED
    return [f"  [{left} more from entry {found[_LISTED].entry} on: outline]"] if left > 0 else []


def _more(names: Sequence[str]) -> str:
    left = len(names) - _LISTED
    return f" and {left} more" if left > 0 else ""


def _act_line(act: Act) -> str:
    if act.timed_out:
        end = "timed out"
    elif act.exit_code is None:
        end = "an error" if act.failed else "no exit code"
    else:
        end = f"exit {act.exit_code}"
    command = one_line(act.command[: 4 * _LINE_CHARS], _LINE_CHARS)
    return f"entry {act.entry}: {command} → {end}, {act.size:,} chars"


def _words(side: _Side) -> str:
    return one_line(side.last[-4 * _WORDS_CHARS :], _WORDS_CHARS) or "the model said nothing"


def _key(act: Act) -> str:
    """Commands that differ in spaces alone are the same."""
    return " ".join(act.command.split())
