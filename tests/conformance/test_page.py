"""The cases and docs/harbor.md tell the same story."""

import re
from pathlib import Path

import pytest

from tests.conformance.case import Case, by_id
from tests.conformance.cases import all_cases

PAGE = Path(__file__).parents[2] / "docs" / "harbor.md"
DIFFERING = [case for case in all_cases() if case.differs]


def rows() -> set[str]:
    """Names of the intended differences."""
    page = PAGE.read_text(encoding="utf-8").partition("## Intended differences")[2]
    return set(re.findall(r"^\| `([a-z-]+)`", page, re.MULTILINE))


def test_there_are_more_than_a_hundred_cases_with_names_of_their_own() -> None:
    assert len(by_id(all_cases())) > 100


@pytest.mark.parametrize("case", DIFFERING, ids=lambda case: case.id)
def test_a_difference_is_explained_on_the_page(case: Case) -> None:
    assert case.differs in rows()


def test_every_difference_on_the_page_has_a_case() -> None:
    assert rows() == {case.differs for case in DIFFERING}


@pytest.mark.parametrize(
    "case", [c for c in all_cases() if c.harbor is not None], ids=lambda case: case.id
)
def test_what_harbor_gives_differently_is_named(case: Case) -> None:
    assert case.differs


@pytest.mark.parametrize(
    "case", [case for case in all_cases() if case.quirks is not None], ids=lambda case: case.id
)
def test_the_quirks_give_harbors_rewards(case: Case) -> None:
    assert case.quirks is not None
    assert case.harbor is not None

    assert dict(case.quirks.rewards) == dict(case.harbor.rewards or {})
