"""Evaluates an edit: asks the rule, runs what it wants to see, until it decides."""

from collections.abc import Iterable, Sequence

from autoloop.loop.history import VISIBLE, history_before, score_of
from autoloop.loop.lab import Lab
from autoloop.loop.work import Work
from autoloop.records import (
    Agent,
    Evidence,
    History,
    Purpose,
    Side,
    Split,
    StopReason,
    TrialResult,
    Verdict,
    Want,
)


def evaluate(work: Work, *, candidate: Agent, incumbent: Agent, step: int) -> Verdict:
    """Run trials until the keep rule decides; its verdict.

    Raises:
        StoppedError: the run has to end before the verdict; resuming goes on where it was.
    """
    sides = {Side.CANDIDATE: candidate, Side.INCUMBENT: incumbent}
    history = history_before(work, step)
    exhausted = False
    while True:
        evidence = _evidence(work, sides, history, step=step, exhausted=exhausted)
        answer = work.parts.rule.decide(evidence)
        if isinstance(answer, Verdict):
            work.lab.drain()
            return answer
        refusal = _start(work.lab, sides, answer.wants, step)
        if not work.lab.running and (refusal is not None or not answer.wants):
            exhausted = True
        work.lab.collect()


def run_attempts(
    lab: Lab, agent: Agent, tasks: Iterable[str], *, attempts: int, purpose: Purpose, step: int = 0
) -> Sequence[TrialResult]:
    """Bring each task to the wished number of counted attempts; all trials of these tasks.

    Ends early, without an error, when the budget is spent.
    """
    names = list(dict.fromkeys(tasks))
    while True:
        missing = _missing(lab, agent, names, attempts=attempts, purpose=purpose)
        for task in missing[: lab.free]:
            if lab.meter.refusal() is None:
                lab.start(agent, task, purpose=purpose, step=step)
        if not lab.running:
            return [t for t in lab.counted(agent, purpose) if t.key.task in names]
        lab.collect()


def _missing(
    lab: Lab, agent: Agent, names: Sequence[str], *, attempts: int, purpose: Purpose
) -> list[str]:
    have = [t.key.task for t in lab.counted(agent, purpose)]
    have += [r.task.name for r in lab.running if r.agent == agent and r.purpose is purpose]
    rounds = range(1, attempts + 1)
    done = {name: have.count(name) + lab.given_up(name) for name in names}
    return [name for number in rounds for name in names if done[name] < number]


def _start(
    lab: Lab, sides: dict[Side, Agent], wants: Iterable[Want], step: int
) -> StopReason | None:
    """Start wanted trials while workers are free; the limit that forbade more, if one did."""
    for want in wants:
        for _ in range(want.count):
            if lab.free == 0:
                return None
            refusal = lab.meter.refusal()
            if refusal is not None:
                return refusal
            lab.start(sides[want.side], want.task, purpose=Purpose.SEARCH, step=step)
    return None


def _evidence(
    work: Work, sides: dict[Side, Agent], history: History, *, step: int, exhausted: bool
) -> Evidence:
    plan, lab, guard = work.plan, work.lab, work.parts.guard
    by_digest = {agent.digest: side for side, agent in sides.items()}
    return Evidence(
        train=plan.names(Split.TRAIN),
        validation=plan.names(Split.VALIDATION),
        scores=tuple(
            score_of(trial, side, plan.splits[trial.key.task])
            for side, agent in sides.items()
            for trial in lab.counted(agent, Purpose.SEARCH)
            if plan.splits.get(trial.key.task) in VISIBLE
        ),
        pending=tuple(
            Want(side=by_digest[r.agent.digest], task=r.task.name)
            for r in lab.running
            if r.agent.digest in by_digest and r.purpose is Purpose.SEARCH
        ),
        history=history,
        free=lab.free,
        candidate_size=guard.size(sides[Side.CANDIDATE].source),
        incumbent_size=guard.size(sides[Side.INCUMBENT].source),
        exhausted=exhausted,
        step=step,
        seed=plan.seed,
    )
