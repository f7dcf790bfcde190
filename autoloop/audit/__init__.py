"""Looks once more at what was kept, with everything that was recorded of it. Pure rules."""

from autoloop.audit.judge import Judge, Judged
from autoloop.audit.material import Candidate, SeenTrial, TaskFacts
from autoloop.audit.rule import Rules
from autoloop.audit.standard import STANDARD, audit_candidate

__all__ = [
    "STANDARD",
    "Candidate",
    "Judge",
    "Judged",
    "Rules",
    "SeenTrial",
    "TaskFacts",
    "audit_candidate",
]
