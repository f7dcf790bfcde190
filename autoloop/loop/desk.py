"""What lies on the meta-agent's desk: of the train split alone, by construction."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from autoloop.loop.evaluate import run_attempts
from autoloop.loop.work import Work
from autoloop.ports import TaskStanding, TraceSummary
from autoloop.records import (
    Agent,
    Decision,
    Finding,
    Purpose,
    Split,
    Step,
    TrialResult,
    Verdict,
)

EVIDENCE = (Purpose.SEARCH, Purpose.SPOT)
AGENTS_OWN = ("Agent", "Quota")
"""How the kinds of failures begin that are the agent's."""


class Desk:
    """A `StepDesk` over the run's records."""

    def __init__(self, work: Work, *, step: int, incumbent: Agent) -> None:
        self._work = work
        self._step = step
        self._incumbent = incumbent
        self._train = work.plan.names(Split.TRAIN)

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
        """The incumbent's agent.py."""
        return self._incumbent.source

    @property
    def budget_left(self) -> str:
        """What is left of the run's budget, in words."""
        return self._work.lab.meter.left(len(self.history()))

    def scoreboard(self) -> tuple[TaskStanding, ...]:
        """How the incumbent stands on each train task."""
        trials = self._work.lab.counted(self._incumbent, Purpose.SEARCH)
        return tuple(
            _standing(self._work.plan.tasks[name].family, name, trials) for name in self._train
        )

    def history(self) -> tuple[Step, ...]:
        """Finished steps, oldest first, without a figure that validation had a part in."""
        steps = self._work.parts.store.steps()
        return tuple(_open_part(s) for s in steps if s.finished_at is not None)

    def diff(self, step: int) -> str:
        """Unified diff of an earlier step; raises KeyError for an unknown one."""
        found = next((s for s in self.history() if s.index == step and s.candidate), None)
        if found is None or found.candidate is None:
            raise KeyError(step)
        return self._work.parts.workspace.diff(found.parent, found.candidate)

    def traces(self) -> tuple[TraceSummary, ...]:
        """Train trials of the incumbent and of earlier edits, newest first."""
        makers = self._makers()
        return tuple(_summary(trial, makers) for trial in reversed(self._train_trials()))

    def trace(self, trial: str) -> str:
        """The trial's transcript as text; raises KeyError unless `traces` lists it."""
        found = next((t for t in self._train_trials() if t.id == trial), None)
        if found is None:
            raise KeyError(trial)
        return self._work.parts.transcript(found)

    def check(self, source: str) -> tuple[Finding, ...]:
        """What the guards say about an edit."""
        return self._work.parts.guard.check(before=self.source, after=source)

    def spot_check(self, source: str, tasks: Sequence[str]) -> tuple[TrialResult, ...]:
        """Run an edit once on a few train tasks; KeyError if one is not a train task."""
        for name in tasks:
            if name not in self._train:
                raise KeyError(name)
        agent = Agent(source=source)
        results = run_attempts(
            self._work.lab, agent, tasks, attempts=1, purpose=Purpose.SPOT, step=self._step
        )
        return tuple(results)

    def notebook(self) -> str:
        """Notes of earlier steps."""
        return self._work.parts.store.notebook()

    def write_notebook(self, text: str) -> None:
        """Replace the notes."""
        self._work.parts.store.save_notebook(text)

    def _train_trials(self) -> list[TrialResult]:
        return [
            trial
            for trial in self._work.lab.trials
            if trial.counts and trial.key.purpose in EVIDENCE and trial.key.task in self._train
        ]

    def _makers(self) -> Mapping[str, str]:
        """Which step an agent is of, by digest; the baseline is of step 0."""
        steps = self._work.parts.store.steps()
        base = steps[0].parent if steps else ""
        named = {Agent(source=self._work.parts.workspace.source(base)).digest: 0} if base else {}
        named |= {Agent(source=s.proposal.source).digest: s.index for s in steps if s.proposal}
        words = {digest: f"step {index}" for digest, index in named.items()}
        return words | {self._incumbent.digest: "incumbent"}


def _open_part(step: Step) -> Step:
    """A step as the meta-agent may see it: of validation nothing but the verdict leaves."""
    verdict = step.verdict
    if verdict is None or verdict.decision is Decision.EMPTY:
        return step
    numbers = {k: v for k, v in verdict.numbers.items() if k.startswith("train_")}
    gain = numbers.get("train_gain")
    seen = "" if gain is None else f"; {100 * gain:+.0f} points on the train tasks"
    reason = f"{verdict.decision.value}{seen}"
    shown = Verdict(decision=verdict.decision, reason=reason, numbers=numbers)
    return replace(step, verdict=shown, lesson=reason)


def _summary(trial: TrialResult, makers: Mapping[str, str]) -> TraceSummary:
    return TraceSummary(
        trial=trial.id,
        task=trial.key.task,
        step=trial.step,
        agent=makers.get(trial.key.agent, f"spot check in step {trial.step}"),
        reward=trial.reward,
        outcome=trial.outcome.value,
        failure=_agents_own(trial),
        model_calls=trial.usage.calls,
        seconds=round(trial.span.seconds, 1),
    )


def _agents_own(trial: TrialResult) -> str:
    """What went wrong with the agent; the verifier's troubles are not for the meta-agent."""
    failures = [(f"step {step.name}: ", step.failure) for step in trial.steps]
    for where, failure in failures or [("", trial.failure)]:
        if failure is not None and failure.kind.startswith(AGENTS_OWN):
            return f"{where}{failure.kind}: {failure.message}"
    return ""


def _standing(family: str, task: str, trials: Sequence[TrialResult]) -> TaskStanding:
    own = [trial for trial in trials if trial.key.task == task]
    return TaskStanding(
        task=task,
        family=family,
        passes=sum(trial.passed for trial in own),
        attempts=len(own),
        mean_reward=sum(trial.reward for trial in own) / len(own) if own else 0.0,
    )
