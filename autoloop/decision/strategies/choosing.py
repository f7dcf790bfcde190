"""Strategies by the name they have in settings, and the choice where none is named."""

from dataclasses import dataclass

from autoloop.decision.rules import rule_by_name
from autoloop.decision.strategies.adaptive import AdaptiveStrategy
from autoloop.decision.strategies.factorial import FactorialStrategy
from autoloop.decision.strategies.pareto import ParetoStrategy
from autoloop.decision.strategies.race import RaceStrategy
from autoloop.decision.strategies.single import SingleStrategy
from autoloop.errors import SettingsError
from autoloop.ports import Strategy
from autoloop.records import Budget

AUTO = "auto"
NAMES = (AUTO, "climb", "race", "pareto", "factorial")
"""What settings may say."""
MANY_TRIALS = 3_000
"""From so many trials on, many edits at once gain more than one at a time (wind tunnel)."""
TRIALS_PER_EDIT = 35
"""What one edit takes, one at a time (wind tunnel)."""
TRIALS_PER_HOUR = 60
"""Of one worker, where nothing was measured yet: a minute for a trial."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchWish:
    """What settings say about the search."""

    strategy: str = AUTO
    rule: str = "bayes"
    """How one edit at a time is judged."""
    budget: Budget
    workers: int = 1


def choose_strategy(wish: SearchWish) -> Strategy:
    """The strategy of this name; `auto` takes what the wind tunnel finds best for the budget.

    Raises:
        SettingsError: there is none of this name.
    """
    single = SingleStrategy(rule=rule_by_name(wish.rule))
    if wish.strategy == AUTO:
        many = expected_trials(wish.budget, workers=wish.workers) >= MANY_TRIALS
        return AdaptiveStrategy(one=single) if many and wish.rule == "bayes" else single
    made: dict[str, Strategy] = {
        "climb": single,
        "race": RaceStrategy(),
        "pareto": ParetoStrategy(),
        "factorial": FactorialStrategy(),
    }
    if wish.strategy not in made:
        raise SettingsError(
            f"strategy {wish.strategy!r} is unknown; write one of {', '.join(NAMES)}"
        )
    return made[wish.strategy]


def expected_trials(budget: Budget, *, workers: int) -> float:
    """About how many trials a budget allows, by those limits that say something of it."""
    limits = [
        None if budget.trials is None else float(budget.trials),
        None if budget.steps is None else float(budget.steps * TRIALS_PER_EDIT),
        None if budget.hours is None else budget.hours * TRIALS_PER_HOUR * workers,
    ]
    return min((limit for limit in limits if limit is not None), default=float("inf"))
