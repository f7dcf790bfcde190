"""The score over steps as an inline SVG."""

from collections.abc import Sequence

from autoloop.records import Decision
from autoloop.records.text import html_text
from autoloop.report.progress import Point, Progress

WIDTH, HEIGHT = 760, 260
LEFT, RIGHT, TOP, BOTTOM = 44, 16, 14, 34
MAX_TICKS = 12


def chart(progress: Progress) -> str:
    """An SVG element: the incumbent's train score as a line, every judged edit as a mark."""
    last = max([1, *(point.step for point in progress.points)])
    marks = "".join(_mark(point, last) for point in progress.points)
    return (
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="Train score over steps">'
        f"{_grid()}{_ticks(last)}{_line(progress, last)}{marks}</svg>"
    )


def _x(step: int, last: int) -> float:
    return round(LEFT + step / last * (WIDTH - LEFT - RIGHT), 1)


def _y(score: float) -> float:
    return round(TOP + (1 - min(1.0, max(0.0, score))) * (HEIGHT - TOP - BOTTOM), 1)


def _grid() -> str:
    rows = []
    for percent in (0, 25, 50, 75, 100):
        y = _y(percent / 100)
        rows.append(f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y}" y2="{y}"/>')
        rows.append(f'<text x="{LEFT - 8}" y="{y + 4}" text-anchor="end">{percent}</text>')
    return "".join(rows)


def _ticks(last: int) -> str:
    every = -(-last // MAX_TICKS)
    texts = (
        f'<text x="{_x(step, last)}" y="{HEIGHT - 10}" text-anchor="middle">{step}</text>'
        for step in range(0, last + 1, every)
    )
    return "".join(texts)


def _line(progress: Progress, last: int) -> str:
    scores = [(0, progress.baseline), *((p.step, p.best) for p in progress.points)]
    known = [(_x(step, last), _y(score)) for step, score in scores if score is not None]
    if not known:
        return ""
    return f'<path class="best" d="{_stairs(known)}"/>'


def _stairs(corners: Sequence[tuple[float, float]]) -> str:
    path = f"M{corners[0][0]} {corners[0][1]}"
    return path + "".join(f"H{x}V{y}" for x, y in corners[1:])


def _mark(point: Point, last: int) -> str:
    if point.score is None:
        return ""
    x, y = _x(point.step, last), _y(point.score)
    kept = point.decision is Decision.KEEP
    shape = f"M{x} {y - 6}l6 10h-12z" if kept else f"M{x - 4} {y - 4}l8 8m0-8l-8 8"
    chances = f" ({point.chances})" if point.chances else ""
    title = html_text(f"Step {point.step}, {point.decision.value}: {point.title}{chances}")
    mark = f'<path class="{point.decision.value}" d="{shape}"><title>{title}</title></path>'
    return _whisker(point, x) + mark


def _whisker(point: Point, x: float) -> str:
    """The interval around a mark."""
    if point.low is None or point.high is None:
        return ""
    return f'<path class="whisker" d="M{x} {_y(point.low)}V{_y(point.high)}"/>'
