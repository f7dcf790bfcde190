"""What is known of a trial beside the changes that its agent made."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from autoloop.ports import FileChange
from autoloop.trial.habits import Habits
from autoloop.trial.system_paths import SystemPaths
from autoloop.trial.tools import Tools


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """Where the changes were made."""

    verification: Literal["fresh", "shared"]
    system: SystemPaths
    workdir: str = "/"
    instruction: str = ""
    before: Mapping[str, FileChange] = field(default_factory=dict)
    """What the environment changes itself as it starts, by path: it speaks against nobody."""
    expects_changes: bool = False
    """The task is about the system, so that commands and libraries may be replaced."""
    tools: Tools = field(default_factory=Tools)
    """Interpreters and programs of the image that are not among the system's paths."""
    packages: frozenset[str] = field(default_factory=frozenset)
    """Modules that the tests import and the image has among its packages."""
    habits: Habits = field(default_factory=Habits)
    """What the tests start."""
    git_programs: frozenset[str] = field(default_factory=frozenset)
    """Settings of repositories that name programs for git to run."""
