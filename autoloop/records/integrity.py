"""Whether a trial's score was earned, and what speaks against it."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

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
    severity: Literal["note", "suspicious", "tampered"]
    """A note changes nothing."""
    evidence: str
    """A sentence that names what was seen and where; nothing of what is hidden from agents."""


def integrity_of(findings: Iterable[TrialFinding]) -> Integrity:
    """The worst of what was found."""
    severities = {finding.severity for finding in findings}
    if "tampered" in severities:
        return Integrity.TAMPERED
    return Integrity.SUSPICIOUS if "suspicious" in severities else Integrity.CLEAN
