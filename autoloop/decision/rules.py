"""Keep rules by the name they have in settings."""

from collections.abc import Mapping
from types import MappingProxyType

from autoloop.decision.bayes import BayesRule
from autoloop.decision.paired import PairedRule
from autoloop.decision.passed import PassedRule
from autoloop.errors import SettingsError
from autoloop.ports import KeepRule

_ALL: tuple[KeepRule, ...] = (BayesRule(), PairedRule(), PassedRule())
RULES: Mapping[str, KeepRule] = MappingProxyType({rule.name: rule for rule in _ALL})
"""The rules that settings may name; the first is the default."""


def rule_by_name(name: str) -> KeepRule:
    """The keep rule of this name.

    Raises:
        SettingsError: there is none.
    """
    if name not in RULES:
        raise SettingsError(f"rule {name!r} is unknown; write one of {', '.join(RULES)}")
    return RULES[name]
