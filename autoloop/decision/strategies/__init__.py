"""Ways to steer the search: which edits are under test, and what is run for them."""

from autoloop.decision.strategies.single import SingleStrategy

__all__ = ["SingleStrategy"]
