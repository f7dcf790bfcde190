"""Looks once more at what was kept, with everything that was recorded of it. Pure rules."""

from autoloop.audit.judge import Judge, Judged
from autoloop.audit.material import Candidate, SeenTrial, TaskFacts
from autoloop.audit.rule import Rules
from autoloop.audit.standard import (
    STANDARD,
    Looked,
    audit_candidate,
    conclude,
    look,
    texts_of,
)

__all__ = [
    "STANDARD",
    "Candidate",
    "Judge",
    "Judged",
    "Looked",
    "Rules",
    "SeenTrial",
    "TaskFacts",
    "audit_candidate",
    "conclude",
    "look",
    "texts_of",
]
