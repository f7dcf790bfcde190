"""Tells before a climb what it can see: from a short noise profile of the start agent."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import fmean

from autoloop.app.compose import resolve_models, workers_of
from autoloop.app.contents import found_tasks, policy_of, program_of, split_tasks, tasks_source
from autoloop.app.estimate import Estimate, Outlook, Price, Sight, TaskShare
from autoloop.app.evaluating import EvalWish, evaluate_agent, require_count
from autoloop.app.outlook import Spending, outlook
from autoloop.app.preparing import LeavingOut
from autoloop.app.project import Project
from autoloop.app.recorded import Conditions, recorded_trials, verdict_cost
from autoloop.app.watching import Watch
from autoloop.decision import Estimates, Noise, noise_of
from autoloop.errors import InterruptError, RunError
from autoloop.records import Agent, Split, Task, TrialResult, Usage

GAINS = (0.02, 0.05, 0.10)
"""That a person is told the price of."""
FEW_TASKS = 8
"""With no more train tasks than this, little can be known."""
FULL = 1.0 - 1e-9


@dataclass(frozen=True, slots=True, kw_only=True)
class _Start:
    """The start agent, and what it is to be tried on."""

    agent: Agent
    tasks: Mapping[str, Task]
    """Of train and validation, by name."""
    splits: Mapping[str, Split]
    """Of all tasks."""
    conditions: Conditions

    def recorded(self, project: Project) -> tuple[TrialResult, ...]:
        """Its trials so far."""
        return recorded_trials(project, self.agent, list(self.tasks.values()), self.conditions)


def estimate(project: Project, watch: Watch, *, attempts: int, run: bool) -> Estimate:
    """Bring the start agent to so many attempts on train and validation tasks, and conclude.

    The holdout is not touched; without `run` nothing is.

    Raises:
        UserError: project, tasks or settings cannot be used, or nothing is recorded or was run.
        InterruptError: somebody asked to stop before anything was known.
    """
    require_count("attempts", attempts)
    start = _start(project, watch)
    before = start.recorded(project)
    lacking = _lacking(start, before, attempts) if run else {}
    evaluations = _profile(project, lacking, watch)
    trials = start.recorded(project)
    if not trials and watch.stop.requested:
        raise InterruptError("Interrupted before the first trial ended; nothing is known.")
    if not trials:
        raise RunError(
            "No trial of this agent.py on these tasks is recorded under these settings, so nothing"
            " is known of its noise. Leave out '--no-run' to run some."
        )
    settings = start.conditions.settings
    spending = Spending(
        trial_s=fmean(trial.span.seconds for trial in trials),
        usage=sum((trial.usage for trial in trials), Usage()),
        trials=len(trials),
        workers=workers_of(settings),
    )
    cost = verdict_cost(project, start.conditions)
    reach = outlook(settings, Counter(start.splits.values()), spending=spending, cost=cost)
    result = _concluded(start, trials, spending=spending, reach=reach)
    return replace(result, ran=len(trials) - len(before), evaluations=evaluations)


def _start(project: Project, watch: Watch) -> _Start:
    settings = program_of(project).settings
    found = found_tasks(tasks_source(project, settings))
    leaving = LeavingOut(policy=policy_of(settings, auto="skip"), observer=watch.observer)
    leaving.settle(found.problems, left=len(found.tasks))
    splits = split_tasks(project, found.tasks)
    return _Start(
        agent=Agent(source=project.agent_source()),
        tasks={t.name: t for t in found.tasks if splits[t.name] is not Split.HOLDOUT},
        splits=splits,
        conditions=Conditions(
            model=resolve_models(settings.models.task, settings.models.meta_name).task,
            settings=settings,
        ),
    )


def _lacking(
    start: _Start, before: Sequence[TrialResult], attempts: int
) -> Mapping[int, Sequence[str]]:
    """Names of tasks by how many attempts they lack."""
    have = Counter(trial.key.task for trial in before)
    lacking = defaultdict[int, list[str]](list)
    for task in start.tasks:
        lacking[max(0, attempts - have[task])].append(task)
    return lacking


def _profile(
    project: Project, lacking: Mapping[int, Sequence[str]], watch: Watch
) -> tuple[str, ...]:
    """Run what is missing, as ordinary evaluations; their names."""
    names = []
    for missing, tasks in sorted(lacking.items()):
        if missing and not watch.stop.requested:
            own = EvalWish(only=tuple(tasks), attempts=missing)
            names.append(evaluate_agent(project, own, watch).folder.name)
    return tuple(names)


def _concluded(
    start: _Start, trials: Sequence[TrialResult], *, spending: Spending, reach: Outlook
) -> Estimate:
    """Everything that the trials alone say."""
    rewards = defaultdict[str, list[float]](list)
    for trial in trials:
        rewards[trial.key.task].append(trial.reward)
    noise = noise_of(rewards)
    counts = Counter(start.splits[task] for task in start.tasks)
    return Estimate(
        model=start.conditions.model,
        train=counts[Split.TRAIN],
        validation=counts[Split.VALIDATION],
        trials=len(trials),
        ran=0,
        evaluations=(),
        score=Estimates().score(rewards),
        band=noise.band(),
        within_sd=noise.within**0.5,
        between_sd=noise.between**0.5,
        smallest_gain=noise.smallest_gain(),
        sights=tuple(_sight(noise, gain, spending) for gain in GAINS),
        trial_s=spending.trial_s,
        trial_usd=spending.trial_usd,
        workers=spending.workers,
        never=tuple(task for task, own in sorted(rewards.items()) if max(own) <= 0.0),
        always=tuple(task for task, own in sorted(rewards.items()) if min(own) >= FULL),
        shares=_shares(noise, rewards, start.splits),
        outlook=reach,
        warnings=_warnings(start, rewards, counts[Split.TRAIN]),
    )


def _sight(noise: Noise, gain: float, spending: Spending) -> Sight:
    needed = noise.needed(gain)
    if needed is None:
        return Sight(gain=gain, tasks=None, attempts=None, price=None)
    price: Price = spending.price(needed.trials)
    return Sight(gain=gain, tasks=needed.tasks, attempts=needed.passes, price=price)


def _shares(
    noise: Noise, rewards: Mapping[str, Sequence[float]], splits: Mapping[str, Split]
) -> tuple[TaskShare, ...]:
    """A small shift of all logits moves a task by p(1 - p): as much as it tells about the shift."""
    total = float(noise.by_task.sum())
    shares = [
        TaskShare(
            task=task,
            split=splits[task],
            attempts=len(rewards[task]),
            mean=fmean(rewards[task]),
            share=float(variance) / total,
        )
        for task, variance in zip(noise.tasks, noise.by_task, strict=True)
    ]
    return tuple(sorted(shares, key=lambda own: (-own.share, own.task)))


def _warnings(start: _Start, rewards: Mapping[str, Sequence[float]], train: int) -> tuple[str, ...]:
    found = []
    untried = len(start.tasks) - len(rewards)
    if untried:
        found.append(f"{untried} of {len(start.tasks)} tasks have no trial: they are left out.")
    if max(map(len, rewards.values())) < 2:
        found.append(
            "No task was tried twice: how much is noise and how much is the task is a guess."
            " `--attempts 2` measures it."
        )
    if train <= FEW_TASKS:
        found.append(
            f"With {train} train tasks little can be known: five tasks have to get better, and none"
            " worse, before luck is less than 5 % likely, and the figures here are themselves"
            " rough. More tasks help more than more trials of these."
        )
    return tuple(found)
