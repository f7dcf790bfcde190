"""GEPA's own engine in the wind tunnel, where it is installed (`pip install gepa`).

Engine, minibatch acceptance and Pareto selection are GEPA's, with its defaults; ours is the world.
A candidate's text is the numbers of the landscape's edits that it has, such as "3,7".
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from importlib.util import find_spec
from typing import Protocol

import numpy as np
from landscape import Edit
from peers import Bench, Flown

RULE = "gepa-real"
PART = "edits"
"""The one component of a candidate."""
MISSING = (
    f"rule {RULE!r} runs GEPA's own code, which is not installed here;"
    " write: python -m pip install gepa"
)


def is_installed() -> bool:
    """Whether the rule can be measured here."""
    return find_spec("gepa") is not None


class Results(Protocol):
    """GEPA's record of what a batch gave."""

    scores: list[float]


def _results() -> Callable[..., Results]:
    record: Callable[..., Results] = import_module("gepa.core.adapter").EvaluationBatch
    return record


class _Quiet:
    """GEPA logs several lines for each proposal."""

    def log(self, message: str) -> None:
        """Nothing."""


@dataclass(slots=True, kw_only=True)
class LandscapeAdapter:
    """What GEPA asks for: trials of a candidate, and the next edit of one."""

    bench: Bench
    proposed: dict[int, Edit] = field(default_factory=dict)
    """By number."""
    record: Callable[..., Results] = field(default_factory=_results)

    def edits(self, candidate: Mapping[str, str]) -> list[Edit]:
        """Those that a candidate's text names."""
        return [self.proposed[int(number)] for number in candidate[PART].split(",") if number]

    def evaluate(
        self, batch: Sequence[int], candidate: Mapping[str, str], *, capture_traces: bool = False
    ) -> Results:
        """One trial on each task; a trace is the reward."""
        shift = self._shift(candidate)
        scores = [self._trial(task, shift) for task in batch]
        traces = scores if capture_traces else None
        return self.record(outputs=scores, scores=scores, trajectories=traces)

    def make_reflective_dataset(
        self, _: Mapping[str, str], results: Results, components: Sequence[str]
    ) -> dict[str, list[dict[str, float]]]:
        """What a meta-agent would read; edits of the landscape do not depend on it."""
        return {name: [{"reward": score} for score in results.scores] for name in components}

    def propose_new_texts(
        self, candidate: Mapping[str, str], read: Mapping[str, object], components: Sequence[str]
    ) -> dict[str, str]:
        """The landscape's next edit, made of this candidate."""
        land, start = self.bench.land, self.bench.land.logits
        land.logits = np.maximum(start + self._shift(candidate), -50.0)
        edit = land.propose()
        land.logits = start
        self.proposed[edit.number] = edit
        numbers = [*(known.number for known in self.edits(candidate)), edit.number]
        text = ",".join(map(str, numbers))
        return {name: text for name in components if name in read}

    def is_over(self, _: object = None) -> bool:
        """Whether trials and proposals have used up the budget."""
        world = self.bench.land.world
        return self.bench.spent + len(self.proposed) * world.proposal_cost >= world.budget

    def _shift(self, candidate: Mapping[str, str]) -> np.ndarray:
        return self.bench.land.together(self.edits(candidate))

    def _trial(self, task: int, shift: np.ndarray) -> float:
        land = self.bench.land
        if land.world.drift and self.bench.spent > land.world.budget / 2:
            land.drifted = land.world.drift
        return self.bench.run(task, shift)


def fly_gepa(bench: Bench) -> Flown:
    """A climb of GEPA's; what it says is its best candidate lands."""
    land = bench.land
    adapter = LandscapeAdapter(bench=bench)
    result = import_module("gepa").optimize(
        seed_candidate={PART: ""},
        trainset=list(range(land.world.train)),
        valset=list(range(land.world.train, land.visible)),
        adapter=adapter,
        stop_callbacks=adapter.is_over,
        logger=_Quiet(),
        track_best_outputs=False,
        seed=land.seed,
    )
    scores = result.val_aggregate_scores
    gained = []
    for edit in adapter.edits(result.candidates[result.best_idx]):
        before = land.true_score()
        land.land(edit)
        gained.append(land.true_score() - before)
    return Flown(
        gained=tuple(gained),
        first=scores[0],
        reported=scores[result.best_idx],
        edits=len(adapter.proposed),
    )
