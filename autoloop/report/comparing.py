"""Two agents against each other, from recorded trials on the tasks that both have."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean

from autoloop.ports import Estimator
from autoloop.records import (
    ComparedSide,
    Comparison,
    FamilyGain,
    Interval,
    McNemar,
    PairedTest,
    Purpose,
    TrialResult,
)
from autoloop.report.task_records import passes_of

SIGNIFICANT = 0.05
Cells = Mapping[str, Sequence[TrialResult]]
"""Trials by task."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparedTrials:
    """One side before the shared tasks are known."""

    name: str
    agent: str
    """Digest of the agent."""
    trials: Sequence[TrialResult]
    """All there are of it."""
    models: tuple[str, ...] = ()
    """Task models of the runs they come from."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Pair:
    """Both sides on the tasks they share."""

    a: Cells
    b: Cells
    estimator: Estimator

    @property
    def sides(self) -> tuple[Cells, Cells]:
        """A, then B."""
        return self.a, self.b

    def within(self, tasks: Sequence[str]) -> "_Pair":
        """The same on some of the tasks only."""
        a, b = ({task: side[task] for task in tasks} for side in self.sides)
        return _Pair(a=a, b=b, estimator=self.estimator)

    def test(self) -> PairedTest:
        """Gain and p-value."""
        return self.estimator.paired(_rewards(self.a), _rewards(self.b))

    def differences(self, amount: Callable[[TrialResult], float]) -> Interval:
        """Mean difference per trial of something that every trial has."""
        a, b = (_means(side, amount) for side in self.sides)
        return self.estimator.difference([b[task] - a[task] for task in self.a])

    def priced(self) -> bool:
        """Whether the cost of every trial is known."""
        return all(
            trial.usage.cost_usd is not None
            for side in self.sides
            for trials in side.values()
            for trial in trials
        )

    def only(self, winner: Cells, loser: Cells) -> tuple[str, ...]:
        """Tasks that the one passed at least once and the other never."""
        return tuple(
            task
            for task in winner
            if passes_of(winner[task]).passed and not passes_of(loser[task]).passed
        )


def shared_tasks(a: ComparedTrials, b: ComparedTrials) -> dict[str, str]:
    """Digests, by task, of what both have counted trials on; the latest where there are several."""
    known = _contents(a)
    shared = {task: digest for task, digest in _contents(b) if (task, digest) in known}
    return dict(sorted(shared.items()))


def compare_trials(
    a: ComparedTrials, b: ComparedTrials, *, families: Mapping[str, str], estimator: Estimator
) -> Comparison:
    """Compare B with A on the tasks that both have; spot checks and invalid trials do not count.

    Args:
        a: The side that is compared with.
        b: The side whose gain is told.
        families: Family of each task by name; tasks without one are left out of that table.
        estimator: What computes the figures.
    """
    tasks = shared_tasks(a, b)
    cells_a, cells_b = (_cells(side, tasks) for side in (a, b))
    pair = _Pair(a=cells_a, b=cells_b, estimator=estimator)
    test = pair.test()
    return Comparison(
        sentence=sentence(a.name, b.name, test),
        a=_side(a, cells_a, estimator),
        b=_side(b, cells_b, estimator),
        tasks=len(tasks),
        test=test,
        mcnemar=_mcnemar(pair),
        only_a=pair.only(pair.a, pair.b),
        only_b=pair.only(pair.b, pair.a),
        families=_families(pair, families),
        cost_usd=pair.differences(_cost) if pair.priced() else None,
        seconds=pair.differences(_seconds),
        splits=_splits(pair),
        notes=_notes(a, b, pair),
    )


def sentence(a: str, b: str, test: PairedTest) -> str:
    """What a person takes home: `B is better by +6 points, between +2 and +10, on 40 tasks`."""
    gain, p = test.gain, f"p = {test.p_value:.2g}"
    low, mean, high = (f"{100 * x + 0.0:+.0f}" for x in (gain.low, gain.mean, gain.high))
    on = f"on {gain.n} task{'s'[: gain.n != 1]}"
    told = test.p_value <= SIGNIFICANT and not gain.low <= 0.0 <= gain.high
    if told:
        word = "better" if gain.mean > 0 else "worse"
        return f"{b} is {word} than {a} by {mean} points, between {low} and {high}, {on}; {p}."
    return (
        f"No difference can be told: {b} minus {a} is {mean} points, between {low} and {high},"
        f" {on}; {p}."
    )


def evidence(trials: Sequence[TrialResult]) -> list[TrialResult]:
    """Trials that say something about an agent: the meta-agent chose what spot checks look at."""
    return [t for t in trials if t.counts and t.key.purpose is not Purpose.SPOT]


def _contents(side: ComparedTrials) -> dict[tuple[str, str], None]:
    """Tasks with their digests, in the order of their first trials."""
    return {(t.key.task, t.key.task_digest): None for t in evidence(side.trials)}


def _cells(side: ComparedTrials, tasks: Mapping[str, str]) -> dict[str, list[TrialResult]]:
    cells = {task: list[TrialResult]() for task in tasks}
    for trial in evidence(side.trials):
        if tasks.get(trial.key.task) == trial.key.task_digest:
            cells[trial.key.task].append(trial)
    return cells


def _side(side: ComparedTrials, cells: Cells, estimator: Estimator) -> ComparedSide:
    trials = [trial for own in cells.values() for trial in own]
    costs = [trial.usage.cost_usd for trial in trials]
    return ComparedSide(
        name=side.name,
        agent=side.agent,
        models=side.models,
        tasks=len({task for task, _ in _contents(side)}),
        trials=len(trials),
        score=estimator.score(_rewards(cells)),
        success=estimator.passes({task: passes_of(own) for task, own in cells.items()}).success,
        cost_usd=None if None in costs else fmean(_means(cells, _cost).values()),
        seconds=fmean(_means(cells, _seconds).values()),
    )


def _mcnemar(pair: _Pair) -> McNemar | None:
    if any(len(trials) != 1 for side in pair.sides for trials in side.values()):
        return None
    only_a, only_b = pair.only(pair.a, pair.b), pair.only(pair.b, pair.a)
    return pair.estimator.mcnemar(only_a=len(only_a), only_b=len(only_b))


def _families(pair: _Pair, families: Mapping[str, str]) -> tuple[FamilyGain, ...]:
    names: dict[str, list[str]] = {}
    for task in pair.a:
        if task in families:
            names.setdefault(families[task], []).append(task)
    return tuple(_family(name, pair.within(names[name])) for name in sorted(names))


def _family(name: str, pair: _Pair) -> FamilyGain:
    test = pair.test()
    a, b = (pair.estimator.score(_rewards(side)) for side in pair.sides)
    return FamilyGain(family=name, a=a, b=b, gain=test.gain, p_value=test.p_value)


def _splits(pair: _Pair) -> dict[str, int]:
    """Shared tasks by the split that either side's climb had them in."""
    found = {
        task: trial.split.value
        for side in pair.sides
        for task, trials in side.items()
        for trial in trials
        if trial.split is not None
    }
    return dict(sorted(Counter(found.values()).items()))


def _notes(a: ComparedTrials, b: ComparedTrials, pair: _Pair) -> tuple[str, ...]:
    notes = []
    if a.models and b.models and set(a.models) != set(b.models):
        notes.append(
            f"The task models differ, so this is not about agent.py alone: {a.name} ran with"
            f" {', '.join(a.models)}, {b.name} with {', '.join(b.models)}."
        )
    searched = {
        task
        for side in pair.sides
        for task, trials in side.items()
        if any(trial.key.purpose is Purpose.SEARCH for trial in trials)
    }
    if searched:
        notes.append(
            f"Trials on {len(searched)} of the tasks are those that a climb decided by, and flatter"
            " what it kept: only holdout, or a fresh `autoloop eval`, is free of selection."
        )
    return tuple(notes)


def _rewards(cells: Cells) -> dict[str, list[float]]:
    return {task: [trial.reward for trial in own] for task, own in cells.items()}


def _means(cells: Cells, amount: Callable[[TrialResult], float]) -> dict[str, float]:
    return {task: fmean(map(amount, own)) for task, own in cells.items()}


def _seconds(trial: TrialResult) -> float:
    return trial.span.seconds


def _cost(trial: TrialResult) -> float:
    return trial.usage.cost_usd or 0.0
