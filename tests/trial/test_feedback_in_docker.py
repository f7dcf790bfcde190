"""A program of the agent's prints what the tests know while they run it: nothing comes back."""

import pytest

from autoloop.records import Feedback
from autoloop.trial import read_feedback
from autoloop.trial.feedback import Level
from tests.trial.conftest import Bench, Case, Ended, script

pytestmark = pytest.mark.docker

CANARY = "canary-7f3a9c21d0"
LEAK = (
    'printf \'#!/bin/sh\\ncat /tests/expected.txt; echo "ok 1 - $(cat /tests/expected.txt)";'
    ' echo "t.py::test_$(cat /tests/expected.txt) PASSED"\' > tool; chmod +x tool'
)
TEST = (
    'echo "not ok 1 - the tool is right"; ./tool; cat /tests/expected.txt >&2;'
    ' echo "{\\"reward\\": 0, \\"$(cat /tests/expected.txt)\\": 1}" > /logs/verifier/reward.json;'
    " exit 3"
)


@pytest.fixture(scope="module")
def leaked(bench: Bench) -> Ended:
    return bench.run(
        Case(
            agent="oracle",
            test=TEST,
            files={"solution/solve.sh": script(LEAK), "tests/expected.txt": CANARY},
        )
    )


def told(ended: Ended, level: Level) -> Feedback:
    tests = {"": (ended.folder.parents[3] / "task" / "word" / "tests",)}
    return read_feedback(ended.folder, ended.result, tests=tests, level=level)


def test_the_program_of_the_agent_did_print_it(leaked: Ended) -> None:
    assert CANARY in leaked.text("verifier/test-stdout.txt")
    assert leaked.result.rewards == {"reward": 0.0, CANARY: 1.0}


@pytest.mark.parametrize("level", ["score", "checks"])
def test_what_tests_know_does_not_come_back_through_them(leaked: Ended, level: Level) -> None:
    feedback = told(leaked, level)

    assert CANARY not in repr(feedback)
    assert [c.name for c in feedback.checks] == (["the tool is right"] if level == "checks" else [])


def test_where_the_owner_lets_all_be_told_it_is(leaked: Ended) -> None:
    assert CANARY in told(leaked, "full").output
