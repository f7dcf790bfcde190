"""autoloop improves an AI agent on its own, and says truly what was gained.

Example:
    >>> from autoloop import Optimizer
    >>> run = Optimizer(".").climb(hours=24, usd=50)
    >>> run.best, run.steps, run.trials
"""

from autoloop import results
from autoloop.app.optimizer import Optimizer
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
from autoloop.records import Split

__version__ = "0.1.0"

__all__ = [
    "AgentError",
    "AutoloopError",
    "ClimbRun",
    "InfraError",
    "ModelError",
    "Optimizer",
    "ProjectError",
    "RunError",
    "SettingsError",
    "Split",
    "TaskError",
    "UserError",
    "results",
]
