"""Strategies: how a search is steered, behind one port."""

from autoloop.decision.strategies.adaptive import AdaptiveStrategy
from autoloop.decision.strategies.choosing import SearchWish, choose_strategy
from autoloop.decision.strategies.factorial import FactorialStrategy
from autoloop.decision.strategies.pareto import ParetoStrategy
from autoloop.decision.strategies.race import RaceStrategy
from autoloop.decision.strategies.single import SingleStrategy

__all__ = [
    "AdaptiveStrategy",
    "FactorialStrategy",
    "ParetoStrategy",
    "RaceStrategy",
    "SearchWish",
    "SingleStrategy",
    "choose_strategy",
]
