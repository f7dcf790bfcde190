"""Tables as plain text cells; who prints them decides how they look."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean

from autoloop.records import Interval, Run, Split, TrialResult
from autoloop.report.progress import Progress, train_rewards


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A header and rows of as many cells."""

    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def final_table(run: Run) -> Table:
    """Baseline, best and gain for each split that was scored, in points with 95 % intervals."""
    rows = []
    for split in Split:
        if (scores := run.scores.get(split)) is None:
            continue
        cells = (points(scores.baseline), points(scores.best), points(scores.gain, signed=True))
        rows.append((split.value, f"{scores.gain.n}", *cells))
    return Table(header=("split", "tasks", "baseline", "best", "gain"), rows=tuple(rows))


def points(interval: Interval, *, signed: bool = False) -> str:
    """An interval in points of a hundred, such as `62.5 [41.0, 80.2]`."""
    if not interval.n:
        return "not measured"
    sign = "+" if signed else ""
    low, mean, high = (100 * x + 0.0 for x in (interval.low, interval.mean, interval.high))
    return f"{mean:{sign}.1f} [{low:{sign}.1f}, {high:{sign}.1f}]"


def task_table(progress: Progress, trials: Sequence[TrialResult]) -> Table:
    """Mean reward of baseline and best on each train task. Other splits keep their secrets."""
    before = train_rewards(progress.baseline_agent, trials)
    after = train_rewards(progress.best_agent, trials)
    rows = tuple(
        (task, _mean(before.get(task, [])), _mean(after.get(task, [])))
        for task in sorted(before.keys() | after.keys())
    )
    return Table(header=("train task", "baseline", "best"), rows=rows)


def _mean(rewards: Sequence[float]) -> str:
    return f"{100 * fmean(rewards):.0f} ({len(rewards)}x)" if rewards else "-"
