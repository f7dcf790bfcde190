"""What a rule of the audit is; a new one joins a list in `standard.py`."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from autoloop.audit.material import Candidate, SeenTrial, TaskFacts
from autoloop.records import EVIDENCE_LENGTH, AuditFinding, Severity, TrialResult


class CodeRule(Protocol):
    """Looks at a candidate's code. Pure."""

    def in_code(self, candidate: Candidate) -> Iterator[AuditFinding]:
        """What is odd about it."""


class TrialRule(Protocol):
    """Looks at one trial. Pure: what it said of earlier ones is not remembered."""

    def in_trial(self, trial: SeenTrial, task: TaskFacts) -> Iterator[AuditFinding]:
        """What is odd about it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """What is kept of a trial when its trace was looked at."""

    result: TrialResult
    deeds: int | None
    """How many there were; None where the trace is gone."""
    used: frozenset[str]
    """Texts of the candidate's code that its deeds held and its model had not said."""


class ScoreRule(Protocol):
    """Looks at all trials of a candidate together. Pure."""

    def in_scores(
        self, candidate: Candidate, works: Sequence[Work], before: Sequence[TrialResult]
    ) -> Iterator[AuditFinding]:
        """What is odd about them; `before` are trials of the first agent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """All that an audit looks for."""

    code: tuple[CodeRule, ...]
    trial: tuple[TrialRule, ...]
    score: tuple[ScoreRule, ...]


def finding(rule: str, severity: Severity, evidence: str, *, where: str) -> AuditFinding:
    """One place that a rule points to."""
    return AuditFinding(
        rule=rule, severity=severity, evidence=evidence[:EVIDENCE_LENGTH], where=where
    )


def line(number: int | None) -> str:
    """A line of agent.py as a place."""
    return "agent.py" if number is None else f"agent.py, line {number}"


def shown(text: str, limit: int = 120) -> str:
    """A text from anywhere, short and in quotation marks, without what a terminal obeys."""
    return repr(text if len(text) <= limit else f"{text[:limit]}…")


def gathered(found: Iterable[AuditFinding]) -> tuple[AuditFinding, ...]:
    """One finding for each rule and severity, with the number of places; worst first."""
    counts: dict[tuple[str, str], list[AuditFinding]] = {}
    for own in found:
        counts.setdefault((own.severity, own.rule), []).append(own)
    order = ("tampered", "suspicious", "note")
    merged = [
        AuditFinding(
            rule=places[0].rule,
            severity=places[0].severity,
            evidence=places[0].evidence,
            where=places[0].where,
            count=len({own.where for own in places}),
        )
        for places in counts.values()
    ]
    return tuple(sorted(merged, key=lambda own: (order.index(own.severity), own.rule)))
