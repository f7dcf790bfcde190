"""Looking at a run, while it goes on or long after."""

from collections.abc import Sequence
from pathlib import Path
from typing import Self, TypeVar

from autoloop.errors import RunError
from autoloop.records import Decision, Flags, Outcome, Run, Step, TrialKey, TrialResult
from autoloop.store.counts import StoreCounts, TaskScore
from autoloop.store.database import Database, SqlValue
from autoloop.store.encoding import RUNS, STEPS, TRIALS, RecordFormat
from autoloop.store.run_schema import FILE, RUN_SCHEMA

_Record = TypeVar("_Record")

_SUMS = """
SELECT outcome, passed, COUNT(*), TOTAL(tokens), TOTAL(cost_usd), COUNT(*) - COUNT(cost_usd)
FROM trials GROUP BY outcome, passed
"""
_REUSED = "SELECT COUNT(*) FROM trials WHERE json_extract(record, '$.reused_from') <> ''"
_FLAGGED = """
SELECT MAX(weight), COUNT(*) FROM (
    SELECT MAX(CASE json_extract(found.value, '$.severity')
        WHEN 'tampered' THEN 2 WHEN 'suspicious' THEN 1 ELSE 0 END) AS weight
    FROM trials, json_each(record, '$.findings') AS found
    WHERE json_array_length(record, '$.findings') > 0 GROUP BY position
) GROUP BY weight
"""
_STEP_SUMS = """
SELECT decision, COUNT(*), TOTAL(tokens), TOTAL(cost_usd), COUNT(*) - COUNT(cost_usd)
FROM steps GROUP BY decision
"""
_SCORES = """
SELECT task, task_digest, agent, AVG(reward), COUNT(*) FROM trials
WHERE outcome <> 'invalid' GROUP BY task, task_digest, agent ORDER BY MAX(position)
"""
_COUNTED = """
SELECT record FROM trials
WHERE agent = ? AND task = ? AND task_digest = ? AND purpose = ? AND attempt = ?
AND outcome <> 'invalid'
"""


class StoreReader:
    """Everything a run has recorded; any thread may ask."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def run(self) -> Run | None:
        """The run's record, or None before the first save."""
        found = self._records(RUNS, "SELECT record FROM run")
        return found[0] if found else None

    def steps(self, *, latest: int | None = None) -> tuple[Step, ...]:
        """All steps by index, or only the `latest` of them."""
        limit = -1 if latest is None else latest
        newest = self._records(STEPS, "SELECT record FROM steps ORDER BY step DESC LIMIT ?", limit)
        return tuple(reversed(newest))

    def trials(self) -> tuple[TrialResult, ...]:
        """All recorded trials, invalid ones included, in the order they were saved."""
        return self._records(TRIALS, "SELECT record FROM trials ORDER BY position")

    def find_trial(self, key: TrialKey) -> TrialResult | None:
        """The counted trial with this key, if it was run; never an invalid one."""
        values = (key.agent, key.task, key.task_digest, key.purpose, key.attempt)
        found = self._records(TRIALS, _COUNTED, *values)
        return found[0] if found else None

    def trial(self, id: str) -> TrialResult | None:  # noqa: A002 - the record's own word
        """The trial whose folder has this name."""
        found = self._records(TRIALS, "SELECT record FROM trials WHERE id = ?", id)
        return found[-1] if found else None

    def notebook(self) -> str:
        """The meta-agent's notebook."""
        rows = self._database.rows("SELECT text FROM notebook")
        return str(rows[0][0]) if rows else ""

    def stop_requested(self) -> bool:
        """Whether another process asked this run to stop."""
        return bool(self._database.rows("SELECT 1 FROM stop_request"))

    def counts(self) -> StoreCounts:
        """Sums over all trials and steps, without reading their records."""
        trials = self._database.rows(_SUMS)
        steps = self._database.rows(_STEP_SUMS)
        reused = self._database.rows(_REUSED)
        flagged = {int(row[0] or 0): int(row[1] or 0) for row in self._database.rows(_FLAGGED)}
        counted = [row for row in trials if row[0] != Outcome.INVALID]
        return StoreCounts(
            trials=_total(counted, 2),
            invalid=_total(trials, 2) - _total(counted, 2),
            reused=_total(reused, 0),
            flags=Flags(suspicious=flagged.get(1, 0), tampered=flagged.get(2, 0)),
            failed=_total([row for row in trials if row[0] == Outcome.FAILED], 2),
            passed=_total([row for row in counted if row[1]], 2),
            tokens=_total(trials, 3),
            cost_usd=_cost(trials),
            meta_tokens=_total(steps, 2),
            meta_cost_usd=_cost(steps),
            steps=_total(steps, 1),
            decisions={Decision(str(row[0])): _total([row], 1) for row in steps if row[0]},
        )

    def scores(self) -> tuple[TaskScore, ...]:
        """How each agent did on each task; whoever was tried last comes last."""
        return tuple(
            TaskScore(
                task=str(task),
                task_digest=str(digest),
                agent=str(agent),
                mean=float(mean or 0.0),
                trials=int(trials or 0),
            )
            for task, digest, agent, mean, trials in self._database.rows(_SCORES)
        )

    def close(self) -> None:
        """Let go of the file. Harmless to repeat."""
        self._database.close()

    def _records(
        self, form: RecordFormat[_Record], query: str, *values: SqlValue
    ) -> tuple[_Record, ...]:
        rows = self._database.rows(query, *values)
        return tuple(form.decode(str(row[0]), file=self._database.file) for row in rows)


def open_readonly(folder: Path) -> StoreReader:
    """Look at a run without holding it, also while a climb works on it or after it died.

    Raises:
        RunError: there is no run in this folder, or it cannot be read.
    """
    file = folder / FILE
    if not file.is_file():
        raise RunError(
            f"There is no run in {str(folder)!r}: it has no {FILE}. Look at the folders below "
            "runs/ for the names of runs."
        )
    return StoreReader(Database(file, RUN_SCHEMA, readonly=True))


def _total(rows: Sequence[tuple[SqlValue, ...]], column: int) -> int:
    return sum(int(row[column] or 0) for row in rows)


def _cost(rows: Sequence[tuple[SqlValue, ...]]) -> float | None:
    """Sum of a cost column, which the number of unknown costs follows; both come last."""
    if _total(rows, -1):
        return None
    return sum(float(row[-2] or 0) for row in rows)
