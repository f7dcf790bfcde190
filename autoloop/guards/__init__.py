"""Static checks of an edit, made before anything is spent on it."""

from autoloop.guards.gate import Guards, standard_guards
from autoloop.guards.syntax import SyntaxGuard, complexity
from autoloop.guards.task_words import TaskWordsGuard

__all__ = ["Guards", "SyntaxGuard", "TaskWordsGuard", "complexity", "standard_guards"]
