"""Keep rules by name, and what settings offer of them and of strategies."""

import re
from typing import get_args

import pytest

from autoloop.decision import RULES, PairedRule, PassedRule, rule_by_name
from autoloop.decision.strategies.choosing import AUTO, NAMES
from autoloop.errors import SettingsError
from autoloop.settings import Settings


def test_rules_are_found_by_the_name_they_report() -> None:
    assert rule_by_name("paired") == PairedRule()
    assert rule_by_name("passed") == PassedRule()
    assert all(rule_by_name(name).name == name for name in RULES)


def test_an_unknown_rule_is_named_with_what_to_write() -> None:
    with pytest.raises(
        SettingsError, match=r"'best' is unknown; write one of bayes, paired, passed"
    ):
        rule_by_name("best")


def test_settings_offer_every_rule_and_no_other() -> None:
    offered = Settings.model_fields["rule"].annotation

    assert get_args(offered) == tuple(RULES)
    assert Settings().rule == next(iter(RULES))


def test_settings_offer_every_strategy_and_no_other() -> None:
    offered = Settings.model_fields["strategy"].annotation

    assert set(get_args(offered)) == set(NAMES)
    assert Settings().strategy == AUTO


@pytest.mark.parametrize("key", ["rule", "strategy"])
def test_settings_name_in_words_what_they_offer(key: str) -> None:
    field = Settings.model_fields[key]

    assert re.findall(r"\w+", field.description or "") == [
        *get_args(field.annotation)[:-1],
        "or",
        get_args(field.annotation)[-1],
    ]
