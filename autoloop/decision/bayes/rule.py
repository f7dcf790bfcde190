"""Keeps an edit when it most likely helps tasks nobody has looked at, and says how sure that is."""

from dataclasses import dataclass

from autoloop.decision.bayes.docket import Docket, docket_of
from autoloop.decision.chances import say_chance
from autoloop.records import Ask, Decision, Evidence, Side, Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class BayesRule:
    """A hierarchical model of tasks and edits; docs/decisions.md explains it to its users.

    Every visible task has a belief about its pass rate under the incumbent; an edit is one of a
    few hypotheses about what edits do, whose weights are learned over the run. Trials go where
    they tell most about "better in general or not", and the edit is kept or dropped as soon as
    that is clear. No trial is forgotten: those of dropped edits sharpen what is known of the
    incumbent. `benchmarks/windtunnel.py` measures the rule against known truth.
    """

    name: str = "bayes"
    keep: float = 0.8
    """Kept when the chance of a gain in general reaches this."""
    drop: float = 0.1
    """Dropped when it falls to this."""
    cap: int = 240
    """Trials of one edit, after which it stays undecided."""
    incumbent_every: int = 8
    """One trial in so many goes to the incumbent itself."""
    margin: float = 0.02
    """A simpler edit is kept when a greater loss than this is unlikely (5 %)."""

    def decide(self, evidence: Evidence) -> Verdict | Ask:
        """Ask for the trials that tell most, or end."""
        docket = docket_of(evidence)
        verdict = self.verdict(docket)
        if verdict is not None:
            return verdict
        if sum(docket.asked.values()) >= self.cap:
            return Ask(wants=())
        return Ask(wants=docket.next_trials(incumbent_every=self.incumbent_every))

    def verdict(self, docket: Docket) -> Verdict | None:
        """What becomes of the edit; None while it is not clear. Pending trials do not matter."""
        decision = self._decision(docket)
        if decision is not None:
            return _verdict(docket, decision)
        if docket.evidence.exhausted or sum(docket.finished.values()) >= self.cap:
            return _verdict(docket, Decision.UNDECIDED)
        return None

    def _decision(self, docket: Docket) -> Decision | None:
        if not docket.test.counts.any():
            return None
        chance = docket.test.better
        if chance >= self.keep:
            return Decision.KEEP
        evidence = docket.evidence
        if evidence.candidate_size < evidence.incumbent_size and self._is_harmless(docket):
            return Decision.KEEP
        return Decision.REVERT if chance <= self.drop else None

    def _is_harmless(self, docket: Docket) -> bool:
        return docket.test.worse_than(self.margin) <= 0.05


def _verdict(docket: Docket, decision: Decision) -> Verdict:
    asked = docket.finished
    return say_chance(
        decision,
        docket.test.better,
        gain=docket.test.gain(),
        trials=sum(asked.values()),
        numbers={"incumbent_trials": float(asked[Side.INCUMBENT])},
    )
