"""What outlives the process: git and the database."""

from typing import Protocol

from autoloop.records import ArchiveKey, Run, Step, TrialKey, TrialResult


class Workspace(Protocol):
    """The project's git repository, as far as a run touches it. One thread only."""

    def begin(self, run: str, baseline: str) -> str:
        """Make the run's branch with `baseline` (text of agent.py) as its tip, once.

        Returns the baseline commit. Repeating it for the same run returns the same commit.
        """

    def source(self, commit: str) -> str:
        """Text of agent.py at a commit."""

    def propose(self, *, run: str, step: int, parent: str, source: str, message: str) -> str:
        """Commit an edit on top of `parent` under refs/autoloop/<run>/<step>; returns the commit.

        Repeating it with the same arguments gives the same ref, pointing at an equal commit.
        """

    def keep(self, *, run: str, commit: str, message: str) -> str:
        """Put the edit on the run's branch, with `message` as its final text; returns the tip.

        Harmless to repeat: if the tip already carries this edit, the tip is returned.
        """

    def record_revert(self, *, run: str, step: int, commit: str, message: str) -> str:
        """Leave the edit readable under its ref, with `message` as its final text.

        Returns the commit that carries it from now on: a reworded one, which a later look at this
        step must use. Harmless to repeat.
        """

    def tip(self, run: str) -> str:
        """Commit at the tip of the run's branch: the incumbent."""

    def diff(self, old: str, new: str) -> str:
        """Unified diff of agent.py between two commits; empty when equal."""

    def merge(self, *, base: str, ours: str, theirs: str) -> str | None:
        """Text with what both sides changed of `base`; None where they changed the same place.

        Lines that touch are the same place. A side that changed nothing gives the other, exactly.
        """

    def close(self) -> None:
        """Leave nothing behind but the branch and the refs."""


class RunStore(Protocol):
    """The state of one run, on disk before anything acts on it.

    Every `save` is durable when it returns. Exclusive: opening a run that another live process
    holds raises `RunError`.
    """

    def run(self) -> Run | None:
        """The run's record, or None before the first save."""

    def save_run(self, run: Run) -> None:
        """Store the run's record, replacing the earlier one."""

    def steps(self) -> tuple[Step, ...]:
        """All steps by index."""

    def save_step(self, step: Step) -> None:
        """Store a step, replacing its earlier stage."""

    def trials(self) -> tuple[TrialResult, ...]:
        """All recorded trials, invalid ones included, in the order they were saved."""

    def find_trial(self, key: TrialKey) -> TrialResult | None:
        """The counted trial with this key, if it was run; never an invalid one."""

    def save_trial(self, result: TrialResult) -> None:
        """Store a finished trial. Saving the same counted key twice keeps the first."""

    def notebook(self) -> str:
        """The meta-agent's notebook."""

    def save_notebook(self, text: str) -> None:
        """Replace the notebook."""

    def stop_requested(self) -> bool:
        """Whether another process asked this run to stop; cleared when the run is opened."""

    def close(self) -> None:
        """Release the run."""


class TrialArchive(Protocol):
    """Trials of all runs of a project, found by content. It is opened for one run.

    Several processes may use one archive at once. It holds copies only: what is missing in it was
    not lost, it is run again.
    """

    def trials(self, key: ArchiveKey) -> tuple[TrialResult, ...]:
        """Trials of this content whose files are still there, in the order they were added.

        `reused_from` names the run each is from, `folder` is relative to this run's own folder.
        """

    def add(self, key: ArchiveKey, result: TrialResult) -> None:
        """Store a trial that this run ran; the same one again, or an invalid one, changes nothing.

        An invalid trial is no result: it says something about the machine that day alone.
        """

    def close(self) -> None:
        """Let go of it. Harmless to repeat."""
