"""A recorded run in a person's hands: its records, its figures, its pictures."""

from pathlib import Path
from typing import Any

from autoloop.app.project import Project
from autoloop.app.results import Best
from autoloop.errors import UserError
from autoloop.records import JsonValue, Run, Step, TaskRecord, TrialResult
from autoloop.records.installing import install_command
from autoloop.records.text import html_text


class ClimbRun:
    """One run of a project; reads what is recorded at each access."""

    def __init__(self, project: Project, name: str) -> None:
        self._project = project
        self.name = name

    @property
    def record(self) -> Run:
        """Budget, splits, models, stop reason and final scores."""
        from autoloop.app import standing

        return standing.status(self._project, self.name).run

    @property
    def best(self) -> Best:
        """The incumbent: its commit and the text of its agent.py."""
        from autoloop.app import looking

        return looking.best(self._project, self.name)

    @property
    def steps(self) -> tuple[Step, ...]:
        """All steps, oldest first."""
        from autoloop.app import standing

        return standing.status(self._project, self.name).steps

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
        """Make the final table if it is not made yet, and return it."""
        if not self.table:
            from autoloop.app.optimizer import Optimizer

            Optimizer(self._project.root).holdout(self.name)
        return self.table

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
