"""Strategies: how a search is steered, behind one port."""

from autoloop.decision.strategies.factorial import FactorialStrategy
from autoloop.decision.strategies.single import SingleStrategy

__all__ = ["FactorialStrategy", "SingleStrategy"]
