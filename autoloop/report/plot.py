"""The score over steps as a matplotlib figure; imported only where somebody wants a plot."""

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, PercentFormatter

from autoloop.records import Decision, Run, Step, TrialResult
from autoloop.report.progress import Point, Progress, progress_of

KEPT = "#1a7f4b"
DROPPED = "#b3423a"
LINE = "#3366a8"


def draw_steps(run: Run, steps: Sequence[Step], trials: Sequence[TrialResult]) -> Figure:
    """Best train score over steps, with kept and reverted edits marked."""
    progress = progress_of(steps, trials)
    figure = Figure(figsize=(8, 4), layout="constrained")
    axes = figure.add_subplot()
    _draw_line(axes, progress)
    kept = [p for p in progress.points if p.decision is Decision.KEEP]
    _draw_marks(axes, kept, label="kept", marker="^", color=KEPT)
    dropped = [p for p in progress.points if p.decision is not Decision.KEEP]
    _draw_marks(axes, dropped, label="reverted", marker="x", color=DROPPED)
    axes.set(title=run.name, xlabel="step", ylabel="mean train reward", ylim=(-0.03, 1.03))
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.yaxis.set_major_formatter(PercentFormatter(1.0))
    axes.grid(alpha=0.25)
    if axes.get_legend_handles_labels()[0]:
        axes.legend(loc="lower right")
    return figure


def _draw_line(axes: Axes, progress: Progress) -> None:
    scores = [(0, progress.baseline), *((p.step, p.best) for p in progress.points)]
    known = [(step, score) for step, score in scores if score is not None]
    if known:
        xs, ys = zip(*known, strict=True)
        axes.step(xs, ys, where="post", label="best so far", color=LINE)


def _draw_marks(
    axes: Axes, points: Sequence[Point], *, label: str, marker: str, color: str
) -> None:
    known = [(p.step, p.score) for p in points if p.score is not None]
    if known:
        xs, ys = zip(*known, strict=True)
        axes.scatter(xs, ys, label=label, marker=marker, color=color, zorder=3)
