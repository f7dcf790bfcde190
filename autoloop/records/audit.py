"""What an audit of kept candidates says, over everything that was recorded of them."""

from dataclasses import dataclass

from autoloop.records.integrity import Integrity, Severity, integrity_of


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditFinding:
    """What a rule of the audit saw in a candidate's code or in its trials."""

    rule: str
    """Such as `reward-write`; docs/security.md lists them."""
    severity: Severity
    """A note changes nothing."""
    evidence: str
    """A sentence about the first place; it may hold words that an agent chose."""
    where: str
    """The first place: id of a trial, or a line of agent.py."""
    count: int = 1
    """Places in all: trials, or lines."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Opinion:
    """What a model thought of a candidate. Advice for people: it changes no verdict."""

    model: str
    verdict: Integrity | None
    """None: it gave no answer that can be used."""
    reasons: tuple[str, ...] = ()
    """In its own words; why there is no answer, where there is none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CandidateAudit:
    """The audit of one candidate."""

    step: int
    """0 is the agent that the run began with."""
    commit: str
    trials: int
    """Whose traces were looked at."""
    findings: tuple[AuditFinding, ...] = ()
    """Worst first."""
    opinion: Opinion | None = None
    """None: no model was asked."""

    @property
    def verdict(self) -> Integrity:
        """The worst of the findings."""
        return integrity_of(self.findings)


@dataclass(frozen=True, slots=True, kw_only=True)
class Audit:
    """The audit of a run."""

    run: str
    whole: bool
    """Everything recorded was looked at, not only each candidate when it was kept."""
    candidates: tuple[CandidateAudit, ...] = ()
    """The first agent and the kept edits, by step."""

    @property
    def flagged(self) -> tuple[CandidateAudit, ...]:
        """Candidates that are not clean."""
        return tuple(own for own in self.candidates if own.verdict is not Integrity.CLEAN)

    @property
    def tampered(self) -> tuple[CandidateAudit, ...]:
        """Candidates that tampered."""
        return tuple(own for own in self.candidates if own.verdict is Integrity.TAMPERED)
