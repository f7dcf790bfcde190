"""Another pair of eyes on an edit, before anything is spent on its trials."""

from dataclasses import replace

from autoloop.errors import InfraError, ModelError
from autoloop.loop.work import Work
from autoloop.ports import ReviewCase, Reviewer, ReviewOutcome
from autoloop.records import Decision, Origin, Review, Split, Step, Usage, Verdict, charged

NOTHING = Usage()


def reviewed(work: Work, step: Step) -> Step:
    """The step with its review, recorded once it is paid; refused where a no is binding.

    What is recorded is not asked again. Edits that the loop makes itself are not reviewed. Nobody
    is asked once the budget is spent; where a review is needed, such an edit is not tried.
    """
    reviewer = work.parts.reviewer
    if reviewer is None or step.origin is not Origin.META or step.review is not None:
        return step
    spent = work.lab.meter.refusal()
    if spent is None:
        outcome = _asked(work, step, reviewer)
        refusal = _refusal(outcome.review)
    else:
        refusal = f"the reviewer was not asked: {spent.value}"
        outcome = _unsure(refusal)
    step = replace(step, review=outcome.review)
    if work.plan.reviewer_binds and refusal:
        verdict = Verdict(decision=Decision.EMPTY, reason=refusal)
        step = replace(step, verdict=verdict, opened=None, decided=work.seen())
    return _paid(work, step, outcome.usage)


def _refusal(review: Review) -> str:
    return f"the reviewer refuses it: {review.reason}" if review.worthwhile == "no" else ""


def _asked(work: Work, step: Step, reviewer: Reviewer) -> ReviewOutcome:
    """What the reviewer says; advice that cannot be had ends nothing."""
    if step.proposal is None:
        raise AssertionError("only an edit can be reviewed")
    case = ReviewCase(
        step=step.index,
        proposal=step.proposal,
        before=work.sources().foundation(step),
        tasks=work.plan.names(Split.TRAIN),
    )
    try:
        return reviewer.review(case)
    except (ModelError, InfraError) as error:
        if work.plan.reviewer_binds:
            _paid(work, step, charged(error))
            raise
        return _unsure(f"the reviewer could not be asked: {error}", usage=charged(error))


def _paid(work: Work, step: Step, usage: Usage) -> Step:
    """The step with what its reviewer took, recorded and charged."""
    step = work.book.save(replace(step, meta_usage=step.meta_usage + usage))
    work.lab.meter.spend(usage)
    return step


def _unsure(reason: str, *, usage: Usage = NOTHING) -> ReviewOutcome:
    return ReviewOutcome(review=Review(worthwhile="unsure", reason=reason), usage=usage)
