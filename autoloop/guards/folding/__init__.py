"""Works out what constant expressions of a program come to, without ever running it."""

from autoloop.guards.folding.evaluate import Evaluator, Scope
from autoloop.guards.folding.limits import Budget, Unknown
from autoloop.guards.folding.names import imported_names
from autoloop.guards.folding.scopes import Folding, fold
from autoloop.guards.folding.statements import Folded

__all__ = [
    "Budget",
    "Evaluator",
    "Folded",
    "Folding",
    "Scope",
    "Unknown",
    "fold",
    "imported_names",
]
