"""What a trial takes, as the objective looks at it."""

from dataclasses import replace

import pytest

from autoloop.records import Budget, Observation, Second
from tests.loop.builders import Table


def first(second: Second) -> Observation:
    table = Table(budget=Budget(hours=None, trials=8))
    table.climb()
    return replace(table.work().records(), second=second).observations()[0]


def test_without_a_second_objective_nothing_is_known_of_cost() -> None:
    assert first("none").cost is None


@pytest.mark.parametrize("second", ["cost", "time"])
def test_dollars_or_seconds_are_what_the_trial_recorded(second: Second) -> None:
    table = Table(budget=Budget(hours=None, trials=8))
    table.climb()
    trial = table.work().lab.trials[0]
    span = trial.phases.get("agent_execution")
    known = {"cost": trial.usage.cost_usd, "time": span.seconds if span else None}

    assert first(second).cost == known[second]
