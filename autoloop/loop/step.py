"""One round of the loop, in stages that are recorded before anything acts on them."""

from dataclasses import replace

from autoloop.loop.desk import Desk
from autoloop.loop.evaluate import evaluate
from autoloop.loop.messages import step_message
from autoloop.loop.work import Work
from autoloop.ports import ProposalOutcome
from autoloop.records import (
    Agent,
    Decision,
    ProposalMade,
    Step,
    StepFinished,
    StepStarted,
    Verdict,
)


def open_step(work: Work) -> Step:
    """The step that an earlier session left unfinished, or a new one."""
    parts = work.parts
    steps = parts.store.steps()
    if steps and steps[-1].finished_at is None:
        return steps[-1]
    parent = parts.workspace.tip(work.run)
    return Step(index=len(steps) + 1, parent=parent, started_at=parts.clock.now())


def take_step(work: Work, step: Step) -> Step:
    """Bring a step from whatever stage it has reached to its end.

    Raises:
        StoppedError: the run has to end first; the step goes on where it was when resumed.
    """
    work.parts.observer.notify(StepStarted(step=step))
    incumbent = Agent(source=work.parts.workspace.source(step.parent))
    if step.proposal is None and step.verdict is None:
        step = _propose(work, step, incumbent)
    if step.proposal is not None and step.candidate is None:
        step = _commit(work, step)
    if step.verdict is None and step.proposal is not None:
        work.parts.observer.notify(ProposalMade(step=step))
        candidate = Agent(source=step.proposal.source)
        verdict = evaluate(work, candidate=candidate, incumbent=incumbent, step=step.index)
        step = _save(work, replace(step, verdict=verdict))
    if step.finished_at is None:
        step = _land(work, step)
    work.parts.observer.notify(StepFinished(step=step))
    return step


def _propose(work: Work, step: Step, incumbent: Agent) -> Step:
    outcome = work.parts.proposer.propose(Desk(work, step=step.index, incumbent=incumbent))
    reason = _why_empty(work, outcome, incumbent)
    if reason:
        verdict = Verdict(decision=Decision.EMPTY, reason=reason)
        step = _save(work, replace(step, verdict=verdict, meta_usage=outcome.usage))
    else:
        step = _save(work, replace(step, proposal=outcome.proposal, meta_usage=outcome.usage))
    work.lab.meter.spend(outcome.usage)
    return step


def _why_empty(work: Work, outcome: ProposalOutcome, incumbent: Agent) -> str:
    """Why there is nothing to evaluate; empty if there is."""
    if outcome.proposal is None:
        return outcome.reason or "nothing was submitted"
    after = outcome.proposal.source
    if after == incumbent.source:
        return "the edit changes nothing"
    findings = work.parts.guard.check(before=incumbent.source, after=after)
    return " ".join(found.message for found in findings if found.severity == "block")


def _commit(work: Work, step: Step) -> Step:
    if step.proposal is None:
        raise AssertionError("only a proposal can be committed")
    candidate = work.parts.workspace.propose(
        run=work.run,
        step=step.index,
        parent=step.parent,
        source=step.proposal.source,
        message=step_message(work.run, step, None),
    )
    return _save(work, replace(step, candidate=candidate))


def _land(work: Work, step: Step) -> Step:
    """Make git tell what the verdict says; every part of it may be repeated."""
    verdict, candidate = step.verdict, step.candidate
    if verdict is not None and candidate is not None:
        message = step_message(work.run, step, verdict)
        workspace = work.parts.workspace
        if verdict.decision is Decision.KEEP:
            final = workspace.keep(run=work.run, commit=candidate, message=message)
        else:
            final = workspace.record_revert(
                run=work.run, step=step.index, commit=candidate, message=message
            )
        step = replace(step, candidate=final)
    lesson = f"{verdict.decision.value}: {verdict.reason}" if verdict else ""
    return _save(work, replace(step, finished_at=work.parts.clock.now(), lesson=lesson))


def _save(work: Work, step: Step) -> Step:
    work.parts.store.save_step(step)
    return step
