"""What lies on the meta-agent's desk: of the train split alone, by construction.

Nothing of the run's own records is handed out: each answer is a record of its own, whose fields are
filled one by one. What a record does not name cannot leave.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial

from autoloop.loop.attempts import run_attempts
from autoloop.loop.board import is_open, version_in_words
from autoloop.loop.course import course_of
from autoloop.loop.purse import Purse
from autoloop.loop.repeats import repeats
from autoloop.loop.work import Work
from autoloop.ports import (
    Allowance,
    Course,
    EarlierStep,
    SpotResult,
    TaskStanding,
    Trace,
    TraceSummary,
    TrialCase,
    transcript,
)
from autoloop.records import (
    Agent,
    Failure,
    FailureReport,
    Feedback,
    Finding,
    Integrity,
    Interval,
    Passes,
    PredictionRecord,
    Purpose,
    Split,
    Step,
    TrialResult,
    Usage,
    Version,
    lessons_of,
    prediction_record,
    train_gains,
)

EVIDENCE = (Purpose.SEARCH, Purpose.SPOT)
AGENTS_OWN = frozenset({"AgentCrashed", "AgentTimeoutError", "QuotaError", "QuotaExceededError"})
"""Kinds of failures from before the tests came, whose messages can hold nothing of them."""
AGENTS_FAULT = frozenset({"AgentError", "CandidateError"})
"""Kinds that may come up while the tests run: these are named, and no more."""


class Desk:
    """A `StepDesk` over the run's records."""

    def __init__(self, work: Work, *, step: int, source: str, rebase: str = "") -> None:
        """`source` is what the edit is to be written on: the incumbent, perhaps with open edits."""
        self._work = work
        self._step = step
        self._source = source
        self._rebase = rebase
        tip = work.tip()
        self._base = tip.step
        self._incumbent = Agent(source=tip.source)
        self._train = work.plan.names(Split.TRAIN)
        self._purse = Purse(work.lab.meter, share=work.plan.talk_share)

    @property
    def step(self) -> int:
        """Index of the step."""
        return self._step

    @property
    def directive(self) -> str:
        """program.md below its front matter."""
        return self._work.plan.directive

    @property
    def source(self) -> str:
        """The agent.py to write on."""
        return self._source

    @property
    def budget_left(self) -> str:
        """What is left of the run's budget, in words."""
        return self._work.lab.meter.left(len(self._others()))

    @property
    def rebase(self) -> str:
        """Diffs of the edit and of what it does not go with, where it is to be made anew."""
        return self._rebase

    @property
    def course(self) -> Course:
        """What the steps so far ask of this one."""
        others = self._others()
        gains = train_gains(others, self._work.lab.trials)
        return course_of(others, plateau=self._work.plan.plateau, gains=gains)

    def scoreboard(self) -> tuple[TaskStanding, ...]:
        """How the incumbent stands on each train task."""
        tasks = self._work.plan.tasks
        return tuple(
            self._standing(tasks[name].family, name, trials)
            for name, trials in self._telling_trials().items()
        )

    def score(self) -> Interval | None:
        """The incumbent's mean reward over train tasks, with its interval."""
        rewards = {
            name: [trial.reward for trial in trials]
            for name, trials in self._telling_trials().items()
            if trials
        }
        return self._work.parts.estimator.score(rewards) if rewards else None

    def predictions(self) -> PredictionRecord:
        """What was predicted of other edits, against their verdicts and train trials."""
        return prediction_record(self._others(), self._work.lab.trials)

    def history(self) -> tuple[EarlierStep, ...]:
        """Other steps, oldest first, without a figure that validation had a part in."""
        others = self._others()
        lessons, remarks = lessons_of(others, self._work.lab.trials), _remarks(others)
        return tuple(
            replace(
                _earlier(step),
                lesson=lessons.get(step.index, ""),
                remark=remarks.get(step.index, ""),
            )
            for step in others
        )

    def diff(self, step: int) -> str:
        """Unified diff of an earlier step; raises KeyError for an unknown one."""
        found = next((s for s in self._others() if s.index == step and s.candidate), None)
        if found is None or found.candidate is None:
            raise KeyError(step)
        return self._work.parts.workspace.diff(found.parent, found.candidate)

    def traces(self) -> tuple[TraceSummary, ...]:
        """Train trials of the incumbent and of earlier edits, newest first."""
        return tuple(
            _summary(trial, self._name_of(trial)) for trial in reversed(self._train_trials())
        )

    def trace(self, trial: str) -> str:
        """The trial's transcript as text; raises KeyError unless `traces` lists it."""
        return transcript(self.open_trace(trial))

    def open_trace(self, trial: str) -> Trace:
        """The same to be read piece by piece; raises KeyError unless `traces` lists the trial."""
        return self._work.parts.trace(self._listed(trial))

    def failures(self, trials: Sequence[str]) -> FailureReport:
        """What the failed ones of some trials have in common; KeyError unless all are listed."""
        cases = [self._case(self._listed(trial)) for trial in trials]
        return self._work.parts.diagnosis.report(cases)

    def feedback(self, trial: str) -> Feedback:
        """What may be told of the verifier; raises KeyError unless `traces` lists the trial."""
        return self._work.parts.feedback(self._listed(trial))

    def check(self, source: str) -> tuple[Finding, ...]:
        """What speaks against an edit: the guards, and equal or nearly equal earlier ones."""
        found = self._work.parts.guard.check(before=self.source, after=source)
        return found + repeats(self._work, source, step=self._step, foundation=self.source)

    def spot_check(self, source: str, tasks: Sequence[str]) -> tuple[SpotResult, ...]:
        """Run an edit once on a few train tasks; KeyError if one is not a train task."""
        for name in tasks:
            if name not in self._train:
                raise KeyError(name)
        trials = run_attempts(
            self._work.lab,
            Agent(source=source),
            tasks,
            attempts=1,
            purpose=Purpose.SPOT,
            version=Version(base=self._base, on=(self._step,)),
        )
        return tuple(self._spot(trial) for trial in trials)

    def check_stop(self) -> None:
        """Raise `StoppedError` if someone asked the run to end."""
        self._work.lab.check_stop()

    def notebook(self) -> str:
        """Notes of earlier steps."""
        return self._work.parts.store.notebook()

    def write_notebook(self, text: str) -> None:
        """Replace the notes."""
        self._work.parts.store.save_notebook(text)

    def charge(self, usage: Usage) -> None:
        """Count what the conversation has taken so far, in the step's record and in the budget."""
        step = self._work.book.find(self._step)
        if step is not None:
            self._work.book.save(replace(step, open_usage=usage))
        self._purse.charge(usage)

    def may_ask(self, expected: Usage) -> str:
        """Why no further model call is paid for; empty if one is."""
        return self._purse.refusal(expected)

    def allowance(self) -> Allowance:
        """The most that is still paid for, roughly and never too much."""
        return self._purse.allowance()

    def _listed(self, trial: str) -> TrialResult:
        """A train trial by its name."""
        found = next((t for t in self._work.lab.trials if t.id == trial), None)
        if found is None or not self._is_shown(found):
            raise KeyError(trial)
        return found

    def _case(self, trial: TrialResult) -> TrialCase:
        return TrialCase(
            trial=trial.id,
            task=trial.key.task,
            passed=trial.passed,
            trace=partial(self._work.parts.trace, trial),
            failure=_agents_own(trial),
            feedback=self._work.parts.feedback(trial),
        )

    def _spot(self, trial: TrialResult) -> SpotResult:
        return SpotResult(
            task=trial.key.task,
            outcome=trial.outcome.value,
            reward=trial.reward,
            failure=_agents_own(trial),
            feedback=self._work.parts.feedback(trial),
        )

    def _train_trials(self) -> list[TrialResult]:
        return [trial for trial in self._work.lab.trials if self._is_shown(trial)]

    def _is_shown(self, trial: TrialResult) -> bool:
        """Whether a trial may be looked at: of the train split, and valid."""
        return trial.counts and trial.key.purpose in EVIDENCE and trial.key.task in self._train

    def _others(self) -> list[Step]:
        """Steps that are finished, and other edits under test."""
        steps = self._work.book.all()
        return [s for s in steps if s.index != self._step and (is_open(s) or s.finished_at)]

    def _telling_trials(self) -> Mapping[str, list[TrialResult]]:
        """What is told of each train task's trials."""
        trials = self._work.lab.evidence(Purpose.SEARCH)
        return {name: self._telling(name, trials) for name in self._train}

    def _standing(self, family: str, task: str, own: Sequence[TrialResult]) -> TaskStanding:
        passes = sum(trial.passed for trial in own)
        tried = Passes(passed=passes, trials=len(own))
        rate = self._work.parts.estimator.rate(tried) if own else None
        return TaskStanding(
            task=task,
            family=family,
            passes=passes,
            attempts=len(own),
            mean_reward=sum(trial.reward for trial in own) / len(own) if own else 0.0,
            low=rate.low if rate else 0.0,
            high=rate.high if rate else 1.0,
        )

    def _telling(self, task: str, trials: Sequence[TrialResult]) -> list[TrialResult]:
        """Its trials of a task; without any, those with edits on it, or the task's newest."""
        own = [trial for trial in trials if trial.key.task == task]
        plain = [trial for trial in own if trial.key.agent == self._incumbent.digest]
        return plain or [t for t in own if t.version.base == self._base] or own[-1:]

    def _name_of(self, trial: TrialResult) -> str:
        """Which agent.py a trial ran."""
        if trial.key.purpose is Purpose.SPOT:
            return f"spot check in step {trial.step}"
        if trial.key.agent == self._incumbent.digest:
            return "incumbent"
        return version_in_words(trial.version)


def _remarks(steps: Sequence[Step]) -> Mapping[int, str]:
    """What was said later that was learnt from steps; of several remarks the last."""
    lessons = [s.proposal.lesson for s in steps if s.proposal is not None]
    return {lesson.step: lesson.text for lesson in lessons if lesson is not None}


def _earlier(step: Step) -> EarlierStep:
    """A step as the meta-agent may see it: of validation nothing but the verdict leaves."""
    proposal, verdict = step.proposal, step.verdict
    numbers = verdict.numbers if verdict else {}
    return EarlierStep(
        index=step.index,
        decision=verdict.decision.value if verdict else "open",
        title=proposal.title if proposal else "",
        hypothesis=proposal.hypothesis if proposal else "",
        expected=proposal.expected if proposal else "",
        train_gain=numbers.get("train_gain"),
        train_p_value=numbers.get("train_p_value"),
        review=step.review,
        kind=proposal.kind if proposal else None,
        alternative_of=step.alternative_of,
    )


def _summary(trial: TrialResult, agent: str) -> TraceSummary:
    return TraceSummary(
        trial=trial.id,
        task=trial.key.task,
        step=trial.step,
        agent=agent,
        reward=trial.reward,
        outcome=trial.outcome.value,
        failure=_agents_own(trial),
        model_calls=trial.usage.calls,
        seconds=round(trial.span.seconds, 1),
    )


def _agents_own(trial: TrialResult) -> str:
    """What went wrong with the agent; the verifier's troubles are not for the meta-agent."""
    if trial.integrity is Integrity.TAMPERED:
        rules = sorted({found.rule for found in trial.findings if found.severity == "tampered"})
        return f"Tampered: {', '.join(rules)}"
    failures = [(f"step {step.name}: ", step.failure) for step in trial.steps]
    for where, failure in failures or [("", trial.failure)]:
        told = _told(failure) if failure is not None else ""
        if told:
            return f"{where}{told}"
    return ""


def _told(failure: Failure) -> str:
    """What of a failure cannot stem from the tests."""
    if failure.kind in AGENTS_OWN:
        return f"{failure.kind}: {failure.message}"
    return failure.kind if failure.kind in AGENTS_FAULT else ""
