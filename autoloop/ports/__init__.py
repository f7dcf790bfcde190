"""What the loop and the trial need from the outside, as small protocols with written contracts.

Unless a contract says otherwise every method may raise `InfraError` when the machine fails, and may
be called from any thread.
"""

from autoloop.ports.audit import Auditor, AuditOutcome
from autoloop.ports.clock import Clock
from autoloop.ports.decision import Estimator, Guard, KeepRule, Likeness, Strategy
from autoloop.ports.egress import Egress
from autoloop.ports.gateway import (
    USUAL_REPLY_TOKENS,
    ChatModel,
    Gateway,
    Grant,
    PricedModel,
    Rates,
    Session,
    TaskEnv,
    Turn,
)
from autoloop.ports.meta import (
    Allowance,
    Approach,
    Course,
    EarlierStep,
    ProposalOutcome,
    Proposer,
    ReviewCase,
    Reviewer,
    ReviewOutcome,
    SpotResult,
    StepDesk,
    TaskStanding,
    TraceSummary,
)
from autoloop.ports.observer import Observer
from autoloop.ports.sandbox import (
    Bind,
    BoxSpec,
    Container,
    ContainerSpec,
    FileChange,
    Sandbox,
    Withheld,
)
from autoloop.ports.state import RunStore, TrialArchive, Workspace
from autoloop.ports.traces import Diagnosis, Trace, TrialCase, transcript
from autoloop.ports.trials import Engine, TrialRunner

__all__ = [
    "USUAL_REPLY_TOKENS",
    "Allowance",
    "Approach",
    "AuditOutcome",
    "Auditor",
    "Bind",
    "BoxSpec",
    "ChatModel",
    "Clock",
    "Container",
    "ContainerSpec",
    "Course",
    "Diagnosis",
    "EarlierStep",
    "Egress",
    "Engine",
    "Estimator",
    "FileChange",
    "Gateway",
    "Grant",
    "Guard",
    "KeepRule",
    "Likeness",
    "Observer",
    "PricedModel",
    "ProposalOutcome",
    "Proposer",
    "Rates",
    "ReviewCase",
    "ReviewOutcome",
    "Reviewer",
    "RunStore",
    "Sandbox",
    "Session",
    "SpotResult",
    "StepDesk",
    "Strategy",
    "TaskEnv",
    "TaskStanding",
    "Trace",
    "TraceSummary",
    "TrialArchive",
    "TrialCase",
    "TrialRunner",
    "Turn",
    "Withheld",
    "Workspace",
    "transcript",
]
