"""Static checks of an edit, made before anything is spent on it."""

from autoloop.guards.branch import BranchGuard
from autoloop.guards.environment import EnvironmentGuard
from autoloop.guards.gate import RULES, Guards, merge_guards, standard_guards
from autoloop.guards.growth import GrowthGuard
from autoloop.guards.hidden_words import HiddenWordsGuard
from autoloop.guards.imports import ImportsGuard
from autoloop.guards.lookup import LookupGuard
from autoloop.guards.material import HiddenFile, TrainTask
from autoloop.guards.obfuscation import ObfuscationGuard
from autoloop.guards.refusal import RefusalGuard
from autoloop.guards.syntax import SyntaxGuard, complexity
from autoloop.guards.task_words import TaskWordsGuard
from autoloop.guards.verifier import VerifierGuard

__all__ = [
    "RULES",
    "BranchGuard",
    "EnvironmentGuard",
    "GrowthGuard",
    "Guards",
    "HiddenFile",
    "HiddenWordsGuard",
    "ImportsGuard",
    "LookupGuard",
    "ObfuscationGuard",
    "RefusalGuard",
    "SyntaxGuard",
    "TaskWordsGuard",
    "TrainTask",
    "VerifierGuard",
    "complexity",
    "merge_guards",
    "standard_guards",
]
