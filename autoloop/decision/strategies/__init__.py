"""Strategies: how a search is steered, behind one port."""

from autoloop.decision.strategies.adaptive import AdaptiveStrategy
from autoloop.decision.strategies.choosing import (
    SearchWish,
    strategy_by_name,
    strategy_name,
)
from autoloop.decision.strategies.corroborated import Corroborated
from autoloop.decision.strategies.factorial import FactorialStrategy
from autoloop.decision.strategies.pareto import ParetoStrategy
from autoloop.decision.strategies.race import RaceStrategy
from autoloop.decision.strategies.single import SingleStrategy

__all__ = [
    "AdaptiveStrategy",
    "Corroborated",
    "FactorialStrategy",
    "ParetoStrategy",
    "RaceStrategy",
    "SearchWish",
    "SingleStrategy",
    "strategy_by_name",
    "strategy_name",
]
