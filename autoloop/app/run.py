"""A recorded run in a person's hands: its records, its figures, its pictures."""

from pathlib import Path
from typing import Any, Literal

from autoloop.app.look_log import Look
from autoloop.app.project import Project
from autoloop.app.results import Best, Failures, Predictions, Replay, Status, StepView, TrialView
from autoloop.app.watching import Audience
from autoloop.errors import UserError
from autoloop.records import Audit, JsonValue, Run, Step, TaskRecord, TrialResult
from autoloop.records.installing import install_command
from autoloop.records.text import html_text


class ClimbRun:
    """One run of a project: all that can be asked of it. Reads what is recorded at each access."""

    def __init__(self, project: Project, name: str, audience: Audience) -> None:
        self._project = project
        self._audience = audience
        self.name = name

    @property
    def record(self) -> Run:
        """Budget, splits, models, stop reason and final scores."""
        return self.status().run

    @property
    def best(self) -> Best:
        """The incumbent: its commit and the text of its agent.py."""
        from autoloop.app import looking

        return looking.best(self._project, self.name)

    @property
    def steps(self) -> tuple[Step, ...]:
        """All steps, oldest first."""
        return self.status().steps

    @property
    def trials(self) -> tuple[TrialResult, ...]:
        """All trials, in the order they ended."""
        from autoloop.app import looking

        return looking.trials_of(self._project, self.name)

    @property
    def tasks(self) -> tuple[TaskRecord, ...]:
        """What the trials of all candidates say about each task: flaky, never solved and so on."""
        from autoloop.app.task_records import records_of_run

        return records_of_run(self._project, self.name)

    @property
    def summary(self) -> dict[str, JsonValue]:
        """The run in one JSON object, as `autoloop climb --json` prints it."""
        from autoloop.app import looking

        document: dict[str, JsonValue] = looking.summary(self._project, self.name).model_dump(
            mode="json"
        )
        return document

    @property
    def table(self) -> tuple[tuple[str, ...], ...]:
        """The final table as rows of text, the heading first; empty before it is made."""
        from autoloop.report import final_table

        run = self.record
        if not run.scores:
            return ()
        table = final_table(run)
        return (table.header, *table.rows)

    @property
    def notes(self) -> tuple[str, ...]:
        """What has to be known beside the table, and what looks at the holdout said."""
        from autoloop.app import looking

        return looking.notes(self._project, self.name)

    def status(self) -> Status:
        """How it stands, also while it is at work."""
        from autoloop.app import standing

        return standing.status(self._project, self.name)

    def predictions(self) -> Predictions:
        """What the meta-agent predicted of its edits, against what happened."""
        from autoloop.app import looking

        return looking.predictions(self._project, self.name)

    def show(self, step: int) -> StepView:
        """A step with its diff; raises RunError when there is none of this number."""
        from autoloop.app import looking

        return looking.show_step(self._project, self.name, step)

    def diff(self, old: str = "base", new: str = "best") -> str:
        """Diff between two candidates: `base`, `best`, a step's number, or a commit."""
        from autoloop.app import looking

        return looking.diff_candidates(self._project, self.name, old=old, new=new)

    def trace(self, trial: str) -> TrialView:
        """A trial with its transcript; the beginning of its id is enough.

        Raises:
            RunError: no trial, or more than one, is meant.
        """
        from autoloop.app import looking

        return looking.show_trial(self._project, self.name, trial)

    def failures(self, *, agents: Literal["best", "all"] = "best") -> Failures:
        """Failed train trials by symptoms in their traces.

        Args:
            agents: Whose trials: of the best agent, or of all.
        """
        from autoloop.app.diagnosing import failures

        return failures(self._project, self.name, agents=agents)

    def replay(self) -> Replay:
        """Ask for every verdict again, from what is recorded; nothing is run or changed."""
        from autoloop.app.deciding import replay_run

        return replay_run(self._project, self.name)

    def audit(self, *, step: int | None = None) -> Audit:
        """Look once more at all that was kept, with all that is recorded.

        Args:
            step: Only the edit of this step, kept or not; 0 is the first agent.

        Raises:
            RunError: there is no such step.
        """
        from autoloop.app.auditing import audit_run

        return audit_run(self._project, self.name, step=step)

    def to_frame(self) -> Any:  # noqa: ANN401 - pandas is optional
        """All trials as a pandas DataFrame.

        Raises:
            UserError: pandas is not installed.
        """
        from autoloop.report import trial_rows

        try:
            import pandas as pd
        except ImportError as error:
            raise _missing("pandas", error) from error
        return pd.DataFrame(trial_rows(self.trials))

    def plot(self) -> Any:  # noqa: ANN401 - matplotlib is optional
        """The score over the steps, kept and reverted edits marked, as a matplotlib figure.

        Raises:
            UserError: matplotlib is not installed.
        """
        try:
            from autoloop.report.plot import draw_steps
        except ImportError as error:
            raise _missing("matplotlib", error) from error
        return draw_steps(self.record, self.steps, self.trials)

    def holdout(self) -> tuple[tuple[str, ...], ...]:
        """The final table; where it is not made yet, the sealed holdout is opened to make it.

        Raises:
            UserError: the run is being worked on, or its tasks cannot be used any more.
        """
        from autoloop.app.climbing import Climb, resume_climb
        from autoloop.loop import open_holdout

        if not self.table:
            with self._audience.watch() as watch:
                climb = Climb(observer=watch.observer, stop=watch.stop, work=open_holdout)
                resume_climb(self._project, self.name, climb)
        return self.table

    def look(self) -> Look:
        """Look at the holdout of a run that is not finished: one protected answer.

        Raises:
            UserError: `holdout.looks` in program.md allows none, all are spent, or the run is
                being worked on.
        """
        from autoloop.app.metered import look_at_holdout

        with self._audience.watch() as watch:
            return look_at_holdout(self._project, self.name, watch)

    def stop(self) -> None:
        """Ask the process that works on it to end cleanly.

        Raises:
            RunError: none does.
        """
        from autoloop.app.tending import ask_to_stop

        ask_to_stop(self._project, self.name)

    def report(self) -> Path:
        """Write report.html anew; its path."""
        from autoloop.app import looking

        return looking.write_html(self._project, self.name)

    def __repr__(self) -> str:
        run, steps = self.record, self.steps
        kept = sum(s.verdict is not None and s.verdict.decision == "keep" for s in steps)
        state = run.stop_reason.value if run.stop_reason else "not finished"
        return f"<run {self.name}: {len(steps)} steps, {kept} kept, {state}>"

    def _repr_html_(self) -> str:
        rows = [
            "<tr>" + "".join(f"<td>{html_text(c)}</td>" for c in row) + "</tr>"
            for row in self.table
        ]
        return f"<p>{html_text(repr(self))}</p><table>{''.join(rows)}</table>"


def _missing(package: str, error: ImportError) -> UserError:
    return UserError(
        f"This needs {package}, which is not installed ({error}). Install it from autoloop's own"
        f" repository: `{install_command('notebook')}`."
    )
