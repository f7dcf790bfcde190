"""One edit's case before the Bayesian rule: evidence in arrays, and the next trials to ask for."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np

from autoloop.decision.bayes.belief import Belief, EditTest, first_belief
from autoloop.decision.bayes.grid import RATES, Array, normal
from autoloop.records import Chance, Chapter, Evidence, History, Score, Side, Want

STALE = 0.3
"""Power to which densities are raised that were learned before a change of the task model."""
FRESH_EVERY = 2
"""After such a change one trial in so many of the edit at work goes to the incumbent."""
ENOUGH = 100
"""Trials of an incumbent that landed with others on, or a pass over the tasks, before any edit is
judged against it alone: as much as was known of the baseline."""
CHUNK = 50
"""Steps that are remembered together."""
REMEMBERED = 512
"""Beliefs that are remembered; with fewer than there were steps, each question would redo all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Docket:
    """What is known of one edit, task by task; train tasks come first."""

    evidence: Evidence
    incumbent: Belief
    """The incumbent's pass rates, this step's trials of it included."""
    test: EditTest
    """What the candidate's trials say."""

    @property
    def finished(self) -> Counter[Side]:
        """Trials of this step by side that have ended."""
        return Counter(score.side for score in _of_this_step(self.evidence))

    @property
    def chance(self) -> Chance:
        """How likely the edit is to help, and after how many trials."""
        return Chance(p_better=self.test.better, trials=sum(self.finished.values()))

    @property
    def asked(self) -> Counter[Side]:
        """Trials of this step by side, finished or under way."""
        counts = self.finished
        for want in self.evidence.pending:
            counts[want.side] += want.count
        return counts

    @property
    def saw_change(self) -> bool:
        """Whether the task model changed during this step."""
        history = self.evidence.history
        return 0 < len(history.chapters) == history.changed

    @property
    def is_little_known(self) -> bool:
        """Whether the incumbent landed for trials with others on, and few of its own were run."""
        last = self.evidence.history.chapters[-1:]
        own = sum(not 0.0 < score.weight < 1.0 for chapter in last for score in chapter.scores)
        tasks = len(self.evidence.train) + len(self.evidence.validation)
        return any(chapter.anew for chapter in last) and own < min(tasks, ENOUGH)

    def next_trials(self, *, incumbent_every: int) -> tuple[Want, ...]:
        """As many trials as workers are free, most telling first.

        One in `incumbent_every` goes to the incumbent, where its belief is widest: later edits
        are measured against it.
        """
        free = max(self.evidence.free, 0 if self.evidence.pending else 1)
        asked = self.asked
        total = sum(asked.values()) + free
        every = FRESH_EVERY if self.saw_change else incumbent_every
        every = 1 if self.is_little_known else every
        of_incumbent = min(free, max(0, total // every - asked[Side.INCUMBENT]))
        names = (*self.evidence.train, *self.evidence.validation)
        telling = first(self.information(), free - of_incumbent)
        unsure = first(self.uncertainty(), of_incumbent)
        wants = [(Side.CANDIDATE, names[i]) for i in telling]
        wants += [(Side.INCUMBENT, names[i]) for i in unsure]
        return tuple(Want(side=s, task=t, count=n) for (s, t), n in Counter(wants).items())

    def uncertainty(self) -> Array:
        """How little is known of the incumbent's rate on each task, as a variance."""
        density = self.incumbent.density
        spread: Array = density @ RATES**2 - (density @ RATES) ** 2
        return spread

    def information(self) -> Array:
        """What a trial of the candidate would tell, those under way counted as they may end."""
        pending = _pending(self.evidence, Side.CANDIDATE)
        if not pending.any():
            return self.test.information()
        expected = self.test.posterior @ self.test.rates
        foreseen = pending[:, None] * np.stack([expected, 1.0 - expected], axis=1)
        return self.incumbent.test(self.test.counts + foreseen).information()


def docket_of(evidence: Evidence) -> Docket:
    """The case as its evidence stands; the order in which scores arrived leaves no trace."""
    before = _believed(evidence.history, evidence.train, evidence.validation)
    now = _of_this_step(evidence)
    # Where the belief starts anew, this step's trials of the incumbent are in its chapter.
    is_told = any(chapter.anew for chapter in evidence.history.chapters[-1:])
    incumbent = before if is_told else before.learn(_counts(now, Side.INCUMBENT, evidence))
    test = incumbent.test(_counts(now, Side.CANDIDATE, evidence))
    return Docket(evidence=evidence, incumbent=incumbent, test=test)


def _believed(history: History, train: tuple[str, ...], validation: tuple[str, ...]) -> Belief:
    """What all earlier steps say of the incumbent."""
    tasks, changed = (*train, *validation), history.changed
    start, later = history.chapters[:1], history.chapters[1:]
    belief = _start(start, train, validation)
    if changed:
        belief = _flattened(_read(belief, later[: changed - 1], tasks))
        later = later[changed - 1 :]
    belief = _read(belief, later, tasks)
    return belief.learn(_tally(history.since, Side.INCUMBENT, tasks))


def _read(belief: Belief, chapters: tuple[Chapter, ...], tasks: tuple[str, ...]) -> Belief:
    for first in range(0, len(chapters), CHUNK):
        belief = _advanced(belief, chapters[first : first + CHUNK], tasks)
    return belief


@lru_cache(maxsize=64)
def _flattened(belief: Belief) -> Belief:
    """What is left of a belief once the task model is another one."""
    return replace(belief, density=normal(belief.density**STALE))


@lru_cache(maxsize=64)
def _start(
    chapters: tuple[Chapter, ...], train: tuple[str, ...], validation: tuple[str, ...]
) -> Belief:
    baseline = [score for chapter in chapters for score in chapter.scores]
    counts = _tally(baseline, Side.INCUMBENT, (*train, *validation))
    return first_belief(counts, exposed=len(train))


@lru_cache(maxsize=REMEMBERED)
def _advanced(belief: Belief, chapters: tuple[Chapter, ...], tasks: tuple[str, ...]) -> Belief:
    """The belief after these steps; remembered, so that a new step costs one step's arithmetic."""
    if not chapters:
        return belief
    *before, last = chapters
    belief = _advanced(belief, tuple(before), tasks)
    if last.anew:
        return belief.anew(_tally(last.scores, Side.INCUMBENT, tasks))
    belief = belief.learn(_tally(last.scores, Side.INCUMBENT, tasks))
    test = belief.test(_tally(last.scores, Side.CANDIDATE, tasks))
    return test.kept() if last.kept else test.dropped()


def _of_this_step(evidence: Evidence) -> list[Score]:
    return [score for score in evidence.scores if score.step == evidence.step]


def _counts(scores: Iterable[Score], side: Side, evidence: Evidence) -> Array:
    return _tally(scores, side, (*evidence.train, *evidence.validation))


def _tally(scores: Iterable[Score], side: Side, tasks: tuple[str, ...]) -> Array:
    """Passes and failures by task: (tasks, 2)."""
    row = {task: index for index, task in enumerate(tasks)}
    counts = np.zeros((len(tasks), 2))
    for score in scores:
        if score.side is side and score.task in row:
            passed = score.weight * min(max(score.reward, 0.0), 1.0)
            counts[row[score.task]] += (passed, score.weight - passed)
    return counts


def _pending(evidence: Evidence, side: Side) -> Array:
    counts = Counter[str]()
    for want in evidence.pending:
        counts[want.task] += want.count if want.side is side else 0
    return np.array([float(counts[t]) for t in (*evidence.train, *evidence.validation)])


def first(values: Array, count: int) -> list[int]:
    """Indices of the largest values; when more are wanted than there are, round again."""
    order = np.argsort(-values, kind="stable")
    return [int(order[i % len(order)]) for i in range(count)] if len(order) else []
