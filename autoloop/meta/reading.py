"""Tools that read: the scoreboard, earlier steps and the notebook; all of them in a row."""

from typing import ClassVar

from pydantic import Field

from autoloop.meta.bench import Bench
from autoloop.meta.comparing import CompareTrials
from autoloop.meta.failing import Failures
from autoloop.meta.outline import Outline
from autoloop.meta.toolbox import Tool, refuse
from autoloop.meta.tracing import ListTraces, ReadTrace, SearchTraces
from autoloop.ports import EarlierStep, TaskStanding
from autoloop.records import Review
from autoloop.records.quoting import clip, one_line

_LISTED_STEPS = 60


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
    Scoreboard, Failures, ListTraces, Outline, ReadTrace, SearchTraces, CompareTrials, ListSteps,
    ShowStep, ReadNotebook,
)  # fmt: skip


def step_line(step: EarlierStep) -> str:
    """An earlier step as one line: what it changed, what became of it, what was learnt."""
    told = one_line(step.lesson, 400)
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
