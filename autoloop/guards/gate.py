"""The port `Guard`: several checks made one after the other."""

from collections.abc import Iterable, Mapping
from typing import Protocol

from autoloop.errors import CandidateError
from autoloop.guards.borrowed import BorrowedGuard
from autoloop.guards.branch import BranchGuard
from autoloop.guards.checks import ChecksGuard
from autoloop.guards.collecting import uncollected
from autoloop.guards.environment import EnvironmentGuard
from autoloop.guards.growth import GrowthGuard
from autoloop.guards.hidden_words import HiddenWordsGuard
from autoloop.guards.imports import ImportsGuard
from autoloop.guards.likeness import likeness
from autoloop.guards.lookup import LookupGuard
from autoloop.guards.material import TrainTask
from autoloop.guards.obfuscation import ObfuscationGuard
from autoloop.guards.refusal import RefusalGuard
from autoloop.guards.syntax import SyntaxGuard, complexity
from autoloop.guards.task_words import TaskWordsGuard
from autoloop.guards.topics_guard import TopicsGuard
from autoloop.guards.verifier import VerifierGuard
from autoloop.ports import Likeness
from autoloop.records import Finding

RULES = (
    "unchanged", "encoding", "syntax", "solve", "size", "task-words", "topics", "hidden-words",
    "branch", "lookup", "imports", "verifier", "obfuscation", "environment", "refusal", "growth",
)  # fmt: skip
"""Every rule that a finding can name."""


class Check(Protocol):
    """One static check of an edit. Pure."""

    def check(self, *, before: str, after: str) -> tuple[Finding, ...]:
        """What is wrong or odd with the edit."""


class Guards:
    """Makes checks in order; the first one must see to it that the others can read the program."""

    def __init__(self, first: Check, *checks: Check) -> None:
        self._first = first
        self._checks = checks

    def check(self, *, before: str, after: str) -> tuple[Finding, ...]:
        """All findings, blocking ones first; only the first check's where that blocks."""
        with uncollected():
            found = [*self._first.check(before=before, after=after)]
            if not any(finding.severity == "block" for finding in found):
                for check in self._checks:
                    found += check.check(before=before, after=after)
        return tuple(sorted(found, key=lambda finding: finding.severity != "block"))

    def size(self, source: str) -> int:
        """Syntax-tree nodes, docstrings and comments not counted; 0 when it does not parse."""
        try:
            return complexity(source)
        except CandidateError:
            return 0

    def likeness(self, one: str, other: str) -> Likeness:
        """How alike two versions of agent.py are."""
        return likeness(one, other)


def standard_guards(tasks: Iterable[TrainTask]) -> Guards:
    """The gate of a run, given its train tasks."""
    known = tuple(tasks)
    instructions = _instructions(known)
    return Guards(
        SyntaxGuard(),
        TaskWordsGuard(instructions),
        TopicsGuard(known),
        HiddenWordsGuard(known),
        BorrowedGuard(known),
        ChecksGuard(known),
        BranchGuard(instructions),
        LookupGuard(instructions),
        ImportsGuard(),
        VerifierGuard(),
        ObfuscationGuard(),
        EnvironmentGuard(),
        RefusalGuard(),
        GrowthGuard(),
    )


def merge_guards(tasks: Iterable[TrainTask]) -> Guards:
    """What two edits must still be when they are put together; each passed the gate by itself.

    Verdicts are replayed through it, so it stays as narrow as it was when the oldest runs began.
    """
    return Guards(SyntaxGuard(), TaskWordsGuard(_instructions(tasks)))


def _instructions(tasks: Iterable[TrainTask]) -> Mapping[str, str]:
    return {task.name: task.instruction for task in tasks}
