"""The edits that the loop makes itself: a kept one taken back, as a whole or in part."""

from autoloop.loop.board import RunRecords
from autoloop.loop.simplify import Ablation, ablation_of, hunks_of, without
from autoloop.ports import ProposalOutcome
from autoloop.records import Origin, Proposal, Step


def ablated(records: RunRecords, step: Step, *, tip: str) -> ProposalOutcome:
    """The edit of a step that the loop began itself, or why it cannot be made."""
    ablation = ablation_of(records, step)
    source = _source(records, ablation, tip)
    if source is None:
        index = ablation.target.index
        reason = f"step {index} cannot be taken back: what was kept later changed the same lines"
        return ProposalOutcome(proposal=None, reason=reason)
    return ProposalOutcome(proposal=_proposal(ablation, source))


def _source(records: RunRecords, ablation: Ablation, tip: str) -> str | None:
    """The incumbent without the lines that are left out."""
    landed = records.sources().of(ablation.target)
    hunks = hunks_of(records.sources().foundation(ablation.target), landed)
    return records.merge(base=landed, ours=tip, theirs=without(landed, hunks, ablation.out))


def _proposal(ablation: Ablation, source: str) -> Proposal:
    target = ablation.target
    title = target.proposal.title if target.proposal else ""
    is_whole = ablation.origin is Origin.ROLLBACK
    part = "the edit" if is_whole else f"{len(ablation.out)} of the changes"
    return Proposal(
        source=source,
        title=f'Revert "{title}"' if is_whole else f'Leave out part of "{title}"',
        hypothesis=f"agent.py may be as good without {part} of step {target.index}, and simpler.",
        expected="No failure is cured; none should come back.",
        generality="Yes: what is not missed anywhere is not needed.",
    )
