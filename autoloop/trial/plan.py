"""What one trial is, and what it works with."""

from dataclasses import dataclass
from pathlib import Path

from autoloop.ports import Egress, Sandbox
from autoloop.records import Task, TaskStep, TrialRequest, TrialRules
from autoloop.records.secrets import environment_mask
from autoloop.trial.canaries import Canaries

PARTS = ("agent", "verifier", "artifacts")
"""The folders of a trial, or of a step, in Harbor's layout."""
LOG_FOLDERS = tuple(f"/logs/{part}" for part in PARTS)
"""Made in every environment of a task."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialPlan:
    """One trial on its way; shared by everything that takes part in it."""

    name: str
    request: TrialRequest
    folder: Path
    """Where its files go."""
    sandbox: Sandbox
    egress: Egress
    rules: TrialRules
    canaries: Canaries

    @property
    def task(self) -> Task:
        """The task."""
        return self.request.task

    @property
    def keeps_services(self) -> bool:
        """Whether what an agent left running in time goes on while the tests run."""
        kept = self.task.keeps_services or self.rules.services == "keep"
        return kept or self.rules.harbor_quirks

    @property
    def wants_fresh(self) -> bool:
        """Whether the tests are to run in a new container, as far as the task allows it.

        Several steps build on each other, sidecars have states of their own, and services that the
        agent started cannot be carried over.
        """
        task = self.task
        wish = task.verification or self.rules.verification
        is_simple = not task.is_multi_step and task.environment.compose is None
        return wish == "fresh" and is_simple and not self.keeps_services

    def step_folder(self, step: TaskStep) -> Path:
        """Where the files of a step go: its own folder, or the trial's where steps have no name."""
        return self.folder / "steps" / step.name if step.name else self.folder

    def note(self, sentence: str) -> None:
        """Keep what a person may want to know of this trial, in its trial.log."""
        with (self.folder / "trial.log").open("a", encoding="utf-8", errors="replace") as log:
            log.write(environment_mask().text(sentence) + "\n")


def make_parts(folder: Path) -> None:
    """Make the folders that every trial and every step has. Harmless to repeat."""
    for part in PARTS:
        (folder / part).mkdir(parents=True, exist_ok=True)
