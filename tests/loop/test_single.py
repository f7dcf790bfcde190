"""Between the strategy and the trials: one edit at a time by a keep rule."""

from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from autoloop.records import (
    Agent,
    Ask,
    Budget,
    Chance,
    ChancesChanged,
    Decision,
    Evidence,
    Purpose,
    Side,
    Split,
    Verdict,
    Want,
)
from autoloop.testing.proposers import edit
from tests.loop.builders import Table, agent

CANDIDATE = Agent(source=agent(1.0))
DONE = Verdict(decision=Decision.REVERT, reason="enough seen")


@dataclass
class _AskingRule:
    """Asks what it is told to ask, once each, and remembers what it saw."""

    asks: list[Ask]
    seen: list[Evidence] = field(default_factory=list)
    name: str = "asking"

    def decide(self, evidence: Evidence) -> Verdict | Ask:
        self.seen.append(evidence)
        return DONE if evidence.exhausted or not self.asks else self.asks.pop(0)


def judged(
    *asks: Ask, trials: int | None = None, workers: int = 4
) -> tuple[Table, _AskingRule, Callable[[], Verdict | None]]:
    """A climb of one step by a rule; `trials` that may be run for the step."""
    rule = _AskingRule(list(asks))
    budget = Budget(hours=None, steps=1, trials=None if trials is None else 9 + 4 + trials)
    table = Table(turns=[edit(agent(1.0))], rule=rule, workers=workers, budget=budget)

    def judge() -> Verdict | None:
        table.climb()
        return table.store.steps()[0].verdict

    return table, rule, judge


def asked(table: Table) -> list[str]:
    """Tasks that trials of the step ran on."""
    return [t.key.task for t in table.trials(Purpose.SEARCH) if t.step == 1]


def want(side: Side, task: str, count: int = 1) -> Want:
    return Want(side=side, task=task, count=count)


def test_what_the_rule_wants_is_run_and_shown_to_it() -> None:
    wants = (want(Side.CANDIDATE, "train/t1", 2), want(Side.INCUMBENT, "validation/v0"))
    table, rule, judge = judged(Ask(wants=wants))

    assert judge() == DONE

    own = [s for s in rule.seen[-1].scores if s.step == 1]
    assert sorted((s.side, s.task, s.split, s.attempt, s.reward) for s in own) == [
        (Side.CANDIDATE, "train/t1", Split.TRAIN, 0, 1.0),
        (Side.CANDIDATE, "train/t1", Split.TRAIN, 1, 1.0),
        (Side.INCUMBENT, "validation/v0", Split.VALIDATION, 1, 0.0),
    ]
    assert sorted(asked(table)) == ["train/t1", "train/t1", "validation/v0"]


def test_the_rule_knows_tasks_workers_sizes_and_step() -> None:
    _, rule, judge = judged()

    judge()

    (evidence,) = rule.seen
    assert len(evidence.train) == 6
    assert len(evidence.validation) == 3
    assert (evidence.free, evidence.step) == (4, 1)
    assert evidence.candidate_size == evidence.incumbent_size > 0


def test_what_a_rule_thinks_of_an_edit_is_told_when_it_changes() -> None:
    some, more = Chance(p_better=0.4, trials=1), Chance(p_better=0.7, trials=2)
    asks = [
        Ask(wants=(want(Side.CANDIDATE, "train/t1"),), chance=chance)
        for chance in (None, some, some, more)
    ]
    table, _, judge = judged(*asks)

    judge()

    told = [event.chances for event in table.observer.of(ChancesChanged)]
    assert told == [{1: some}, {1: more}]


def test_no_more_is_started_than_there_are_workers() -> None:
    table, _, judge = judged(Ask(wants=(want(Side.CANDIDATE, "train/t1", 9),)), workers=2)

    judge()

    assert asked(table) == ["train/t1"] * 2


def test_a_rule_that_waits_for_nothing_must_decide() -> None:
    _, rule, judge = judged(Ask(wants=()))

    assert judge() == DONE

    assert [evidence.exhausted for evidence in rule.seen] == [False, True]


@pytest.mark.parametrize("trials", [1, 2])
def test_a_rule_must_decide_when_no_trial_can_be_paid_any_more(trials: int) -> None:
    asks = [Ask(wants=(want(Side.CANDIDATE, "train/t1", 3),)) for _ in range(2)]
    table, rule, judge = judged(*asks, trials=trials)

    assert judge() == DONE

    assert rule.seen[-1].exhausted
    assert len(asked(table)) == trials


def test_spot_checks_are_no_evidence() -> None:
    table, rule, judge = judged(Ask(wants=(want(Side.CANDIDATE, "train/t1"),)))
    table.begun()
    lab = table.work().lab
    lab.start(CANDIDATE, "train/t2", purpose=Purpose.SPOT)
    lab.collect()

    judge()

    own = [s.task for s in rule.seen[-1].scores if s.side is Side.CANDIDATE]
    assert own == ["train/t1"]
