"""The port `Guard`: several checks made one after the other."""

from collections.abc import Mapping
from typing import Protocol

from autoloop.errors import CandidateError
from autoloop.guards.likeness import likeness
from autoloop.guards.syntax import SyntaxGuard, complexity
from autoloop.guards.task_words import TaskWordsGuard
from autoloop.ports import Likeness
from autoloop.records import Finding


class Check(Protocol):
    """One static check of an edit. Pure."""

    def check(self, *, before: str, after: str) -> tuple[Finding, ...]:
        """What is wrong or odd with the edit."""


class Guards:
    """Makes checks in order; one that blocks ends the round, so later ones may rely on it."""

    def __init__(self, *checks: Check) -> None:
        self._checks = checks

    def check(self, *, before: str, after: str) -> tuple[Finding, ...]:
        """All findings up to and including those of the first check that blocks."""
        findings: list[Finding] = []
        for check in self._checks:
            findings += check.check(before=before, after=after)
            if any(finding.severity == "block" for finding in findings):
                break
        return tuple(findings)

    def size(self, source: str) -> int:
        """Syntax-tree nodes, docstrings and comments not counted; 0 when it does not parse."""
        try:
            return complexity(source)
        except CandidateError:
            return 0

    def likeness(self, one: str, other: str) -> Likeness:
        """How alike two versions of agent.py are."""
        return likeness(one, other)


def standard_guards(instructions: Mapping[str, str]) -> Guards:
    """The guards of a run, given the instructions of its train tasks by name."""
    return Guards(SyntaxGuard(), TaskWordsGuard(instructions))
