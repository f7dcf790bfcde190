"""Honest tests whose rewards are written in unusual ways, in real containers."""

from collections.abc import Iterator

import pytest

from autoloop.records import Outcome
from tests.trial.conftest import TOML, Bench, Case, Look, on_their_way

pytestmark = pytest.mark.docker

IDLE = "def solve(instruction, env, model):\n    env.write('/app/out.txt', b'done')\n"
ONE = "echo 1 > /logs/verifier/reward.txt"
ZERO = "echo 0 > /logs/verifier/reward.txt"
GRADER = (
    "FROM autoloop/base:bookworm\nWORKDIR /app\nCOPY grade /opt/grade\nRUN chmod +x /opt/grade\n"
)
CASES = {
    "a server goes on": Case(
        agent=IDLE,
        test=f"(while :; do sleep 1; echo beat >> /logs/verifier/beats; done) &\n{ONE}",
    ),
    "a server is ended last": Case(agent=IDLE, test=f"sleep 100 & {ONE}; kill $!; wait $!"),
    "both are written": Case(
        agent=IDLE, test=f"{ZERO}; echo '{{\"reward\": 1}}' > /logs/verifier/reward.json"
    ),
    "names are computed": Case(
        agent=IDLE,
        test="n=0; for end in txt json; do v=$((n++)); [ $end = json ] && v='{\"reward\": 1}'\n"
        "echo $v > /logs/verifier/reward.$end; done",
    ),
    "a program of the image": Case(
        agent=IDLE,
        test=f"/opt/grade || {ZERO}",
        files={
            "environment/Dockerfile": GRADER,
            "environment/grade": "#!/bin/sh\n"
            "echo '{\"reward\": 1}' > /logs/verifier/reward.json; exit 1\n",
        },
    ),
    "white space": Case(agent=IDLE, test=r"printf ' 1 \r\n\n\n' > /logs/verifier/reward.txt"),
    "another user": Case(
        agent=IDLE,
        toml=TOML.replace("timeout_sec = 30.0\n", 'timeout_sec = 30.0\nuser = "nobody"\n'),
        test=f"umask 077; {ONE}",
    ),
    "no right to read": Case(
        agent=IDLE,
        toml=TOML.replace("timeout_sec = 30.0\n", 'timeout_sec = 30.0\nuser = "nobody"\n'),
        test=f"{ONE}; chmod 000 /logs/verifier/reward.txt",
    ),
}


@pytest.fixture(scope="module")
def ended(bench: Bench) -> Iterator[Look]:
    with on_their_way(bench, CASES) as look:
        yield look


@pytest.mark.parametrize("name", CASES)
def test_honest_tests_are_believed(ended: Look, name: str) -> None:
    end = ended(name)

    assert (end.result.outcome, end.result.reward) == (Outcome.SCORED, 1.0), end.result
    assert end.result.findings == ()
