"""Keep rules by the name they have in settings."""

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

from autoloop.decision.bayes import BayesRule
from autoloop.decision.paired import PairedRule
from autoloop.decision.passed import PassedRule
from autoloop.errors import SettingsError
from autoloop.ports import KeepRule
from autoloop.records import Objective

_ALL: tuple[KeepRule, ...] = (BayesRule(), PairedRule(), PassedRule())
RULES: Mapping[str, KeepRule] = MappingProxyType({rule.name: rule for rule in _ALL})
"""The rules that settings may name; the first is the default."""
PLAIN = Objective()


def rule_by_name(name: str, objective: Objective = PLAIN) -> KeepRule:
    """The keep rule of this name, with this objective.

    Raises:
        SettingsError: there is none, or it looks at the reward alone.
    """
    if name not in RULES:
        raise SettingsError(f"rule {name!r} is unknown; write one of {', '.join(RULES)}")
    rule = RULES[name]
    if isinstance(rule, PairedRule | BayesRule):
        return replace(rule, objective=objective)
    if objective.second != "none":
        raise SettingsError(
            f"'objective.second' is {objective.second!r}, and rule {name!r} looks at the reward"
            " alone: write 'rule: bayes' or 'rule: paired'"
        )
    return rule
