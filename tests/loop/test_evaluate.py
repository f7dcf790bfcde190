"""Between the keep rule and the trials."""

from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from autoloop.loop.evaluate import evaluate
from autoloop.records import (
    Agent,
    Ask,
    Budget,
    Decision,
    Evidence,
    Purpose,
    Side,
    Split,
    Verdict,
    Want,
)
from tests.loop.builders import Table, agent

INCUMBENT, CANDIDATE = Agent(source=agent(0.0)), Agent(source=agent(1.0))
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
    *asks: Ask, budget: Budget | None = None, workers: int = 4
) -> tuple[Table, _AskingRule, Callable[[], Verdict]]:
    rule = _AskingRule(list(asks))
    table = Table(rule=rule, workers=workers, budget=budget or Budget(hours=None))
    work = table.work()
    return table, rule, lambda: evaluate(work, candidate=CANDIDATE, incumbent=INCUMBENT, step=3)


def want(side: Side, task: str, count: int = 1) -> Want:
    return Want(side=side, task=task, count=count)


def test_what_the_rule_wants_is_run_and_shown_to_it() -> None:
    table, rule, judge = judged(
        Ask(wants=(want(Side.CANDIDATE, "train/t1", 2), want(Side.INCUMBENT, "validation/v0")))
    )

    assert judge() == DONE

    assert sorted((s.side, s.task, s.split, s.attempt, s.reward) for s in rule.seen[-1].scores) == [
        (Side.CANDIDATE, "train/t1", Split.TRAIN, 0, 1.0),
        (Side.CANDIDATE, "train/t1", Split.TRAIN, 1, 1.0),
        (Side.INCUMBENT, "validation/v0", Split.VALIDATION, 0, 0.0),
    ]
    assert {(r.step, r.purpose) for r in table.runner.requests} == {(3, Purpose.SEARCH)}


def test_the_rule_knows_tasks_workers_sizes_and_step() -> None:
    _, rule, judge = judged()

    judge()

    (evidence,) = rule.seen
    assert len(evidence.train) == 6
    assert len(evidence.validation) == 3
    assert (evidence.free, evidence.step) == (4, 3)
    assert evidence.candidate_size == evidence.incumbent_size > 0


def test_no_more_is_started_than_there_are_workers() -> None:
    table, rule, judge = judged(Ask(wants=(want(Side.CANDIDATE, "train/t1", 9),)), workers=2)

    judge()

    assert len(table.runner.requests) == 2
    assert len(rule.seen[-1].scores) == 2


def test_a_rule_that_waits_for_nothing_must_decide() -> None:
    _, rule, judge = judged(Ask(wants=()))

    assert judge() == DONE

    assert [evidence.exhausted for evidence in rule.seen] == [False, True]


@pytest.mark.parametrize("trials", [0, 1])
def test_a_rule_must_decide_when_no_trial_can_be_paid_any_more(trials: int) -> None:
    asks = [Ask(wants=(want(Side.CANDIDATE, "train/t1", 2),)) for _ in range(2)]
    table, rule, judge = judged(*asks, budget=Budget(hours=None, trials=trials))

    assert judge() == DONE

    assert rule.seen[-1].exhausted
    assert len(table.runner.requests) == len(rule.seen[-1].scores) == trials


def test_spot_checks_and_holdout_are_no_evidence() -> None:
    table, rule, judge = judged(Ask(wants=(want(Side.CANDIDATE, "train/t1"),)))
    for purpose, task in ((Purpose.SPOT, "train/t2"), (Purpose.FINAL, "holdout/h0")):
        lab = table.work().lab
        lab.start(CANDIDATE, task, purpose=purpose, step=1)
        lab.collect()
    work = table.work()

    evaluate(work, candidate=CANDIDATE, incumbent=INCUMBENT, step=3)

    assert [score.task for score in rule.seen[-1].scores] == ["train/t1"]
    assert judge() == DONE
