"""How a run stands, read without what else reading takes: nobody should wait for `status`."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from autoloop.app.audit_file import known_audit
from autoloop.app.chances_file import known_chances
from autoloop.app.look_log import read_looks
from autoloop.app.project import Project
from autoloop.app.results import Status
from autoloop.errors import RunError
from autoloop.records import Run
from autoloop.report.honesty import (
    expected_worthless,
    gap_sentence,
    queries_sentence,
    selection_gap,
    worthless_sentence,
)
from autoloop.report.integrity import audit_sentence
from autoloop.store import StoreReader, open_readonly, running_pid


@dataclass(frozen=True, slots=True, kw_only=True)
class RunView:
    """A run's folder and records, open for reading."""

    folder: Path
    store: StoreReader

    @property
    def run(self) -> Run:
        """The run's record; RunError when it was killed before it began."""
        run = self.store.run()
        if run is None:
            raise RunError(
                f"{self.folder} holds no climb: it is an evaluation, or it was stopped too early."
            )
        return run


@contextmanager
def reading(project: Project, name: str | None) -> Iterator[RunView]:
    """A run (the latest by default), without disturbing who works on it."""
    folder = project.run_folder(project.latest_run(name))
    with open_readonly(folder) as store:
        yield RunView(folder=folder, store=store)


def status(project: Project, name: str | None) -> Status:
    """How a run stands."""
    with reading(project, name) as view:
        counts = view.store.counts()
        run, steps, looks = view.run, view.store.steps(), read_looks(view.folder)
        under_test = {s.index for s in steps if s.candidate is not None and s.verdict is None}
        chances = known_chances(view.folder)
        worthless, gap = expected_worthless(steps), selection_gap(run.scores)
        flags, audit = counts.flags, known_audit(view.folder)
        flagged = f"Integrity of trials: {flags}. See autoloop audit." if flags else ""
        notes = (
            flagged,
            audit_sentence(audit),
            gap_sentence(gap),
            worthless_sentence(worthless),
            queries_sentence(steps),
            *(look.said for look in looks),
        )
        known = None not in {counts.cost_usd, counts.meta_cost_usd}
        return Status(
            run=run,
            alive=running_pid(view.folder) is not None,
            trials=counts.trials,
            invalid_trials=counts.invalid,
            reused_trials=counts.reused,
            tokens=counts.tokens + counts.meta_tokens,
            cost_usd=(counts.cost_usd or 0.0) + (counts.meta_cost_usd or 0.0) if known else None,
            steps=steps,
            worthless=worthless,
            flags=flags,
            audit=audit,
            selection_gap=gap,
            verdict_queries=sum(step.asked_validation for step in steps),
            looks=looks,
            chances={step: own for step, own in chances.items() if step in under_test},
            notes=tuple(note for note in notes if note),
        )
