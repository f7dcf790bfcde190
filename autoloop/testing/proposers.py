"""A meta-agent that follows a script."""

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType

from autoloop.ports import ProposalOutcome, StepDesk
from autoloop.records import Proposal

Turn = Proposal | ProposalOutcome | Exception | Callable[[StepDesk], ProposalOutcome]


class ScriptedProposer:
    """A `Proposer` that plays its turns by the number of the step, so that it resumes well.

    An exception in the script is raised in its turn; a function is given the desk; after the last
    turn nothing is submitted any more. An edit that is to be made anew has turns of its own.
    """

    def __init__(
        self, turns: Sequence[Turn], *, again: Mapping[int, Turn] = MappingProxyType({})
    ) -> None:
        self._turns = turns
        self._again = again
        """By step: what is submitted when its edit is to be made anew."""
        self.desks: list[StepDesk] = []
        """The desks it was given so far."""

    def propose(self, desk: StepDesk) -> ProposalOutcome:
        """Play the turn of the desk's step."""
        self.desks.append(desk)
        turns = self._again if desk.rebase else dict(enumerate(self._turns, start=1))
        if desk.step not in turns:
            return ProposalOutcome(proposal=None, reason="the script is over")
        turn = turns[desk.step]
        if isinstance(turn, Exception):
            raise turn
        if isinstance(turn, Proposal):
            return ProposalOutcome(proposal=turn)
        return turn if isinstance(turn, ProposalOutcome) else turn(desk)


def edit(source: str, title: str = "Try something") -> Proposal:
    """A proposal with all its words filled in."""
    return Proposal(
        source=source,
        title=title,
        hypothesis="It fails for want of this.",
        expected="Fewer failures.",
        generality="Yes, it would help anywhere.",
    )
