"""The pictures of docs/decisions.md, drawn from simulated climbs with the rules themselves.

`python benchmarks/pictures.py` writes them anew: same code, same files.
"""

import argparse
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import matplotlib as mpl
import numpy as np
from flight import Flight
from landscape import SCENARIOS, Edit, Landscape
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from peers import Bench, MorePassed

from autoloop.decision.bayes import BayesRule
from autoloop.decision.bayes.belief import first_belief
from autoloop.decision.bayes.docket import docket_of
from autoloop.decision.bayes.grid import RATES
from autoloop.decision.strategies import SingleStrategy
from autoloop.decision.strategies.evidence import evidence_of
from autoloop.records import Board, Decision

IMG = Path(__file__).parents[1] / "docs" / "img"
SEED = 4
TRIALS = 3_000
"""Budget of the climb that edits are picked from."""
LONG = 80
"""Trials that an edit took at least, so that there is a path to see."""
EDITS = 60
"""How many edits that change nothing one picture follows."""
STYLE = {
    "svg.hashsalt": "autoloop",
    "svg.fonttype": "none",
    "font.family": "sans-serif",
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
}
BLUE, GREEN, RED, GREY = "#1f5fa8", "#2e7d32", "#b3261e", "#616161"


@dataclass(slots=True, kw_only=True)
class Course:
    """One edit: how sure the rule was that it helps in general, after each batch of trials."""

    kind: str
    truth: float
    """What it does to the mean pass rate of unseen tasks, in points."""
    trials: list[int] = field(default_factory=list)
    chances: list[float] = field(default_factory=list)
    decision: Decision | None = None


def courses(rule: BayesRule) -> list[Course]:
    """All edits of one simulated climb, in the order in which they were made."""
    land = Landscape(replace(SCENARIOS["default"], budget=TRIALS), SEED)
    flight = Flight(
        SingleStrategy(rule=rule), Bench(land=land, draws=np.random.default_rng([SEED, 2]))
    )
    found: dict[int, Course] = {}

    def watch(board: Board) -> None:
        for edit in board.open:
            if edit.step not in found:
                own = flight.edits[edit.step]
                gained = 100 * (land.true_score(own.shift) - land.true_score())
                found[edit.step] = Course(kind=own.kind, truth=gained)
            docket = docket_of(evidence_of(board, edit))
            course, verdict = found[edit.step], rule.verdict(docket)
            course.trials.append(sum(docket.finished.values()))
            course.chances.append(100 * docket.test.better)
            course.decision = verdict.decision if verdict else None

    flight.watch = watch
    flight.run()
    return list(found.values())


def first_long(found: Iterable[Course], kind: str, decision: Decision) -> Course:
    """The first edit of a kind that ended so, and not at once; else the one that took longest."""
    own = [course for course in found if (course.kind, course.decision) == (kind, decision)]
    return max(own, key=lambda course: min(course.trials[-1], LONG))


def draw_course(course: Course, rule: BayesRule, colour: str) -> Figure:
    """How sure the rule was over the trials, and where it decides."""
    figure, axes = _blank((5.2, 2.3))
    for level, word, place in ((rule.keep, "keep", 2), (rule.drop, "drop", -8)):
        axes.axhline(100 * level, color=GREY, linewidth=0.8, linestyle="--")
        axes.text(1, 100 * level + place, f"{word}: {100 * level:.0f} %", color=GREY, fontsize=8)
    axes.axvline(rule.cap, color=GREY, linewidth=0.8, linestyle="--")
    axes.text(rule.cap - 2, 93, f"cap: {rule.cap} trials", color=GREY, fontsize=8, ha="right")
    axes.plot(course.trials, course.chances, color=colour, linewidth=1.6)
    axes.plot(course.trials[-1:], course.chances[-1:], "o", color=colour, markersize=6)
    axes.set(xlim=(0, rule.cap + 10), ylim=(0, 102), xlabel="trials spent on this edit")
    axes.set_ylabel("chance that it helps\nin general, %")
    word = {Decision.KEEP: "Kept", Decision.REVERT: "Reverted"}.get(
        course.decision or Decision.UNDECIDED, "Undecided"
    )
    ending = f"{word} after {course.trials[-1]} trials"
    axes.set_title(f"{ending}; in truth {course.truth + 0.0:+.1f} points", fontsize=9)
    return figure


@dataclass(slots=True)
class Heard(Bench):
    """A bench that remembers every score that was taken on it."""

    scores: list[float] = field(default_factory=list)

    def mean(self, tasks: range, edit: Edit | None = None, *, repeats: int = 1) -> float:
        """As the bench does."""
        score = Bench.mean(self, tasks, edit, repeats=repeats)
        self.scores.append(100 * score)
        return score


def draw_luck() -> Figure:
    """AutoAgent's rule on edits that change nothing: the best of many noisy scores."""
    land = Landscape(SCENARIOS["nothing"], SEED)
    bench = Heard(land=land, draws=np.random.default_rng([SEED, 2]))
    rule, best = MorePassed(), []
    for _ in range(EDITS):
        rule.judge(bench, land.propose())
        best.append(100 * rule.reported)
    truth = 100 * float(land.rates()[: land.world.train].mean())
    figure, axes = _blank((5.2, 2.6))
    steps = range(EDITS + 1)
    axes.axhline(truth, color=GREEN, linewidth=1.6, label="truth")
    axes.plot(steps, bench.scores, ".", color=GREY, markersize=5, label="one pass of one edit")
    axes.step(steps, [bench.scores[0], *best], color=RED, where="post", label="reported as best")
    axes.set(xlabel="edits that change nothing", ylabel="60 tasks, points", xlim=(-1, EDITS + 1))
    axes.legend(fontsize=8, frameon=False, ncols=3, loc="upper center", bbox_to_anchor=(0.5, 1.2))
    return figure


def draw_belief() -> Figure:
    """What is believed of one task before it is tried, after one trial and after eight."""
    land = Landscape(SCENARIOS["default"], SEED)
    draws = np.random.default_rng([SEED, 2])
    passed = np.array([land.trial(task, 0.0, draws) for task in range(land.visible)])
    others = np.stack([passed, 1.0 - passed], axis=1)
    others[0] = 0.0
    start = first_belief(others, exposed=land.world.train)
    figure, panels = _panels((7.2, 2.2))
    cases = (((0, 0), "not tried yet"), ((1, 0), "passed once"), ((3, 5), "passed 3 of 8"))
    for axes, (counts, title) in zip(panels, cases, strict=True):
        added = np.zeros_like(others)
        added[0] = counts
        _bars(axes, start.learn(added).density[0])
        axes.set_title(title, fontsize=9)
    panels[0].set_ylabel("how sure, %")
    panels[1].set_xlabel("pass rate of the task, %")
    return figure


def _bars(axes: Axes, density: Sequence[float]) -> None:
    fifths = np.bincount((RATES * 5).astype(int), 100 * np.asarray(density), 5)
    axes.bar(range(5), fifths, color=BLUE, width=0.85)
    axes.set_xticks(range(5), ["0 to 20", "to 40", "to 60", "to 80", "to 100"], fontsize=8)
    axes.set_ylim(0, 80)


def _blank(size: tuple[float, float]) -> tuple[Figure, Axes]:
    figure = Figure(figsize=size, layout="constrained")
    return figure, figure.subplots()


def _panels(size: tuple[float, float]) -> tuple[Figure, Sequence[Axes]]:
    figure = Figure(figsize=size, layout="constrained")
    return figure, figure.subplots(1, 3, sharey=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=IMG)
    out: Path = parser.parse_args().out
    out.mkdir(parents=True, exist_ok=True)
    mpl.rcParams.update(STYLE)
    rule = BayesRule()
    found = courses(rule)
    kept = first_long(found, "real", Decision.KEEP)
    reverted = first_long(found, "harmful", Decision.REVERT)
    undecided = first_long(found, "neutral", Decision.UNDECIDED)
    pictures = {
        "luck": draw_luck(),
        "belief": draw_belief(),
        "kept": draw_course(kept, rule, GREEN),
        "reverted": draw_course(reverted, rule, RED),
        "undecided": draw_course(undecided, rule, BLUE),
    }
    for name, figure in pictures.items():
        # Neither date nor version: a picture changes when what it shows does.
        figure.savefig(out / f"{name}.svg", metadata={"Date": None, "Creator": None})
        print(f"{out / name}.svg")


if __name__ == "__main__":
    main()
