"""Whether a trial's score was earned, and what speaks against it."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal, Protocol

Severity = Literal["note", "suspicious", "tampered"]
EVIDENCE_LENGTH = 500


class Integrity(StrEnum):
    """What a trial's findings come to."""

    CLEAN = "clean"
    SUSPICIOUS = "suspicious"
    """Shown and counted; the score stands."""
    TAMPERED = "tampered"
    """The score is 0, for good, and no candidate is kept that it speaks against."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialFinding:
    """Something that was seen in a trial and that an honest agent has little use for."""

    rule: str
    """Such as `planted-reward`; docs/security.md lists them."""
    severity: Severity
    """A note changes nothing."""
    evidence: str
    """A sentence that names what was seen and where; nothing of what is hidden from agents."""


class Weighed(Protocol):
    """Whatever was found and weighed."""

    @property
    def severity(self) -> Severity:
        """How much it says."""


def integrity_of(findings: Iterable[Weighed]) -> Integrity:
    """The worst of what was found."""
    severities = {finding.severity for finding in findings}
    if "tampered" in severities:
        return Integrity.TAMPERED
    return Integrity.SUSPICIOUS if "suspicious" in severities else Integrity.CLEAN


@dataclass(frozen=True, slots=True, kw_only=True)
class Flags:
    """How many trials are not clean."""

    suspicious: int = 0
    tampered: int = 0

    @classmethod
    def of(cls, seen: Iterable[Integrity]) -> "Flags":
        """Those among trials of this integrity."""
        all_seen = list(seen)
        return cls(
            suspicious=all_seen.count(Integrity.SUSPICIOUS),
            tampered=all_seen.count(Integrity.TAMPERED),
        )

    def __bool__(self) -> bool:
        return bool(self.suspicious or self.tampered)

    def __str__(self) -> str:
        """In words, such as `2 suspicious, 1 tampered`; empty when all are clean."""
        counts = (("suspicious", self.suspicious), ("tampered", self.tampered))
        return ", ".join(f"{count} {word}" for word, count in counts if count)


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleSeen:
    """A rule that spoke in some of several trials."""

    rule: str
    severity: Severity
    trials: int
    evidence: str
    """Of the first of them."""
    trial: str
    """Id of that one."""
