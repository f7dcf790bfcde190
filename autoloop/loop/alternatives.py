"""Other edits for a hypothesis: each gets a step of its own while none before it was kept.

One edit at a time they are tried one after the other. Where a strategy has several under test, they
come under test together: whenever it wishes for an edit, the next of them is there already.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from autoloop.loop.work import Work
from autoloop.ports import ProposalOutcome
from autoloop.records import Alternative, Decision, Proposal, Step


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """An alternative that no step has taken."""

    step: int
    """Whose proposal carries it."""
    number: int
    """Which one, counted from 1."""


def alternative_due(steps: Sequence[Step]) -> Due | None:
    """The next one to try; None: the meta-agent is to be asked."""
    for head in reversed(steps):
        count = len(head.proposal.alternatives) if head.proposal is not None else 0
        family = [s for s in steps if is_family(s, head)]
        taken = max(step.alternative for step in family) if count else 0
        if taken < count and not _has_kept(family):
            return Due(step=head.index, number=taken + 1)
    return None


def is_family(step: Step, other: Step) -> bool:
    """Whether two steps test the same hypothesis."""
    return (step.alternative_of or step.index) == (other.alternative_of or other.index)


def alternative_of(work: Work, step: Step, *, foundation: str) -> ProposalOutcome:
    """The edit of a step that takes an alternative, moved onto what the step starts from."""
    head = next(s for s in work.book.all() if s.index == step.alternative_of)
    proposal = head.proposal
    if proposal is None:
        raise AssertionError("only a proposal carries alternatives")
    other = proposal.alternatives[step.alternative - 1]
    source = work.records().merge(base=proposal.written_on, ours=foundation, theirs=other.source)
    if source is None:
        reason = f"alternative {step.alternative} of step {head.index} does not fit any more"
        return ProposalOutcome(proposal=None, reason=reason)
    findings = work.parts.guard.check(before=foundation, after=source)
    made = replace(_on_its_own(proposal, other), source=source, findings=findings)
    return ProposalOutcome(proposal=made, prompts=head.prompts)


def _on_its_own(proposal: Proposal, other: Alternative) -> Proposal:
    """The same hypothesis and predictions with another edit."""
    return replace(
        proposal,
        source=other.source,
        title=other.title,
        chance=other.chance,
        alternatives=(),
        written_on="",
        lesson=None,
    )


def _has_kept(steps: Iterable[Step]) -> bool:
    return any(s.verdict is not None and s.verdict.decision is Decision.KEEP for s in steps)
