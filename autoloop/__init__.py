"""autoloop improves an AI agent on its own, and says truly what was gained.

Example:
    >>> from autoloop import Optimizer
    >>> run = Optimizer(".").climb(hours=24, usd=50)
    >>> run.best, run.steps, run.trials
"""

from autoloop.app.optimizer import Optimizer
from autoloop.app.results import (
    Best,
    Checkup,
    CheckWish,
    Cleaned,
    Evaluation,
    EvalWish,
    Status,
    StepView,
    TaskProof,
    TrialView,
)
from autoloop.app.run import ClimbRun
from autoloop.errors import (
    AgentError,
    AutoloopError,
    InfraError,
    ModelError,
    ProjectError,
    RunError,
    SettingsError,
    TaskError,
    UserError,
)
from autoloop.records import (
    Comparison,
    Decision,
    Event,
    Run,
    Split,
    Step,
    StopReason,
    Task,
    TrialResult,
)

__version__ = "0.1.0"

__all__ = [
    "AgentError",
    "AutoloopError",
    "Best",
    "CheckWish",
    "Checkup",
    "Cleaned",
    "ClimbRun",
    "Comparison",
    "Decision",
    "EvalWish",
    "Evaluation",
    "Event",
    "InfraError",
    "ModelError",
    "Optimizer",
    "ProjectError",
    "Run",
    "RunError",
    "SettingsError",
    "Split",
    "Status",
    "Step",
    "StepView",
    "StopReason",
    "Task",
    "TaskError",
    "TaskProof",
    "TrialResult",
    "TrialView",
    "UserError",
]
