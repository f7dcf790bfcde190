"""What a run has seen before a step, as keep rules are told it."""

from collections import defaultdict

from autoloop.loop.work import Work
from autoloop.records import (
    Agent,
    Chapter,
    Decision,
    History,
    Purpose,
    Score,
    Side,
    Split,
    Step,
    TrialResult,
)

VISIBLE = (Split.TRAIN, Split.VALIDATION)
"""Splits that verdicts rest on."""


def history_before(work: Work, step: int) -> History:
    """Chapters of the steps before this one: the baseline's first pass, then one for each edit.

    Spot checks are no part of it: the meta-agent chose their tasks, after it saw how they went.
    """
    by_step = defaultdict[int, list[TrialResult]](list)
    for trial in work.lab.evidence(Purpose.SEARCH):
        if work.plan.splits.get(trial.key.task) in VISIBLE:
            by_step[trial.step].append(trial)
    start = Chapter(step=0, kept=False, scores=_scores(work, by_step[0], candidate=None))
    steps = [s for s in work.parts.store.steps() if s.index < step and s.proposal is not None]
    return History(chapters=(start, *(_chapter(work, s, by_step[s.index]) for s in steps)))


def score_of(trial: TrialResult, side: Side, split: Split) -> Score:
    """A trial as a keep rule sees it."""
    return Score(
        side=side,
        task=trial.key.task,
        split=split,
        attempt=trial.key.attempt,
        reward=trial.reward,
        step=trial.step,
    )


def _chapter(work: Work, step: Step, trials: list[TrialResult]) -> Chapter:
    candidate = None if step.proposal is None else Agent(source=step.proposal.source).digest
    kept = step.verdict is not None and step.verdict.decision is Decision.KEEP
    scores = _scores(work, trials, candidate=candidate)
    return Chapter(step=step.index, kept=kept, scores=scores)


def _scores(work: Work, trials: list[TrialResult], *, candidate: str | None) -> tuple[Score, ...]:
    """Whatever ran for a step and is not its candidate was the incumbent."""
    return tuple(
        score_of(
            trial,
            Side.CANDIDATE if trial.key.agent == candidate else Side.INCUMBENT,
            work.plan.splits[trial.key.task],
        )
        for trial in trials
    )
