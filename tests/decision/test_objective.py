"""Edits that are as good, and save something."""

from dataclasses import replace

import pytest

from autoloop.decision import BayesRule, rule_by_name
from autoloop.decision.objective import Expense, compared, saving_of
from autoloop.errors import SettingsError
from autoloop.records import LOSS, Decision, Evidence, Objective, Score, Side, Split, Verdict
from tests.decision.builders import TRAIN, VALIDATION, make_evidence

COST = Objective(second="cost", margin=0.05)


def evidence(cheap: float | None, *, reward: float = 1.0, attempts: int = 4) -> Evidence:
    """An incumbent that passes all at a dollar each, and a candidate at another price."""
    scores = tuple(
        Score(
            side=side,
            task=task,
            split=Split.TRAIN if task in TRAIN else Split.VALIDATION,
            attempt=n,
            reward=1.0 if side is Side.INCUMBENT else reward,
            step=1,
            cost=(1.0 if side is Side.INCUMBENT else cheap),
        )
        for side in Side
        for n, task in enumerate((*TRAIN, *VALIDATION) * attempts)
    )
    return replace(make_evidence(), scores=scores, exhausted=True)


def verdict(of: Evidence, objective: Objective = COST) -> Verdict:
    found = BayesRule(objective=objective).decide(of)
    assert isinstance(found, Verdict)
    return found


def test_an_edit_that_is_as_good_and_cheaper_is_kept() -> None:
    found = verdict(evidence(0.69))

    assert found.decision is Decision.KEEP
    assert found.reason.startswith("kept: as good, and 31 % cheaper")
    assert found.numbers["cost_ratio"] == pytest.approx(0.69)
    assert found.numbers["cost_ratio_high"] < 1.0
    assert found.numbers[LOSS] <= 0.05


def test_without_a_second_objective_a_price_does_not_count() -> None:
    found = verdict(evidence(0.5), Objective())

    assert found.decision is not Decision.KEEP
    assert "cost_ratio" not in found.numbers
    assert LOSS not in found.numbers


@pytest.mark.parametrize(("cheap", "reward"), [(1.2, 1.0), (None, 1.0), (0.5, 0.3)])
def test_dear_unpriced_and_worse_edits_are_not_kept(cheap: float | None, reward: float) -> None:
    assert verdict(evidence(cheap, reward=reward)).decision is not Decision.KEEP


def test_seconds_are_told_as_speed() -> None:
    saving = saving_of(evidence(0.5), Objective(second="time"))

    assert saving is not None
    assert saving.sure
    assert saving.words == "50 % faster"


def test_few_tasks_say_nothing_of_a_saving() -> None:
    expenses = [Expense(f"t{n}", mine, 1.0 - mine / 2) for n in range(4) for mine in (False, True)]

    assert compared(expenses, "cost") is None


def test_a_saving_on_some_tasks_only_is_not_sure() -> None:
    prices = [(f"t{n}", 0.2 if n % 2 else 3.0) for n in range(8)]
    expenses = [Expense(task, mine=True, cost=price) for task, price in prices]
    expenses += [Expense(task, mine=False, cost=1.0) for task, _ in prices]

    saving = compared(expenses, "cost")

    assert saving is not None
    assert not saving.sure


def test_a_rule_that_sees_rewards_alone_refuses_a_second_objective() -> None:
    with pytest.raises(SettingsError, match="looks at the reward alone: write 'rule: bayes'"):
        rule_by_name("passed", COST)
