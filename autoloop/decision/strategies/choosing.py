"""Strategies by the name they have in settings, and the choice where none is named."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from autoloop.decision.bayes import BayesRule
from autoloop.decision.rules import PLAIN, RULES, rule_by_name
from autoloop.decision.strategies.adaptive import AdaptiveStrategy
from autoloop.decision.strategies.corroborated import Corroborated
from autoloop.decision.strategies.factorial import FactorialStrategy
from autoloop.decision.strategies.incorruptible import Incorruptible
from autoloop.decision.strategies.pareto import ParetoStrategy
from autoloop.decision.strategies.race import SURE, RaceStrategy
from autoloop.decision.strategies.single import SingleStrategy
from autoloop.errors import SettingsError
from autoloop.ports import Strategy
from autoloop.records import Budget, Objective

AUTO, CLIMB, ADAPTIVE = "auto", "climb", "adaptive"
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


def strategy_name(wish: SearchWish) -> str:
    """What a run is to be steered by; `auto` is what the wind tunnel finds best for the budget.

    The name goes into the run's record, so that the run keeps its strategy when it is resumed with
    another budget or on another machine.
    """
    if wish.strategy == CLIMB:
        return f"{CLIMB}/{wish.rule}"
    if wish.strategy != AUTO:
        return wish.strategy
    many = expected_trials(wish.budget, workers=wish.workers) >= MANY_TRIALS
    return ADAPTIVE if many and wish.rule == "bayes" else f"{CLIMB}/{wish.rule}"


def strategy_by_name(name: str, objective: Objective = PLAIN) -> Strategy:
    """The strategy of a run's record, with this objective; it keeps nobody who tampers.

    Nor does it keep what helps a single train task, unless validation bears it out.

    Raises:
        SettingsError: there is none of this name, or it looks at the reward alone.
    """
    return Incorruptible(Corroborated(_plain_strategy(name, objective)))


def _plain_strategy(name: str, objective: Objective) -> Strategy:
    kind, _, rule = name.partition("/")
    # Runs that began before there were strategies recorded the rule alone.
    if kind == CLIMB or kind in RULES:
        return SingleStrategy(rule=rule_by_name(rule or kind, objective))
    if kind not in SEVERAL:
        raise SettingsError(f"strategy {name!r} is unknown; write one of {', '.join(NAMES)}")
    return SEVERAL[kind](objective)


def _adaptive(objective: Objective) -> Strategy:
    return AdaptiveStrategy(
        many=FactorialStrategy(objective=objective),
        one=SingleStrategy(rule=BayesRule(objective=objective)),
    )


def _race(objective: Objective) -> Strategy:
    return RaceStrategy(rule=BayesRule(keep=SURE, objective=objective))


def _pareto(objective: Objective) -> Strategy:
    return ParetoStrategy(rule=BayesRule(keep=SURE, objective=objective))


def _factorial(objective: Objective) -> Strategy:
    return FactorialStrategy(objective=objective)


SEVERAL: Mapping[str, Callable[[Objective], Strategy]] = MappingProxyType(
    {ADAPTIVE: _adaptive, "race": _race, "pareto": _pareto, "factorial": _factorial}
)
"""Strategies with several edits under test."""
NAMES = (AUTO, CLIMB, *SEVERAL)
"""What settings may say."""


def expected_trials(budget: Budget, *, workers: int) -> float:
    """About how many trials a budget allows, by those limits that say something of it."""
    limits = [
        None if budget.trials is None else float(budget.trials),
        None if budget.steps is None else float(budget.steps * TRIALS_PER_EDIT),
        None if budget.hours is None else budget.hours * TRIALS_PER_HOUR * workers,
    ]
    return min((limit for limit in limits if limit is not None), default=float("inf"))
