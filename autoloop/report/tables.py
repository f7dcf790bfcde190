"""Tables as plain text cells; who prints them decides how they look."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean

from autoloop.records import Run, Split, TrialResult
from autoloop.report.figures import points
from autoloop.report.progress import Progress, train_trials
from autoloop.report.rewards import means_by_key


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


def task_table(progress: Progress, trials: Sequence[TrialResult]) -> Table:
    """Baseline and best on each train task and its steps. Other splits keep their secrets."""
    before = train_trials(progress.baseline_agent, trials)
    after = train_trials(progress.best_agent, trials)
    rows = [
        row
        for task in sorted(before.keys() | after.keys())
        for row in _task_rows(task, (before.get(task, []), after.get(task, [])))
    ]
    return Table(header=("train task", "baseline", "best"), rows=tuple(rows))


def _task_rows(task: str, sides: Sequence[Sequence[TrialResult]]) -> list[tuple[str, ...]]:
    steps = dict.fromkeys(step.name for side in sides for t in side for step in t.steps)
    below = [(f"{task}, step {s}", *(_step_means(side, s) for side in sides)) for s in steps]
    return [(task, *map(_mean, sides)), *below]


def _mean(trials: Sequence[TrialResult]) -> str:
    if not trials:
        return "-"
    return f"{100 * fmean(trial.reward for trial in trials):.0f} ({len(trials)}x)"


def _step_means(trials: Sequence[TrialResult], step: str) -> str:
    """Mean of each reward key over the trials that came as far as this step."""
    begun = [result.rewards for trial in trials for result in trial.steps if result.name == step]
    if not begun:
        return "-"
    means = means_by_key(begun)
    if means.keys() <= {"reward"}:
        return f"{100 * means.get('reward', 0.0):.0f} ({len(begun)}x)"
    keys = ", ".join(f"{key} {100 * mean:.0f}" for key, mean in means.items())
    return f"{keys} ({len(begun)}x)"
