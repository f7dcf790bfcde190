"""What the meta-agent works with during one step: the desk, its draft, and what it may still do."""

import ast
import difflib

from autoloop.ports import StepDesk
from autoloop.records import Finding, Proposal
from autoloop.records.python_source import syntax_tree

# Comparing lines of a larger text could take minutes.
_DIFF_CHARS = 150_000


class Bench:
    """The state of one conversation."""

    def __init__(self, desk: StepDesk, *, spot_checks: int = 3) -> None:
        self.desk = desk
        self.draft = desk.source
        self.spot_checks_left = spot_checks
        self.objections = 0
        """Drafts of this step that something was said against."""
        self.proposal: Proposal | None = None
        """Set once a submission was accepted; the conversation is over then."""

    def changed(self) -> bool:
        """Whether the draft does anything else than the incumbent."""
        return self.draft != self.desk.source and not same_program(self.draft, self.desk.source)

    def check(self) -> tuple[Finding, ...]:
        """What speaks against the draft; it is counted, for whoever asks often could sound out."""
        findings = self.desk.check(self.draft)
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
