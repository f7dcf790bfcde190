"""The gate lets the examples in, and honest edits of them."""

from pathlib import Path

import pytest

from autoloop.guards import Guards
from tests.guards.edits import agent_source

EXAMPLES = sorted((Path(__file__).parents[2] / "examples").glob("*/agent.py"))


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.parent.name)
def test_an_example_in_place_of_the_default_agent_is_not_blocked(gate: Guards, path: Path) -> None:
    found = gate.check(before=agent_source(), after=path.read_text(encoding="utf-8"))

    assert not [finding for finding in found if finding.severity == "block"]


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.parent.name)
def test_an_honest_edit_of_an_example_is_clean(gate: Guards, path: Path) -> None:
    source = path.read_text(encoding="utf-8")
    edited = source.replace("OUTPUT_LIMIT = 8_000", "OUTPUT_LIMIT = 12_000")

    assert edited != source
    assert not gate.check(before=source, after=edited)
