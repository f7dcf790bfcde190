"""Looks at what an agent changed in its environment, when its time is over."""

from typing import Literal

from autoloop.ports import FileChange
from autoloop.records import TrialFinding
from autoloop.trial.box import Box, Survey
from autoloop.trial.git_settings import naming_programs
from autoloop.trial.habits import habits_of
from autoloop.trial.plan import TrialPlan
from autoloop.trial.scene import Scene
from autoloop.trial.system_paths import SystemPaths
from autoloop.trial.tampering import Judged, judge


class Inspection:
    """What was found in one environment, over all steps of a task."""

    def __init__(self, plan: TrialPlan, box: Box, survey: Survey) -> None:
        self._plan = plan
        self._box = box
        self._survey = survey
        self._before = survey.touched
        self._findings: list[TrialFinding] = []

    @property
    def findings(self) -> tuple[TrialFinding, ...]:
        """All so far; none where a solution of the task's own was at work."""
        return tuple(self._findings) if self._plan.request.agent.kind == "python" else ()

    @property
    def is_possible(self) -> bool:
        """Whether the engine can tell what was changed."""
        return self._before is not None

    def judge(self, verification: Literal["fresh", "shared"]) -> Judged:
        """Look at all changes; nothing of the agent may be running any more.

        Raises:
            AgentError: there are too many to look at.
        """
        changes = self._box.container.changes() if self.is_possible else None
        seen = self._before or frozenset()
        own = [change for change in changes or () if change.path not in seen]
        scene = Scene(
            verification=verification,
            system=SystemPaths(self._plan.rules.system_paths),
            tools=self._survey.tools,
            workdir=self._survey.workdir,
            instruction=self._plan.task.instruction,
            untouched=seen,
            expects_changes=self._plan.task.changes_system,
            habits=habits_of(
                folder for step in self._plan.task.steps for folder in step.verifier.tests
            ),
            git_programs=naming_programs(self._box.container, own),
        )
        judged = judge(changes or (), scene)
        self._findings += [f for f in judged.findings if f not in self._findings]
        return judged

    def clean(self, judged: Judged) -> None:
        """Take away, where the agent worked, what the tests must not run into."""
        paths = [change.path for change in (*judged.withheld, *judged.compiled)]
        tops = [path for path in paths if not any(path.startswith(f"{o}/") for o in paths)]
        self._box.remove(tops)

    def begin_again(self) -> None:
        """Of the next step only what comes from now on counts."""
        if self.is_possible:
            changes = self._box.container.changes() or ()
            self._before = frozenset(change.path for change in changes)


def removed(changes: tuple[FileChange, ...]) -> list[str]:
    """Paths that an agent took away."""
    return [change.path for change in changes if change.kind == "removed"]
