"""Trials of an agent that earlier runs and evaluations have recorded."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

from pydantic import ValidationError

from autoloop.app.compose import strategy_of
from autoloop.app.eval_record import read_eval
from autoloop.app.project import Project
from autoloop.errors import RunError, StorageError
from autoloop.records import Agent, Decision, Purpose, Step, Task, TrialResult, Usage
from autoloop.settings import Settings
from autoloop.store import StoreReader, open_readonly

FREE_OF_CHOICE = (Purpose.SEARCH, Purpose.EVAL)
"""Purposes whose trials say how an agent does; the meta-agent chose what spot checks look at."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Conditions:
    """What makes trials of the same agent the same kind of trials."""

    model: str
    settings: Settings

    def hold(self, model: str, settings: str) -> bool:
        """Whether a run with this model and these settings (JSON) had the same."""
        with suppress(ValidationError):
            then = Settings.model_validate_json(settings)
            same = then.rules() == self.settings.rules()
            return same and then.trial == self.settings.trial and model == self.model
        return False


@dataclass(frozen=True, slots=True, kw_only=True)
class VerdictCost:
    """What verdicts cost so far, on average."""

    verdicts: int
    trials: float
    meta: Usage
    """Of all of them together."""


def recorded_trials(
    project: Project, agent: Agent, tasks: Sequence[Task], conditions: Conditions
) -> tuple[TrialResult, ...]:
    """Counted trials of the agent on the tasks as they are now.

    A climb in which the agent was an edit is left out: the trials that kept it flatter it. So are
    calibrations, which are to leave no trace in anything else.
    """
    digests = {task.name: task.digest for task in tasks}
    found: dict[object, TrialResult] = {}
    for store in _stores(project, agent, conditions):
        for trial in store.trials():
            own = trial.key.agent == agent.digest and trial.counts
            known = digests.get(trial.key.task) == trial.key.task_digest
            if own and known and trial.key.purpose in FREE_OF_CHOICE:
                # A trial that one run took over from another is in both.
                found[trial.id, trial.span.started_at] = trial
    return tuple(found.values())


def verdict_cost(project: Project, conditions: Conditions) -> VerdictCost | None:
    """What the verdicts of earlier climbs with the same strategy cost; None before the first."""
    steps: list[Step] = []
    trials = 0
    for name in project.run_names():
        with suppress(RunError, StorageError), open_readonly(project.runs / name) as store:
            run = store.run()
            if run is None or run.rule != strategy_of(conditions.settings):
                continue
            judged = [s for s in store.steps() if s.verdict and s.finished_at]
            judged = [s for s in judged if s.verdict and s.verdict.decision is not Decision.EMPTY]
            if conditions.hold(run.task_model, run.settings):
                steps += judged
                trials += _trials_of(store, judged)
    if not steps:
        return None
    meta = sum((step.meta_usage for step in steps), Usage())
    return VerdictCost(verdicts=len(steps), trials=trials / len(steps), meta=meta)


def _trials_of(store: StoreReader, steps: Sequence[Step]) -> int:
    indices = {step.index for step in steps}
    return sum(t.step in indices and t.key.purpose is Purpose.SEARCH for t in store.trials())


def _stores(project: Project, agent: Agent, conditions: Conditions) -> Iterator[StoreReader]:
    """Open stores of runs and evaluations that have tried the agent under these conditions."""
    for name in project.eval_names():
        with suppress(RunError, StorageError):
            record = read_eval(project, name)
            if record.of_agent() == agent and conditions.hold(record.model, record.settings):
                with open_readonly(project.runs / name) as store:
                    yield store
    for name in project.run_names():
        with suppress(RunError, StorageError), open_readonly(project.runs / name) as store:
            run = store.run()
            known = run is not None and conditions.hold(run.task_model, run.settings)
            if known and _agents(store).get(agent.digest) and not _was_edit(store, agent):
                yield store


def _agents(store: StoreReader) -> Mapping[str, int]:
    return {score.agent: score.trials for score in store.scores()}


def _was_edit(store: StoreReader, agent: Agent) -> bool:
    return any(s.proposal is not None and s.proposal.source == agent.source for s in store.steps())
