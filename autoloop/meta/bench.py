"""What the meta-agent works with during one step: the desk, its draft, and what it may still do."""

import ast
import difflib
from dataclasses import dataclass

from autoloop.ports import StepDesk
from autoloop.records import Finding, Proposal
from autoloop.records.python_source import syntax_tree

# Comparing lines of a larger text could take minutes.
_DIFF_CHARS = 150_000


@dataclass(frozen=True, slots=True, kw_only=True)
class BenchState:
    """A bench as a tool left it."""

    draft: str | None
    """None: as it was."""
    spot_checks_left: int
    objections: int
    proposal: Proposal | None


class Bench:
    """The state of one conversation."""

    def __init__(self, desk: StepDesk, *, spot_checks: int = 3, alternatives: int = 2) -> None:
        """`alternatives`: how many other edits a submission may carry."""
        self.desk = desk
        self.draft = desk.source
        # An edit that is made again has the alternatives that came with it at first.
        self.most_alternatives = 0 if desk.rebase else alternatives
        self.spot_checks_left = spot_checks
        self.objections = 0
        """Drafts of this step that something was said against."""
        self.proposal: Proposal | None = None
        """Set once a submission was accepted; the conversation is over then."""

    def changed(self) -> bool:
        """Whether the draft does anything else than the incumbent."""
        return self.draft != self.desk.source and not same_program(self.draft, self.desk.source)

    @property
    def state(self) -> BenchState:
        """The bench as it is."""
        return BenchState(
            draft=self.draft,
            spot_checks_left=self.spot_checks_left,
            objections=self.objections,
            proposal=self.proposal,
        )

    def restore(self, state: BenchState) -> None:
        """Make it what it was."""
        self.draft = self.draft if state.draft is None else state.draft
        self.spot_checks_left = state.spot_checks_left
        self.objections = state.objections
        self.proposal = state.proposal

    def check(self, source: str | None = None) -> tuple[Finding, ...]:
        """What speaks against the draft, or another source.

        It is counted, for whoever asks often could sound out.
        """
        findings = self.desk.check(self.draft if source is None else source)
        self.objections += bool(findings)
        return findings

    def diff(self) -> str:
        """The draft against the incumbent; empty when equal."""
        return diff_of(self.desk.source, self.draft)


def diff_of(before: str, after: str) -> str:
    """Two versions of agent.py as a unified diff."""
    if len(before) + len(after) > _DIFF_CHARS:
        return "(too large to compare)"
    old, new = before.splitlines(), after.splitlines()
    return "\n".join(difflib.unified_diff(old, new, "incumbent", "draft", lineterm=""))


def same_program(one: str, other: str) -> bool:
    """Whether two sources are equal but for comments and layout."""
    if one == other:
        return True
    shape = _shape(one)
    return shape is not None and shape == _shape(other)


def _shape(source: str) -> str | None:
    try:
        return ast.dump(syntax_tree(source))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        # No program yet: equal to nothing. The guards say what is wrong with it.
        return None
