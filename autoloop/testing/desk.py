"""A desk made of plain data, for trying out a meta-agent without a run."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from autoloop.ports import (
    Allowance,
    Course,
    EarlierStep,
    SpotResult,
    TaskStanding,
    Trace,
    TraceSummary,
    transcript,
)
from autoloop.records import (
    FailureReport,
    Feedback,
    Finding,
    Interval,
    Outcome,
    PredictionRecord,
    TraceEntry,
    Usage,
    prediction_record,
)
from autoloop.testing.traces import TraceFake


def _find_nothing(before: str, after: str) -> tuple[Finding, ...]:
    del before, after
    return ()


def _always_pass(source: str, task: str) -> float:
    del source, task
    return 1.0


@dataclass(slots=True, kw_only=True)
class DeskFake:
    """Port `StepDesk` over data that a test lays out; records spot checks and notes."""

    source: str
    step: int = 1
    directive: str = "Make it solve more tasks."
    budget_left: str = "no limit"
    rebase: str = ""
    standings: Sequence[TaskStanding] = ()
    steps: Sequence[EarlierStep] = ()
    diffs: Mapping[int, str] = field(default_factory=dict)
    summaries: Sequence[TraceSummary] = ()
    transcripts: Mapping[str, str | Sequence[TraceEntry]] = field(default_factory=dict)
    """Of trials: as texts, or entry by entry."""
    report: FailureReport = field(default_factory=lambda: FailureReport(failed=0, passed=0))
    """What is said of failures, whatever trials are asked for."""
    feedbacks: Mapping[str, Feedback] = field(default_factory=dict)
    """Of verifiers by trial; without one nothing is told."""
    notes: str = ""
    guard: Callable[[str, str], tuple[Finding, ...]] = _find_nothing
    """Given the incumbent's source and the draft."""
    reward: Callable[[str, str], float] = _always_pass
    """What a spot check of a source on a task gives."""
    outcome: Outcome = Outcome.SCORED
    """How a spot check's trials end."""
    course: Course = field(default_factory=Course)
    record: PredictionRecord = field(default_factory=lambda: prediction_record((), ()))
    """Of predictions."""
    purse: int | None = None
    """Tokens that a conversation may take; None: as many as it likes."""
    charged: list[Usage] = field(default_factory=list)
    """What was charged, call by call; each all that was taken by then."""
    spot_checks: list[tuple[str, tuple[str, ...]]] = field(default_factory=list)
    stop: Exception | None = None
    """Raised where a run would be asked to end."""

    def scoreboard(self) -> tuple[TaskStanding, ...]:
        """The standings as laid out."""
        return tuple(self.standings)

    def score(self) -> Interval | None:
        """The mean of the standings; nothing is known of how sure it is."""
        means = [standing.mean_reward for standing in self.standings]
        if not means:
            return None
        return Interval(mean=sum(means) / len(means), low=0.0, high=1.0, n=len(means))

    def predictions(self) -> PredictionRecord:
        """The record as laid out."""
        return self.record

    def charge(self, usage: Usage) -> None:
        """Note what was taken."""
        self.charged.append(usage)

    def may_ask(self, expected: Usage) -> str:
        """Refuse what goes beyond the purse."""
        too_much = self.purse is not None and self._taken + expected.tokens > self.purse
        return "its share of the run's tokens is used up" if too_much else ""

    def allowance(self) -> Allowance:
        """What is left in the purse."""
        left = None if self.purse is None else max(self.purse - self._taken, 0)
        return Allowance(tokens=left)

    def history(self) -> tuple[EarlierStep, ...]:
        """The steps as laid out."""
        return tuple(self.steps)

    def diff(self, step: int) -> str:
        """The diff laid out for a step; KeyError without one."""
        return self.diffs[step]

    def traces(self) -> tuple[TraceSummary, ...]:
        """The summaries as laid out."""
        return tuple(self.summaries)

    def trace(self, trial: str) -> str:
        """The transcript laid out for a trial; KeyError unless its summary is listed."""
        return transcript(self.open_trace(trial))

    def open_trace(self, trial: str) -> Trace:
        """The same to be read piece by piece."""
        self._look_up(trial)
        return TraceFake(self.transcripts[trial])

    def failures(self, trials: Sequence[str]) -> FailureReport:
        """The report laid out; KeyError unless all summaries are listed."""
        for trial in trials:
            self._look_up(trial)
        return self.report

    def feedback(self, trial: str) -> Feedback:
        """What is laid out of its verifier; KeyError unless its summary is listed."""
        self._look_up(trial)
        return self.feedbacks.get(trial, Feedback())

    def check(self, source: str) -> tuple[Finding, ...]:
        """What the guard laid out says."""
        return self.guard(self.source, source)

    def spot_check(self, source: str, tasks: Sequence[str]) -> tuple[SpotResult, ...]:
        """A scored result per task; KeyError for a task that has no standing."""
        for task in tasks:
            if all(standing.task != task for standing in self.standings):
                raise KeyError(task)
        self.spot_checks.append((source, tuple(tasks)))
        return tuple(self._result(source, task) for task in tasks)

    def check_stop(self) -> None:
        """Raise what was laid out for it."""
        if self.stop is not None:
            raise self.stop

    def notebook(self) -> str:
        """The notes."""
        return self.notes

    def write_notebook(self, text: str) -> None:
        """Replace the notes."""
        self.notes = text

    @property
    def _taken(self) -> int:
        return self.charged[-1].tokens if self.charged else 0

    def _look_up(self, trial: str) -> None:
        if all(summary.trial != trial for summary in self.summaries):
            raise KeyError(trial)

    def _result(self, source: str, task: str) -> SpotResult:
        return SpotResult(task=task, outcome=self.outcome.value, reward=self.reward(source, task))
