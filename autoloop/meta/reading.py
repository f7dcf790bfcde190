"""Tools that read: the scoreboard, traces, earlier steps and the notebook."""

from collections.abc import Iterable
from typing import ClassVar

from pydantic import Field

from autoloop.meta.bench import Bench
from autoloop.meta.search import PATTERN_CHARS, BadPatternError, search
from autoloop.meta.toolbox import Tool, refuse
from autoloop.meta.verifying import feedback_lines
from autoloop.ports import EarlierStep, TaskStanding, TraceSummary
from autoloop.records import Review
from autoloop.records.quoting import clip, one_line, pages, quote, visible

_PASSED = 1.0 - 1e-9
_LISTED_TRACES = 60
_LISTED_STEPS = 60
_MATCHES = 50
_SEARCHED_TRACES = 300
_SEARCHED_CHARS = 20_000_000


class Scoreboard(Tool):
    """How the current agent.py stands on each train task, worst first."""

    tool: ClassVar[str] = "scoreboard"

    def run(self, bench: Bench) -> str:
        rows = sorted(bench.desk.scoreboard(), key=lambda row: (row.mean_reward, row.task))
        if not rows:
            return "No train task has been tried yet."
        mean = sum(row.mean_reward for row in rows) / len(rows)
        head = f"{len(rows)} train tasks, mean reward {mean:.3f}."
        return "\n".join([head, *map(standing_line, rows)])


class ListTraces(Tool):
    """The train trials whose transcripts can be read, newest first."""

    tool: ClassVar[str] = "list_traces"
    task: str | None = Field(None, description="Only trials of this task.")
    failed_only: bool = Field(default=False, description="Only trials without full reward.")

    def run(self, bench: Bench) -> str:
        found = _chosen(bench.desk.traces(), task=self.task, failed_only=self.failed_only)
        if not found:
            return "There is no such trace."
        lines = [_trace_line(trace) for trace in found[:_LISTED_TRACES]]
        left = len(found) - len(lines)
        more = [f"[{left} older ones not listed; name a task to see its own]"] if left else []
        return "\n".join([f"{len(found)} traces.", *lines, *more])


class ReadTrace(Tool):
    """One page of a trial's transcript: what the agent was told, said, ran and saw.

    The first page also names the checks of the verifier that passed and failed, where it names any.
    Where a task has several steps, each begins with a line `=== step NAME`.
    """

    tool: ClassVar[str] = "read_trace"
    trial: str = Field(description="Name of the trial, as list_traces shows it.")
    page: int = Field(1, ge=1, description="1 is the first page.")

    def run(self, bench: Bench) -> str:
        try:
            found = pages(visible(bench.desk.trace(self.trial)))
        except KeyError:
            return refuse(f"there is no trace {one_line(self.trial, 80)!r}; see list_traces.")
        if self.page > len(found):
            return refuse(f"the trace has {len(found)} pages; there is no page {self.page}.")
        head = f"Trace {self.trial}, page {self.page} of {len(found)}."
        judged = feedback_lines(bench.desk.feedback(self.trial)) if self.page == 1 else ()
        return "\n".join([head, quote("trace", found[self.page - 1]), *judged])


class SearchTraces(Tool):
    """Lines of the transcripts that match a regular expression, case ignored."""

    tool: ClassVar[str] = "search_traces"
    pattern: str = Field(
        min_length=1, max_length=PATTERN_CHARS, description="Python regular expression."
    )
    task: str | None = Field(None, description="Only trials of this task.")
    failed_only: bool = Field(default=False, description="Only trials without full reward.")

    def run(self, bench: Bench) -> str:
        chosen = _chosen(bench.desk.traces(), task=self.task, failed_only=self.failed_only)
        texts, left = _texts(bench, chosen)
        try:
            found = search(self.pattern, texts, limit=_MATCHES)
        except BadPatternError as error:
            return refuse(str(error))
        shown = found[:_MATCHES]
        trials = len({match.trial for match in shown})
        head = f"{len(shown)} lines in {trials} of {len(texts)} traces match."
        if len(found) > _MATCHES:
            head = f"The first {_MATCHES} matching lines; there are more."
        if left:
            head += f" {left} older traces were not searched."
        lines = "\n".join(f"{match.trial}:{match.line}: {match.text}" for match in shown)
        return f"{head}\n{quote('matches', lines)}" if shown else head


class ListSteps(Tool):
    """Earlier steps of this run with their verdicts and lessons, oldest first."""

    tool: ClassVar[str] = "list_steps"

    def run(self, bench: Bench) -> str:
        steps = bench.desk.history()
        if not steps:
            return "This is the first step."
        shown = steps[-_LISTED_STEPS:]
        left = len(steps) - len(shown)
        head = [f"[{left} older steps not listed; show_step shows them]"] if left else []
        return "\n".join([*head, *map(step_line, shown)])


class ShowStep(Tool):
    """An earlier step: its diff, hypothesis, verdict and lesson."""

    tool: ClassVar[str] = "show_step"
    step: int = Field(ge=1)

    def run(self, bench: Bench) -> str:
        found = next((step for step in bench.desk.history() if step.index == self.step), None)
        if found is None:
            return refuse(f"there is no earlier step {self.step}; see list_steps.")
        try:
            diff = bench.desk.diff(self.step)
        except KeyError:
            diff = ""
        return f"{_step_story(found)}\n{clip(diff, 8_000) or '(no diff)'}"


class ReadNotebook(Tool):
    """The notes that you and earlier conversations left."""

    tool: ClassVar[str] = "read_notebook"

    def run(self, bench: Bench) -> str:
        return bench.desk.notebook() or "The notebook is empty."


READING_TOOLS: tuple[type[Tool], ...] = (
    Scoreboard, ListTraces, ReadTrace, SearchTraces, ListSteps, ShowStep, ReadNotebook,
)  # fmt: skip


def step_line(step: EarlierStep) -> str:
    """An earlier step as one line: what it changed, what became of it, what was learnt."""
    told = one_line(step.lesson or step.reason, 400)
    kind = f" [{step.kind.value}]" if step.kind else ""
    other = f" [another edit for step {step.alternative_of}]" if step.alternative_of else ""
    remark = f" Learnt: {one_line(step.remark, 300)}" if step.remark else ""
    title = f"{one_line(step.title, 100)!r}"
    return f"step {step.index}: {step.decision}: {title}. {told}{remark}{kind}{other}"


def standing_line(row: TaskStanding) -> str:
    """A task of the scoreboard as one line."""
    passed = f"{row.passes}/{row.attempts} passed"
    if row.attempts:
        passed += f" (95 %: {100 * row.low:.0f} to {100 * row.high:.0f} %)"
    return (
        f"- {one_line(row.task)} ({one_line(row.family, 40)}): {passed}, mean {row.mean_reward:.2f}"
    )


def _trace_line(trace: TraceSummary) -> str:
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


def _chosen(
    traces: Iterable[TraceSummary], *, task: str | None, failed_only: bool
) -> list[TraceSummary]:
    return [
        trace
        for trace in traces
        if (task is None or trace.task == task) and not (failed_only and trace.reward >= _PASSED)
    ]


def _texts(bench: Bench, traces: list[TraceSummary]) -> tuple[list[tuple[str, str]], int]:
    """Transcripts to search, newest first, and how many were left out for their size."""
    texts: list[tuple[str, str]] = []
    room = _SEARCHED_CHARS
    for number, trace in enumerate(traces[:_SEARCHED_TRACES]):
        text = visible(bench.desk.trace(trace.trial))
        room -= len(text)
        if room < 0:
            return texts, len(traces) - number
        texts.append((trace.trial, text))
    return texts, len(traces) - len(texts)


def _step_story(step: EarlierStep) -> str:
    numbers = {"train_gain": step.train_gain, "train_p_value": step.train_p_value}
    story = [step_line(step)]
    story += [f"{key}: {value:g}" for key, value in numbers.items() if value is not None]
    story.append(f"Hypothesis: {one_line(step.hypothesis, 600)}")
    story.append(f"Expected: {one_line(step.expected, 600)}")
    return "\n".join([*story, *([_review_line(step.review)] if step.review else [])])


def _review_line(review: Review) -> str:
    """What the reviewer said, as one line."""
    said = one_line(review.words, 900)
    return f"A reviewer, asked whether it is worthwhile without its task: {said}"
