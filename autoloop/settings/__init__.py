"""Settings and directive, read from the project's program.md."""

from autoloop.settings.model import (
    BudgetSettings,
    FinalSettings,
    GuardSettings,
    HoldoutSettings,
    Settings,
    SplitSettings,
    TimeoutSettings,
    TrialSettings,
)
from autoloop.settings.models import MetaProgramSettings, ModelSettings, PriceSettings
from autoloop.settings.program import Program, override, read_program

__all__ = [
    "BudgetSettings",
    "FinalSettings",
    "GuardSettings",
    "HoldoutSettings",
    "MetaProgramSettings",
    "ModelSettings",
    "PriceSettings",
    "Program",
    "Settings",
    "SplitSettings",
    "TimeoutSettings",
    "TrialSettings",
    "override",
    "read_program",
]
