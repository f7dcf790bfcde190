"""How often the default agent and its cured kin succeed: far enough apart for a climb."""

from functools import cache

import pytest

from tests.offline.stage import (
    LIST,
    LOOK,
    OUTPUT,
    RETRY,
    ROOT,
    TURNS,
    VERIFY,
    agent,
    everything,
    is_solved,
    play,
    task_parts,
)

FAMILIES = ("csv", "json", "logs", "text", "config")
TASKS = [
    task_parts(path.parent)
    for family in FAMILIES
    for path in sorted((ROOT / "tasks" / family).rglob("task.toml"))
]
SEEDS = range(8)

# What it runs, quicker tests run too: counting the lines again would only double its time.
pytestmark = [pytest.mark.slow, pytest.mark.no_cover]


@cache
def rate(source: str) -> float:
    solved = [
        is_solved(play(source, instruction, seed=seed, files=files), instruction)
        for instruction, files in TASKS
        for seed in SEEDS
    ]
    return sum(solved) / len(solved)


def test_the_default_agent_is_modest() -> None:
    assert 0.1 < rate(agent()) < 0.35


def test_all_cures_together_nearly_perfect_it() -> None:
    assert rate(everything()) > 0.88


@pytest.mark.parametrize(
    "source",
    [
        agent(LIST),
        agent(LOOK),
        agent(RETRY),
        agent(VERIFY),
        agent(edits=[OUTPUT]),
        agent(edits=[TURNS]),
    ],
    ids=["list", "look", "retry", "verify", "output", "turns"],
)
def test_a_single_cure_helps_but_is_not_enough(source: str) -> None:
    assert rate(agent()) + 0.03 < rate(source) < 0.6


def test_hurry_makes_it_worse() -> None:
    assert rate(agent("Be brief.")) < rate(agent()) - 0.1
