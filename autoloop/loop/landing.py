"""Makes git tell what the verdicts say, and moves what is still under test onto the new tip."""

from dataclasses import replace

from autoloop.loop.alternatives import is_family
from autoloop.loop.board import is_open, latest_ruling
from autoloop.loop.desk import Desk
from autoloop.loop.messages import step_message
from autoloop.loop.proposing import finish, is_waiting, why_empty
from autoloop.loop.work import Tip, Work
from autoloop.ports import AuditOutcome, ProposalOutcome
from autoloop.records import (
    CONFLICT,
    Decision,
    Flags,
    Notice,
    Origin,
    Proposal,
    Ruling,
    Step,
    Usage,
    Verdict,
)

NOTHING = ProposalOutcome(proposal=None)


def settle(work: Work) -> None:
    """Bring git and edits to where the verdicts leave them; every part may be repeated."""
    for step in work.book.all():
        if step.verdict is not None and step.finished_at is None:
            _conclude(work, step)
    for step in work.book.all():
        if is_open(step) or is_waiting(step):
            _follow(work, step)


def _conclude(work: Work, step: Step) -> None:
    """Land a kept edit; leave another one readable."""
    verdict, candidate = step.verdict, step.candidate
    if verdict is None:
        raise AssertionError("only a step with a verdict can be concluded")
    if verdict.decision is Decision.KEEP:
        _land(work, step)
        return
    if candidate is not None:
        message = step_message(work.run, step, verdict, flags=_flags(work, step))
        candidate = work.parts.workspace.record_revert(
            run=work.run, step=step.index, commit=candidate, message=message
        )
    finish(work, replace(step, candidate=candidate))


def _land(work: Work, step: Step) -> None:
    """Put a kept edit on the tip; where it does not fit there, it is under test again."""
    tip = work.tip()
    if step.parent != tip.commit or step.parents:
        source = work.sources().moved(step, tip.source)
        if source is None or source == tip.source:
            work.book.save(replace(step, verdict=None, decided=None, ruling=None))
            return
        step = _moved(work, step, tip, source=source)
    if step.candidate is None:
        raise AssertionError("an edit under test has a commit")
    message = step_message(work.run, step, step.verdict, flags=_flags(work, step))
    final = work.parts.workspace.keep(run=work.run, commit=step.candidate, message=message)
    step = replace(step, candidate=final)
    audited = _audited(work, step)
    finish(work, replace(step, meta_usage=step.meta_usage + audited.usage))
    if audited.notice:
        work.parts.observer.notify(Notice(text=audited.notice))
    work.lab.meter.spend(audited.usage)


def _audited(work: Work, step: Step) -> AuditOutcome:
    """What an audit says of a kept edit; it stays kept."""
    if work.parts.auditor is None:
        return AuditOutcome()
    may_ask = work.lab.meter.refusal() is None
    return work.parts.auditor.kept(step, work.lab.trials, may_ask=may_ask)


def _flags(work: Work, step: Step) -> Flags:
    """How many of the trials that the step asked for are not clean."""
    return Flags.of(trial.integrity for trial in work.lab.trials if trial.step == step.index)


def _follow(work: Work, step: Step) -> None:
    """Move an edit onto the tip, without what it was written on and is not under test any more."""
    tip, sources = work.tip(), work.sources()
    parents = tuple(index for index in step.parents if is_open(sources.steps[index]))
    if (step.parent, step.parents) == (tip.commit, parents):
        return
    onto = sources.fold(tip.source, parents).source
    source = sources.moved(step, onto)
    if source == onto:
        _end(work, step, f"step {tip.step}, which was kept, holds the same change", tip=tip)
    elif source is None:
        _make_anew(work, step, tip)
    else:
        _moved(work, replace(step, parents=parents), tip, source=source)


def _moved(work: Work, step: Step, tip: Tip, *, source: str) -> Step:
    """An edit with its text on the tip, committed there if it was committed before."""
    if step.proposal is None:
        raise AssertionError("only an edit can be moved")
    step = replace(step, parent=tip.commit, proposal=replace(step.proposal, source=source))
    if step.verdict is not None:
        step = replace(step, parents=())
    if step.candidate is not None:
        candidate = work.parts.workspace.propose(
            run=work.run,
            step=step.index,
            parent=tip.commit,
            source=source,
            message=step_message(work.run, step, None),
        )
        step = replace(step, candidate=candidate)
    return work.book.save(step)


def _make_anew(work: Work, step: Step, tip: Tip) -> None:
    """Have the meta-agent make an edit again that does not go with what was kept, or end it."""
    # What an earlier session paid for a conversation that does not go on is paid all the same.
    outcome = replace(NOTHING, usage=step.open_usage)
    if _is_worth_it(work, step, tip):
        desk = Desk(work, step=step.index, source=tip.source, rebase=_rebase(work, step, tip))
        outcome = work.parts.proposer.propose(desk)
    step = replace(step, meta_usage=step.meta_usage + outcome.usage, open_usage=Usage())
    if why_empty(work, outcome, step, foundation=tip.source):
        _end(work, step, f"it conflicts with step {tip.step}, which was kept", tip=tip)
    else:
        new = replace(step, proposal=_anew(step, outcome), candidate=None, opened=work.seen())
        new = replace(new, review=None, prompts=outcome.prompts)
        work.book.save(replace(new, parent=tip.commit, parents=()))
    work.lab.meter.end_talk(outcome.usage)


def _is_worth_it(work: Work, step: Step, tip: Tip) -> bool:
    """Whether to have an edit made again: not where its hypothesis has just been kept."""
    kept = work.sources().steps.get(tip.step)
    is_told = kept is not None and is_family(kept, step)
    return step.origin is Origin.META and not is_told and work.lab.meter.refusal() is None


def _anew(step: Step, outcome: ProposalOutcome) -> Proposal | None:
    """The edit that was made again, with the alternatives that the first one brought."""
    if step.proposal is None or outcome.proposal is None:
        return outcome.proposal
    first = step.proposal
    return replace(outcome.proposal, alternatives=first.alternatives, written_on=first.written_on)


def _rebase(work: Work, step: Step, tip: Tip) -> str:
    """What the meta-agent needs to know to make an edit again."""
    title = step.proposal.title if step.proposal else ""
    own = work.parts.workspace.diff(step.parent, step.candidate) if step.candidate else ""
    kept = work.parts.workspace.diff(step.parent, tip.commit)
    return f"The edit of step {step.index}, {title!r}:\n{own}\nWhat was kept meanwhile:\n{kept}"


def _end(work: Work, step: Step, why: str, *, tip: Tip) -> None:
    """Give an edit the verdict that it cannot be tried any further."""
    verdict = Verdict(
        decision=Decision.REVERT, reason=f"reverted: {why}", numbers={CONFLICT: float(tip.step)}
    )
    ruling = Ruling(number=latest_ruling(work.book.all()))
    step = replace(step, verdict=verdict, decided=work.seen(), ruling=ruling)
    _conclude(work, work.book.save(step))
