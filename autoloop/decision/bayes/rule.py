"""Keeps an edit when it most likely helps tasks nobody has looked at, and says how sure that is."""

from dataclasses import dataclass, field

from autoloop.decision.bayes.docket import Docket, docket_of
from autoloop.decision.chances import Virtue, say_chance
from autoloop.decision.objective import Saving, saving_of
from autoloop.records import Ask, Decision, Evidence, Objective, Side, Verdict

HARM = 0.05
"""Chance of a loss beyond the margin that an edit may have and is still as good."""


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
    worth: float = 0.003
    """Dropped when the expected gain, a loss counted as none, falls to this: near the ceiling most
    edits are as good as any, and to prove it takes hundreds of trials that win nothing."""
    least: int = 6
    """Trials of the candidate before it may be dropped: two failures on sure tasks prove little."""
    cap: int = 480
    """Trials of one edit, after which it stays undecided; and before, once it would take more."""
    incumbent_every: int = 8
    """One trial in so many goes to the incumbent itself."""
    margin: float = 0.02
    """A simpler edit is kept when a greater loss than this is unlikely (5 %)."""
    objective: Objective = field(default_factory=Objective)

    def decide(self, evidence: Evidence) -> Verdict | Ask:
        """Ask for the trials that tell most, or end."""
        docket = docket_of(evidence)
        verdict = self.verdict(docket)
        if verdict is not None:
            return verdict
        if sum(docket.asked.values()) >= self.cap:
            return Ask(wants=(), chance=docket.chance)
        wants = docket.next_trials(incumbent_every=self.incumbent_every)
        return Ask(wants=wants, chance=docket.chance)

    def verdict(self, docket: Docket) -> Verdict | None:
        """What becomes of the edit; None while it is not clear. Pending trials do not matter."""
        decision = None if docket.is_little_known else self._decision(docket)
        if decision is not None:
            return self._verdict(docket, decision)
        if docket.evidence.exhausted or sum(docket.finished.values()) >= self.cap:
            return self._verdict(docket, Decision.UNDECIDED)
        return None

    def _decision(self, docket: Docket) -> Decision | None:
        if not docket.test.counts.any():
            return None
        if docket.test.better >= self.keep or self._is_simpler(docket) or self._is_cheaper(docket):
            return Decision.KEEP
        tried = docket.finished[Side.CANDIDATE] >= self.least
        return self._given_up(docket) if tried and not self._may_be_as_good(docket) else None

    def _given_up(self, docket: Docket) -> Decision | None:
        """Why no further trial should go to the edit: no gain, none worth having, none to tell."""
        if docket.test.better <= self.drop or docket.test.upside <= self.worth:
            return Decision.REVERT
        return Decision.UNDECIDED if docket.test.trials_to_settle() > self.cap else None

    def _is_simpler(self, docket: Docket) -> bool:
        return _is_smaller(docket) and docket.test.worse_than(self.margin) <= HARM

    def _is_cheaper(self, docket: Docket) -> bool:
        if docket.test.worse_than(self.objective.margin) > HARM:
            return False
        saving = saving_of(docket.evidence, self.objective)
        return saving is not None and saving.sure

    def _may_be_as_good(self, docket: Docket) -> bool:
        """Whether an edit without a gain is worth trials for its size or for what it saves."""
        if _is_smaller(docket) and docket.test.worse_than(self.margin) <= 1.0 - self.keep:
            return True
        if docket.test.worse_than(self.objective.margin) > 1.0 - self.keep:
            return False
        saving = saving_of(docket.evidence, self.objective)
        return saving is not None and saving.ratio < 1.0

    def _verdict(self, docket: Docket, decision: Decision) -> Verdict:
        asked, saving = docket.finished, saving_of(docket.evidence, self.objective)
        return say_chance(
            decision,
            docket.test.better,
            gain=docket.test.gain(),
            trials=sum(asked.values()),
            numbers={
                "incumbent_trials": float(asked[Side.INCUMBENT]),
                **(saving.numbers if saving else {}),
            },
            virtue=self._virtue(docket, saving),
        )

    def _virtue(self, docket: Docket, saving: Saving | None) -> Virtue | None:
        """For what an edit without a clear gain is kept."""
        if docket.test.better >= self.keep:
            return None
        if saving is None or self._is_simpler(docket):
            return Virtue(words="simpler", loss=docket.test.worse_than(self.margin))
        return Virtue(words=saving.words, loss=docket.test.worse_than(self.objective.margin))


def _is_smaller(docket: Docket) -> bool:
    return docket.evidence.candidate_size < docket.evidence.incumbent_size
