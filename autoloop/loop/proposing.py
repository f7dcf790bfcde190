"""An edit from the wish for one to the moment it comes under test."""

from dataclasses import replace

from autoloop.loop.ablation import ablated
from autoloop.loop.alternatives import alternative_due, alternative_of
from autoloop.loop.desk import Desk
from autoloop.loop.messages import step_message
from autoloop.loop.repeats import repeats
from autoloop.loop.reviewing import reviewed
from autoloop.loop.simplify import ablation_due
from autoloop.loop.work import Work
from autoloop.ports import ProposalOutcome
from autoloop.records import (
    Decision,
    Opening,
    Origin,
    ProposalMade,
    Step,
    StepFinished,
    StepStarted,
    Usage,
    Verdict,
    lessons_of,
)


def is_begun(step: Step) -> bool:
    """Whether a step still waits for its edit."""
    return step.proposal is None and step.verdict is None


def is_waiting(step: Step) -> bool:
    """Whether a step's edit is there and not yet under test."""
    return step.proposal is not None and step.candidate is None and step.verdict is None


def begin(work: Work, opening: Opening) -> Step:
    """Record that a step begins, and on what: whoever resumes it makes the same edit."""
    records, tip = work.records(), work.tip()
    due = ablation_due(records) if work.plan.simplify and not opening.parents else None
    other = None if due else alternative_due(records.steps)
    return work.book.save(
        Step(
            index=len(records.steps) + 1,
            parent=tip.commit,
            started_at=work.parts.clock.now(),
            origin=due.origin if due else Origin.META,
            takes_back=due.target.index if due else None,
            base=tip.step,
            parents=opening.parents,
            opened=work.seen(),
            alternative_of=other.step if other else None,
            alternative=other.number if other else 0,
        )
    )


def propose(work: Work, step: Step) -> Step:
    """Have the edit made and record it; a step without one is finished here."""
    work.parts.observer.notify(StepStarted(step=step))
    foundation = work.sources().foundation(step)
    outcome = _outcome(work, step, foundation)
    reason = why_empty(work, outcome, step, foundation=foundation)
    if reason:
        verdict = Verdict(decision=Decision.EMPTY, reason=reason)
        step = replace(step, verdict=verdict, opened=None, decided=work.seen())
    else:
        step = replace(step, proposal=outcome.proposal)
    step = replace(step, meta_usage=outcome.usage, open_usage=Usage())
    step = work.book.save(replace(step, prompts=outcome.prompts))
    work.lab.meter.end_talk(outcome.usage)
    return step


def join(work: Work, step: Step) -> Step:
    """Commit the edit, unless its reviewer refuses it; from now on it is under test."""
    step = reviewed(work, step)
    if step.verdict is not None:
        return step
    if step.proposal is None:
        raise AssertionError("only a proposal can be committed")
    candidate = work.parts.workspace.propose(
        run=work.run,
        step=step.index,
        parent=step.parent,
        source=step.proposal.source,
        message=step_message(work.run, step, None),
    )
    step = work.book.save(replace(step, candidate=candidate, opened=work.seen()))
    work.parts.observer.notify(ProposalMade(step=step))
    return step


def why_empty(work: Work, outcome: ProposalOutcome, step: Step, *, foundation: str) -> str:
    """Why there is nothing to evaluate; empty if there is."""
    if outcome.proposal is None:
        return outcome.reason or "nothing was submitted"
    after = outcome.proposal.source
    if after == foundation:
        return "the edit changes nothing"
    findings = work.parts.guard.check(before=foundation, after=after)
    if step.origin is Origin.META:
        findings += repeats(work, after, step=step.index, foundation=foundation)
    return " ".join(found.message for found in findings if found.severity == "block")


def _outcome(work: Work, step: Step, foundation: str) -> ProposalOutcome:
    """The edit of the loop itself or the alternative that is due, else the meta-agent's."""
    if step.origin is not Origin.META:
        return ablated(work.records(), step, tip=work.tip().source)
    if step.alternative_of is not None:
        return alternative_of(work, step, foundation=foundation)
    return work.parts.proposer.propose(Desk(work, step=step.index, source=foundation))


def finish(work: Work, step: Step) -> Step:
    """Record that git tells what the verdict says."""
    lesson = lessons_of([step], work.lab.trials).get(step.index, "")
    step = work.book.save(replace(step, finished_at=work.parts.clock.now(), lesson=lesson))
    work.parts.observer.notify(StepFinished(step=step))
    return step
