"""Limits of a run: exact where they can be, overshot by what is in flight at most."""

import threading
from dataclasses import dataclass, replace

import pytest

from autoloop.engines import LocalEngine
from autoloop.errors import UserError
from autoloop.ports import ProposalOutcome, StepDesk
from autoloop.records import (
    Agent,
    Ask,
    Budget,
    Decision,
    Evidence,
    Purpose,
    Side,
    Split,
    StopReason,
    TrialRequest,
    TrialResult,
    Usage,
    Verdict,
    Want,
)
from autoloop.testing.proposers import edit
from autoloop.testing.strategies import ScreenStrategy
from autoloop.testing.trials import SMALL
from tests.loop.builders import Table, agent, improving, sided

EDITS = [edit(agent(n / 100)) for n in range(40, 90)]


def budget(
    *,
    hours: float | None = None,
    trials: int | None = None,
    tokens: int | None = None,
    usd: float | None = None,
) -> Budget:
    return Budget(hours=hours, trials=trials, tokens=tokens, usd=usd)


def spent(table: Table) -> Usage:
    return sum((trial.usage for trial in table.store.trials()), Usage())


@pytest.mark.parametrize("workers", [1, 3, 8])
@pytest.mark.parametrize("trials", [14, 30, 61])
def test_the_trials_budget_is_spent_and_never_overshot(trials: int, workers: int) -> None:
    table = Table(turns=EDITS, skill=0.4, budget=budget(trials=trials), workers=workers)

    run = table.climb()

    assert run.stop_reason is StopReason.TRIALS
    kept = table.workspace.tip(run.name) != run.base
    assert len(table.store.trials()) == (trials if kept else trials - 2)


def test_the_final_table_gets_what_was_kept_back_for_it() -> None:
    table = Table(turns=[edit(agent(1.0)), *EDITS], budget=budget(trials=60), final_attempts=3)

    run = table.climb()

    assert len(table.store.trials()) == 60
    assert len(table.trials(Purpose.FINAL)) == 2 * 2 * 3
    assert [run.scores[split].gain.n for split in Split] == [6, 3, 2]


@dataclass(frozen=True)
class Hasty:
    """Keeps every edit after one trial, or none."""

    decision: Decision
    name: str = "hasty"

    def decide(self, evidence: Evidence) -> Verdict | Ask:
        if evidence.exhausted or any(s.step == evidence.step for s in evidence.scores):
            return Verdict(decision=self.decision, reason="hasty")
        return Ask(wants=(Want(side=Side.CANDIDATE, task="train/t0"),))


@pytest.mark.parametrize("trials", [50, 64, 80])
def test_where_trials_mix_edits_a_pass_of_the_best_alone_is_kept_back(trials: int) -> None:
    turns = [improving("Try it", **{part: gain}) for gain in (0.1, 0.12, 0.14) for part in "ABCDE"]
    rule = ScreenStrategy(enough=6)
    limit = budget(trials=trials)
    table = Table(turns=turns, baseline=sided(), budget=limit, strategy=rule, simplify=False)

    run = table.climb()

    best = Agent(source=table.workspace.source(table.workspace.tip(run.name)))
    alone = [t for t in table.trials(Purpose.SEARCH) if t.key.agent == best.digest]
    assert "keep" in table.decisions()
    assert run.stop_reason is StopReason.TRIALS
    assert trials - 9 < len(table.store.trials()) <= trials
    assert {trial.key.task for trial in alone} == set(table.plan().visible)
    assert [run.scores[split].gain.n for split in Split] == [6, 3, 2]


def test_one_at_a_time_what_the_incumbent_lacks_takes_a_tenth_of_the_run_at_most() -> None:
    table = Table(turns=EDITS, budget=budget(trials=49 + 4 + 4), rule=Hasty(Decision.KEEP))

    run = table.climb()

    assert table.decisions() == ["keep"] * (49 - 9)
    assert len(table.store.trials()) == 57
    assert [run.scores[split].gain.n for split in Split] == [1 + 4, 0, 2]


def test_one_at_a_time_the_rest_of_the_table_is_filled_where_a_tenth_is_enough() -> None:
    turns = [edit(agent(0.3 + n / 1000)) for n in range(100)]
    table = Table(turns=turns, budget=budget(trials=100), rule=Hasty(Decision.KEEP))

    run = table.climb()

    assert len(table.store.trials()) == 100
    assert [run.scores[split].gain.n for split in Split] == [6, 3, 2]


def test_while_the_baseline_is_the_best_nothing_is_kept_back_but_the_holdout() -> None:
    table = Table(turns=EDITS, budget=budget(trials=9 + 5 + 4), rule=Hasty(Decision.REVERT))

    table.climb()

    assert table.decisions() == ["revert"] * 5


def test_a_budget_too_small_for_anything_else_goes_to_the_final_table() -> None:
    table = Table(turns=EDITS, budget=budget(trials=3), final_attempts=2)

    run = table.climb()

    assert run.stop_reason is StopReason.TRIALS
    assert [trial.key.purpose for trial in table.store.trials()] == [Purpose.FINAL] * 3


@pytest.mark.parametrize("workers", [1, 4])
def test_the_tokens_budget_is_overshot_by_what_is_in_flight_at_most(workers: int) -> None:
    table = Table(turns=EDITS, skill=0.4, budget=budget(tokens=4_050), workers=workers)

    run = table.climb()

    assert run.stop_reason is StopReason.TOKENS
    assert 3_000 < spent(table).tokens < 4_050 + workers * SMALL.tokens


@pytest.mark.parametrize("workers", [1, 4])
def test_the_money_budget_is_overshot_by_what_is_in_flight_at_most(workers: int) -> None:
    table = Table(turns=EDITS, skill=0.4, budget=budget(usd=0.405), workers=workers)

    run = table.climb()

    assert run.stop_reason is StopReason.USD
    assert 0.3 < (spent(table).cost_usd or 0) < 0.405 + workers * 0.01


def test_the_meta_agent_is_paid_from_the_same_budget() -> None:
    dear = Usage(calls=1, prompt_tokens=5_000, cost_usd=0.5)
    turns = [ProposalOutcome(proposal=edit(agent(0.5)), usage=dear)]
    table = Table(turns=turns, budget=budget(tokens=4_000))

    run = table.climb()

    assert run.stop_reason is StopReason.TOKENS
    assert table.decisions() == ["undecided"]
    assert table.store.steps()[0].meta_usage == dear


def test_time_is_up_before_the_final_table_needs_it() -> None:
    table = Table(turns=EDITS, skill=0.4, budget=budget(hours=1.0), workers=1, final_attempts=2)
    table.runner.trial_s = 100.0

    run = table.climb()

    assert run.stop_reason is StopReason.HOURS
    assert 3_000 < table.clock.monotonic() <= 3_700


def test_time_of_earlier_sessions_counts() -> None:
    table = Table(turns=EDITS, budget=budget(hours=1.0))
    table.store.save_run(replace(table.begun(), active_s=3_600.0))

    run = table.climb()

    assert (run.stop_reason, table.store.trials()) == (StopReason.HOURS, ())


def test_no_further_step_begins_after_the_last_one_of_the_budget() -> None:
    table = Table(turns=EDITS, budget=Budget(hours=None, steps=2))

    run = table.climb()

    assert run.stop_reason is StopReason.STEPS
    assert len(table.store.steps()) == len(table.proposer.desks) == 2


def test_an_edit_under_test_when_the_budget_ends_is_undecided_and_says_so() -> None:
    table = Table(turns=[edit(agent(0.9))], skill=0.4, budget=budget(trials=17))

    table.climb()

    (step,) = table.store.steps()
    assert step.verdict is not None
    assert "the budget ended" in step.verdict.reason
    assert step.finished_at is not None


def test_an_unknown_price_and_a_money_budget_do_not_go_together() -> None:
    table = Table(turns=EDITS, budget=budget(usd=5.0))
    table.runner.usage = replace(SMALL, cost_usd=None)

    with pytest.raises(UserError, match=r"names usd: 5, but the price .* models\.prices"):
        table.climb()

    assert len(table.store.trials()) == len(table.runner.requests)


def test_an_unknown_price_of_the_meta_agent_loses_no_proposal() -> None:
    free = ProposalOutcome(proposal=edit(agent(0.5)), usage=replace(SMALL, cost_usd=None))
    table = Table(turns=[free], budget=budget(usd=5.0))
    with pytest.raises(UserError, match="the price of a model in use is not known"):
        table.climb()
    table.budget = budget(trials=30)

    table.climb()

    assert table.store.steps()[0].proposal == free.proposal
    assert [desk.step for desk in table.proposer.desks] == [1]


def test_without_a_money_budget_an_unknown_price_does_no_harm() -> None:
    table = Table(turns=EDITS, budget=budget(trials=20))
    table.runner.usage = replace(SMALL, cost_usd=None)

    assert table.climb().stop_reason is StopReason.TRIALS


def test_the_desk_says_what_is_left() -> None:
    said: list[str] = []

    def look(desk: StepDesk) -> ProposalOutcome:
        said.append(desk.budget_left)
        return ProposalOutcome(proposal=None)

    limits = Budget(hours=2.0, steps=1, trials=50, tokens=10_000, usd=1.0)
    table = Table(turns=[look], budget=limits)
    table.runner.trial_s = 400.0

    table.climb()

    assert said == [
        (
            "1 of 1 steps, about 50 % of 2 hours, about 80 % of 50 trials,"
            " about 90 % of 10000 tokens, about 90 % of 1 dollars"
        )
    ]


class _Watch:
    """A runner that notes how many trials were begun when each was, over all threads."""

    def __init__(self, table: Table) -> None:
        self._inner = table.runner
        self._lock = threading.Lock()
        self.most = self._now = 0

    def run(self, request: TrialRequest) -> TrialResult:
        with self._lock:
            self._now += 1
            self.most = max(self.most, self._now)
        result = self._inner.run(request)
        with self._lock:
            self._now -= 1
        return result


def test_with_threads_the_trials_budget_holds_too() -> None:
    table = Table(turns=EDITS, skill=0.4, budget=budget(trials=50), workers=4)
    watch = _Watch(table)
    table.engine = LocalEngine(watch, workers=4)

    table.climb()

    table.engine.close()
    assert len(table.store.trials()) in {48, 50}
    assert watch.most <= 4
