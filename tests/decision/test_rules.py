"""Keep rules by name."""

import pytest

from autoloop.decision import RULES, PairedRule, PassedRule, rule_by_name
from autoloop.errors import SettingsError


def test_rules_are_found_by_the_name_they_report() -> None:
    assert rule_by_name("paired") == PairedRule()
    assert rule_by_name("passed") == PassedRule()
    assert all(rule_by_name(name).name == name for name in RULES)


def test_an_unknown_rule_is_named_with_what_to_write() -> None:
    with pytest.raises(
        SettingsError, match=r"'best' is unknown; write one of bayes, paired, passed"
    ):
        rule_by_name("best")
