"""Train trials as the meta-agent is told of them, and which of them a tool is asked about."""

from collections.abc import Iterable

from autoloop.ports import TraceSummary
from autoloop.records.quoting import one_line

_PASSED = 1.0 - 1e-9
INCUMBENT = "incumbent"


def has_passed(trace: TraceSummary) -> bool:
    """Whether a trial reached the full reward."""
    return trace.reward >= _PASSED


def chosen(
    traces: Iterable[TraceSummary], *, task: str | None = None, failed_only: bool = False
) -> list[TraceSummary]:
    """The trials of a task, or those that failed."""
    return [
        trace
        for trace in traces
        if (task is None or trace.task == task) and not (failed_only and has_passed(trace))
    ]


def trace_line(trace: TraceSummary) -> str:
    """A trial as one line."""
    facts = [
        f"- trial={one_line(trace.trial)!r}",
        f"task={one_line(trace.task)!r}",
        f"agent={one_line(trace.agent, 40)!r}",
        f"reward={trace.reward:g}",
        f"outcome={trace.outcome}",
        f"model_calls={trace.model_calls}",
        f"seconds={trace.seconds:.0f}",
    ]
    failure = [f"failure={one_line(trace.failure, 120)!r}"] if trace.failure else []
    return " ".join([*facts, *failure])


def no_trace(trial: str) -> str:
    """Why a trial cannot be looked at."""
    return f"there is no trace {one_line(trial, 80)!r}; see list_traces."
