"""The final table: baseline and best, afresh and paired, on tasks the loop never looked at."""

from collections.abc import Mapping, Sequence

from autoloop.loop.attempts import run_attempts
from autoloop.loop.work import Work
from autoloop.records import (
    Agent,
    FinalStarted,
    Interval,
    Purpose,
    Split,
    SplitScores,
    Version,
)


def keep_back(work: Work) -> None:
    """Keep back from the search what the final table would take if it were made now.

    Besides the holdout that is one pass of the best alone over the visible tasks: all of it where
    trials run edits together, for whatever lands has never run as it is. Else an incumbent has
    trials of its own; what it still lacks may take a tenth of the run, and no more. The baseline's
    pass is none of it: that one comes before the search.
    """
    plan, meter = work.plan, work.lab.meter
    most = (
        len(plan.visible) if work.parts.strategy.mixes else min(_lacking(work), meter.trials // 10)
    )
    meter.keep_back(plan.holdout_trials + most)


def _lacking(work: Work) -> int:
    """Visible tasks that a best other than the baseline was never tried on."""
    tip = work.tip()
    if not tip.step:
        return 0
    alone = work.lab.counted(Agent(source=tip.source), Purpose.SEARCH)
    return len(set(work.plan.visible) - {trial.key.task for trial in alone})


def final_scores(work: Work, *, baseline: Agent, best: Agent) -> Mapping[Split, SplitScores]:
    """Open the holdout, run what is missing, and score all three splits.

    Train and validation scores come from the trials that chose the best, so they flatter it;
    holdout alone is unbiased.

    Raises:
        StoppedError: the run has to end first.
    """
    plan = work.plan
    work.lab.meter.keep_back(0)
    work.parts.observer.notify(FinalStarted(trials=plan.holdout_trials))
    # Alternating the sides pairs them in time, too: a drifting model cannot favour one of them.
    for attempts in range(1, plan.final_attempts + 1):
        for agent in (baseline, best):
            run_attempts(
                work.lab, agent, plan.names(Split.HOLDOUT), attempts=attempts, purpose=Purpose.FINAL
            )
    _run_visible(work, baseline, Version())
    _run_visible(work, best, Version(base=work.tip().step))
    return {split: _scores(work, split, baseline=baseline, best=best) for split in Split}


def _run_visible(work: Work, agent: Agent, version: Version) -> None:
    """Run an agent once on every visible task that it was never run on."""
    tasks = work.plan.visible
    run_attempts(work.lab, agent, tasks, attempts=1, purpose=Purpose.SEARCH, version=version)


def _scores(work: Work, split: Split, *, baseline: Agent, best: Agent) -> SplitScores:
    purpose = Purpose.FINAL if split is Split.HOLDOUT else Purpose.SEARCH
    before = _rewards(work, baseline, split, purpose)
    after = _rewards(work, best, split, purpose)
    shared = before.keys() & after.keys()
    before = {task: before[task] for task in sorted(shared)}
    after = {task: after[task] for task in sorted(shared)}
    estimator = work.parts.estimator
    same = Interval(mean=0.0, low=0.0, high=0.0, n=len(shared))
    return SplitScores(
        baseline=estimator.score(before),
        best=estimator.score(after),
        gain=same if baseline == best else estimator.gain(before, after),
    )


def _rewards(
    work: Work, agent: Agent, split: Split, purpose: Purpose
) -> dict[str, Sequence[float]]:
    rewards: dict[str, list[float]] = {}
    for trial in work.lab.counted(agent, purpose):
        if work.plan.splits.get(trial.key.task) is split:
            rewards.setdefault(trial.key.task, []).append(trial.reward)
    return dict(rewards)
