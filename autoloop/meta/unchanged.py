"""Edits that change nothing: what the loop claims for them, it claims by chance."""

from collections.abc import Sequence
from dataclasses import dataclass

from autoloop.ports import ProposalOutcome, StepDesk
from autoloop.records import Proposal
from autoloop.records.python_source import syntax_tree

COMMENT = "# Calibration, edit {step}: this line changes nothing.\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class UnchangedProposer:
    """A `Proposer` for calibration. Its edit is the incumbent with another comment.

    The comment moves from step to step, so that edits under test together can be merged; the same
    step on the same incumbent gives the same bytes, and no two steps give equal ones.
    """

    def propose(self, desk: StepDesk) -> ProposalOutcome:
        """Submit the incumbent, with a comment that names the step."""
        proposal = Proposal(
            source=unchanged(desk.source, desk.step),
            title=f"Calibration: edit {desk.step} changes nothing",
            hypothesis="None. A calibration measures what the loop claims for edits without any"
            " effect.",
            expected="Nothing.",
            generality="No: it is no improvement of any kind.",
        )
        return ProposalOutcome(proposal=proposal)


def unchanged(source: str, step: int) -> str:
    """The source with one comment more; earlier steps' comments stay where they are.

    Never the same bytes twice in a run, and always the same program.
    """
    lines = source.splitlines(keepends=True)
    comment = COMMENT.format(step=step)
    places = _places(source)
    if not places:
        ending = "" if not source or source.endswith("\n") else "\n"
        return f"{source}{ending}{comment}"
    place = places[(step - 1) % len(places)]
    return "".join([*lines[:place], comment, *lines[place:]])


def _places(source: str) -> Sequence[int]:
    """Indices of lines that a comment may stand before: each begins a statement of the module.

    None where the source does not parse, or Python counts lines otherwise than we do.
    """
    try:
        body = syntax_tree(source).body
    except (SyntaxError, ValueError):
        return ()
    if len(source.splitlines()) != source.count("\n") + (not source.endswith("\n")):
        return ()
    places, ended = [], 0
    for statement in body:
        decorators = getattr(statement, "decorator_list", [])
        first = min([statement.lineno, *(d.lineno for d in decorators)])
        if first > ended:
            places.append(first - 1)
        ended = statement.end_lineno or first
    return tuple(places)
