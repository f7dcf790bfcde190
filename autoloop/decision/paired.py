"""The default rule: candidate against incumbent on the same tasks, in rounds that may end early."""

from dataclasses import dataclass, field

from autoloop.decision.case import Case
from autoloop.decision.sentences import explain
from autoloop.decision.tally import ask, count
from autoloop.records import Ask, Decision, Evidence, Objective, Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class PairedRule:
    """Keeps what a paired test over all visible tasks shows and validation does not contradict.

    Each round gives the candidate one more attempt per train task; after the first, only where
    any two attempts differed. A round ends in one of four ways: hopeless (reverted), promising
    (the validation tasks are run as often, and a one-sided sign-flip test over train and
    validation tasks together may keep the edit), unclear (another round), or no round is left.
    Train decides how much to spend, never alone what to keep: the meta-agent has read its traces.

    The looks spend `alpha` in parts, so that the test keeps an edit that changes nothing with at
    most their sum, 10 %; because validation must agree as well, `benchmarks/windtunnel.py` finds
    less: 3 of 427 with 20 + 10 tasks. A simpler edit is meant to be kept when it changes nothing,
    and is no part of this.

    The incumbent's earlier trials count. Those that made it incumbent flatter it, so it is always
    given more attempts than the candidate: fresh ones that were no reason to keep it, paid once
    and used by all later steps. What flattery is left makes the rule stricter, never laxer.
    """

    name: str = "paired"
    alpha: tuple[float, ...] = (0.02, 0.03, 0.05)
    """What each round may spend of the total chance to keep an edit that changes nothing."""
    promising: tuple[float, ...] = (0.10, 0.20, 0.25)
    """Validation is run when the train p-value of the round is at most this."""
    hopeless: tuple[float, ...] = (0.45, 0.40, 0.25)
    """The edit is dropped when the train p-value of the round is above this."""
    worse: float = 0.05
    """Dropped within a round when the test for a loss reaches this."""
    confirm: float = 0.25
    """Validation must show this part of the train gain, in proportion to the room it has left."""
    margin: float = 0.10
    """A simpler edit is kept when a greater loss than this is excluded (one-sided 95 %)."""
    incumbent_attempts: tuple[int, ...] = (2, 4, 5)
    """Attempts per task that each round wants of the incumbent, those of earlier steps included."""
    objective: Objective = field(default_factory=Objective)

    def decide(self, evidence: Evidence) -> Verdict | Ask:
        """Ask for the trials of the round, or end."""
        case = Case(
            evidence=evidence,
            tally=count(evidence),
            incumbent_attempts=self.incumbent_attempts,
            objective=self.objective,
        )
        turn = min(case.turn, len(self.alpha))
        if 0.5 ** len(case.visible) > self.alpha[-1]:
            return explain(case, Decision.UNDECIDED, "too few tasks to tell a gain from luck")
        if evidence.exhausted:
            return self._accept(case, turn) or self._give_up(case, "the budget ended")
        return self._train(case, turn) or self._validate(case, turn) or self._go_on(case, turn)

    def _train(self, case: Case, turn: int) -> Verdict | Ask | None:
        """What the round still needs on train; None when it has it."""
        lacking = case.lacks(case.train, turn)
        if not lacking and not case.awaits(case.train):
            return None
        if case.p_worse(case.train) <= self.worse:
            return explain(case, Decision.REVERT, "worse")
        return ask(lacking, case.evidence)

    def _validate(self, case: Case, turn: int) -> Verdict | Ask | None:
        """What the round still needs on validation, or a keep; None when it cannot give one."""
        if not self._earns_validation(case, turn):
            return None
        lacking = case.lacks(case.validation, turn)
        if lacking or case.awaits(case.validation):
            return ask(lacking, case.evidence)
        return self._accept(case, turn)

    def _go_on(self, case: Case, turn: int) -> Verdict | Ask:
        if self._is_hopeless(case, turn):
            return explain(case, Decision.REVERT, "no gain in sight")
        lacking = case.lacks(case.train, turn + 1) if turn < len(self.alpha) else []
        return ask(lacking, case.evidence) if lacking else self._give_up(case, "not clear enough")

    def _earns_validation(self, case: Case, turn: int) -> bool:
        equal = case.leaner and case.excludes_loss(self._margin(case), case.train)
        return equal or case.p(case.train) <= self.promising[turn - 1]

    def _is_hopeless(self, case: Case, turn: int) -> bool:
        if case.leaner:
            return case.gain(case.train) < -self._margin(case) / 2
        return case.p(case.train) > self.hopeless[turn - 1]

    def _accept(self, case: Case, turn: int) -> Verdict | None:
        if len(case.tally.compared(case.visible)) < len(case.visible):
            return None
        if case.p(case.visible) <= self.alpha[turn - 1] and self._is_confirmed(case):
            return explain(case, Decision.KEEP, "")
        margin = self._margin(case)
        spared = case.gain(case.validation) > -margin
        if case.leaner and spared and case.excludes_loss(margin, case.visible):
            return explain(case, Decision.KEEP, f"as good, and {case.virtue}")
        return None

    def _margin(self, case: Case) -> float:
        """The loss to exclude where it is enough to be as good."""
        return self.margin if case.simpler else self.objective.margin

    def _is_confirmed(self, case: Case) -> bool:
        """Whether validation agrees; where the incumbent leaves it no room, no loss is enough."""
        if not case.validation:
            return True
        found, room = case.gain(case.validation), case.room(case.validation)
        share = min(1.0, room / max(case.room(case.train), 1e-9))
        demanded = self.confirm * share * case.gain(case.train)
        return found >= demanded and (found > 0 or not room)

    def _give_up(self, case: Case, why: str) -> Verdict:
        seen = case.tally.compared(case.visible)
        lost = seen and (case.gain(case.train) <= 0 or case.gain(case.validation) < 0)
        return explain(case, Decision.REVERT if lost else Decision.UNDECIDED, why)
