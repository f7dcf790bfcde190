"""Another pair of eyes on an edit, before anything is spent on its trials."""

from dataclasses import replace

from autoloop.errors import InfraError, ModelError
from autoloop.loop.work import Work
from autoloop.ports import ReviewCase, Reviewer, ReviewOutcome
from autoloop.records import Decision, Origin, Review, Split, Step, Verdict


def reviewed(work: Work, step: Step) -> Step:
    """The step with its review, recorded once it is paid; refused where a no is binding.

    What is recorded is not asked again. Edits that the loop makes itself are not reviewed.
    """
    reviewer = work.parts.reviewer
    if reviewer is None or step.origin is not Origin.META or step.review is not None:
        return step
    outcome = _asked(work, step, reviewer)
    step = replace(step, review=outcome.review, meta_usage=step.meta_usage + outcome.usage)
    if work.plan.reviewer_binds and outcome.review.worthwhile == "no":
        reason = f"the reviewer refuses it: {outcome.review.reason}"
        verdict = Verdict(decision=Decision.EMPTY, reason=reason)
        step = replace(step, verdict=verdict, opened=None, decided=work.seen())
    step = work.book.save(step)
    work.lab.meter.spend(outcome.usage)
    return step


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
            raise
        reason = f"the reviewer could not be asked: {error}"
        return ReviewOutcome(review=Review(worthwhile="unsure", reason=reason))
