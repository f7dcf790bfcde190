"""Looks at what an agent changed in its environment, when its time is over."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

from autoloop.ports import FileChange
from autoloop.records import TrialFinding
from autoloop.trial.box import Box, Survey
from autoloop.trial.git_settings import naming_programs
from autoloop.trial.names import Names
from autoloop.trial.plan import TrialPlan
from autoloop.trial.scene import Scene
from autoloop.trial.shadows import Shadows
from autoloop.trial.tampering import BENT, Judged, judge
from autoloop.trial.toolchains import guarded


class Inspection:
    """What was found in one environment, over all steps of a task."""

    def __init__(self, plan: TrialPlan, box: Box, survey: Survey) -> None:
        self._plan = plan
        self._box = box
        self._survey = survey
        self._before = survey.touched
        self._findings: list[TrialFinding] = []
        # Elsewhere the tests have names of their own; a step's setup may change them for the task.
        is_shared = not (plan.wants_fresh and self.is_possible) and not plan.task.is_multi_step
        may_be_bent = plan.task.changes_system or plan.rules.harbor_quirks
        self._names = Names(box) if is_shared and not may_be_bent else None

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
        scene = self._scene(verification)
        changes = self._changes(scene) or ()
        own = [change for change in changes if change.path not in scene.before]
        scene = replace(scene, git_programs=naming_programs(self._box.container, own))
        judged = judge(changes, scene)
        found = list(judged.findings)
        if verification == "shared" and self._names is not None:
            found += self._names.restore(instruction=self._plan.task.instruction)
        self._findings += [finding for finding in found if finding not in self._findings]
        return judged

    def _scene(self, verification: Literal["fresh", "shared"]) -> Scene:
        found = self._survey
        return Scene(
            verification=verification,
            system=guarded(
                self._plan.rules.system_paths,
                tools=found.tools,
                habits=found.habits,
                instruction=self._plan.task.instruction,
                workdir=found.workdir,
            ),
            tools=found.tools,
            packages=found.packages,
            habits=found.habits,
            workdir=found.workdir,
            instruction=self._plan.task.instruction,
            before=self._before or {},
            expects_changes=self._plan.task.changes_system,
        )

    def _changes(self, scene: Scene) -> Sequence[FileChange] | None:
        if not self.is_possible:
            return None
        shadows = Shadows((), scene)

        def matters(path: str) -> bool:
            """Whether a link there is more than a link."""
            is_place = path in BENT or scene.system.are_below(path)
            return is_place or scene.tools.are_below(path) or shadows.may_be_one(path)

        return self._box.container.changes(kinds_of=matters)

    def clean(self, judged: Judged) -> None:
        """Take away, where the agent worked, what the tests must not run into."""
        paths = [change.path for change in (*judged.withheld, *judged.compiled)]
        tops = [path for path in paths if not any(path.startswith(f"{o}/") for o in paths)]
        self._box.remove(tops)

    def begin_again(self) -> None:
        """Of the next step only what comes from now on counts."""
        if self.is_possible:
            changes = self._box.container.changes() or ()
            self._before = {change.path: change for change in changes}


def removed(changes: tuple[FileChange, ...]) -> list[str]:
    """Paths that an agent took away."""
    return [change.path for change in changes if change.kind == "removed"]
