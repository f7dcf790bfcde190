"""Verifiers of their own, artifacts, and commands that collect, in real containers."""

import json
from collections.abc import Iterator

import pytest

from autoloop.records import Outcome, TrialRules
from tests.trial.conftest import TOML, Bench, Case, Look, on_their_way, script

pytestmark = pytest.mark.docker

QUIRKS = TrialRules(harbor_quirks=True)
SEPARATE = TOML.replace("[verifier]\n", '[verifier]\nenvironment_mode = "separate"\n')
WANTED = 'artifacts = ["/app/solved.txt"]\n'
ONE = "echo 1 > /logs/verifier/reward.txt"
ZERO = "echo 0 > /logs/verifier/reward.txt"
BUNDLED = (
    "FROM autoloop/base:bookworm\nCOPY test.sh /tests/test.sh\nRUN chmod -x /tests/test.sh;"
    " mkdir -p /app/tree && echo stale > /app/tree/stale\nWORKDIR /v\n"
)
LEAVES = (
    "echo solved > /app/solved.txt; echo hidden > /app/other.txt; echo art > /logs/artifacts/a;"
    " mkdir -p /app/tree/deep; echo leaf > /app/tree/deep/leaf;"
    " printf '#!/bin/sh\\necho ran' > /app/tool; chmod +x /app/tool; ln -s /app/tool /app/link"
)
MANY = """artifacts = [
  "/app/solved.txt",
  {source = "/app/dir", destination = "d2", exclude = ["*.tmp", "deep/cache"]},
  "/nope",
  "/app/dir/k",
  {source = "/app/other", destination = "d2/other"},
]
"""
MAKES_MANY = (
    "echo solved > solved.txt; mkdir -p dir/deep/cache dir/deep/keep; echo 1 > dir/k;"
    " echo 2 > dir/x.tmp; echo 3 > dir/deep/y.tmp; echo 4 > dir/deep/cache/z;"
    " echo 5 > dir/deep/keep/z; echo c > /logs/artifacts/conv.txt; mkdir other"
)
HOOKS = """[[verifier.collect]]
command = "date > /logs/artifacts/when; id -un > /logs/artifacts/who; pwd >> /logs/artifacts/who"
user = "nobody"
[[verifier.collect]]
command = "echo no luck; exit 4"
[[verifier.collect]]
command = "sleep 60"
timeout_sec = 0.5
"""

CASES = {
    "bundled": Case(
        agent="oracle",
        toml='artifacts = ["/app/solved.txt", "/app/tree", "/app/tool", "/app/link"]\n' + SEPARATE,
        files={"tests/Dockerfile": BUNDLED, "solution/solve.sh": script(LEAVES)},
        test='test "$PWD" = /v -a "$(cat /app/solved.txt)" = solved'
        ' -a "$(cat /logs/artifacts/a)" = art -a ! -e /app/other.txt'
        ' -a "$(cat /app/tree/deep/leaf)" = leaf -a ! -e /app/tree/stale'
        ' -a "$(/app/tool)" = ran -a "$(/app/link)" = ran && ' + ONE,
    ),
    "copied": Case(
        agent="oracle",
        toml=WANTED + SEPARATE.replace("[agent]", '[agent]\nuser = "nobody"\n'),
        files={
            "environment/Dockerfile": "FROM autoloop/base:bookworm\nWORKDIR /app\n"
            "RUN chmod 777 /app\n",
            "solution/solve.sh": script("echo solved > solved.txt; touch other"),
        },
        test=f'test "$(cat solved.txt)" = solved -a ! -e other -a ! -e /solution && {ONE}',
    ),
    "planted": Case(
        agent="oracle",
        toml=WANTED + SEPARATE,
        files={
            "solution/solve.sh": script(
                "touch /app/solved.txt; echo '{\"reward\": 1}' > /logs/verifier/reward.json"
            )
        },
        test=f'test -z "$(ls -A /logs/verifier | grep -v test-stdout)" && {ZERO}',
    ),
    "missing": Case(toml=WANTED + SEPARATE, test=f"test ! -e /app/solved.txt && {ONE}"),
    "own environment": Case(
        agent="oracle",
        toml=SEPARATE.replace("timeout_sec = 30.0\n", 'timeout_sec = 30.0\nuser = "games"\n')
        + '[verifier.env]\nHUE = "red"\n[verifier.environment]\nworkdir = "/srv"\n'
        '[verifier.environment.env]\nHUE = "blue"\nTONE = "dark"\n'
        '[environment.env]\nTONE = "light"\nLOST = "1"\n',
        test=f'test "$(id -un) $PWD $HUE $TONE$LOST" = "games /srv red dark" && {ONE}',
    ),
    "unknown user": Case(
        toml=SEPARATE.replace("timeout_sec = 30.0\n", 'timeout_sec = 30.0\nuser = "ghost"\n')
    ),
    "no bash": Case(
        toml=SEPARATE,
        files={"tests/Dockerfile": BUNDLED + "RUN rm -f /bin/bash /usr/bin/bash\n"},
    ),
    "many": Case(
        agent="oracle",
        toml=MANY + TOML,
        files={"solution/solve.sh": script(MAKES_MANY)},
        test=ONE,
    ),
    "none": Case(test=ONE),
    "hooks": Case(toml=TOML + HOOKS, test=ONE),
    "hooks after a crash": Case(
        agent="def solve(i, e, m): raise KeyError", toml=TOML + HOOKS, test=ONE
    ),
    "steps": Case(
        agent="oracle",
        toml=WANTED + SEPARATE + '[[steps]]\nname = "one"\n[[steps]]\nname = "two"\n',
        files={
            "solution/solve.sh": "",
            "tests/test.sh": "",
            "steps/one/instruction.md": "One.",
            "steps/two/instruction.md": "Two.",
            "steps/one/solution/solve.sh": script("echo 1 > /app/solved.txt"),
            "steps/two/solution/solve.sh": script("echo 2 >> /app/solved.txt"),
            "steps/one/tests/test.sh": script("cp /app/solved.txt /logs/verifier/reward.txt"),
            "steps/two/tests/test.sh": script(
                "wc -l < /app/solved.txt > /logs/verifier/reward.txt"
            ),
        },
    ),
}


@pytest.fixture(scope="module")
def ended(bench: Bench) -> Iterator[Look]:
    with on_their_way(bench, CASES) as look:
        yield look


@pytest.mark.parametrize("name", ["bundled", "copied", "missing", "own environment"])
def test_a_verifier_of_its_own_sees_what_was_declared_and_nothing_else(
    ended: Look, name: str
) -> None:
    end = ended(name)

    said = end.result, end.text("verifier/test-stdout.txt")
    assert (end.result.outcome, end.result.reward) == (Outcome.SCORED, 1.0), said
    assert json.loads(end.text("result.json"))["verifier_environment_mode"] == "separate"


def test_a_reward_planted_where_the_agent_worked_does_not_count(ended: Look) -> None:
    end = ended("planted")

    assert (end.result.outcome, end.result.reward) == (Outcome.SCORED, 0.0), end.result
    assert not (end.folder / "verifier" / "reward.json").exists()


@pytest.mark.parametrize(
    ("name", "words"), [("unknown user", "'ghost' of [verifier].user"), ("no bash", "bash")]
)
def test_an_environment_that_tests_cannot_run_in_is_the_tasks_fault(
    ended: Look, name: str, words: str
) -> None:
    end = ended(name)

    assert (end.result.outcome, end.kind) == (Outcome.INVALID, "TaskError")
    assert words in end.message


def test_each_step_is_verified_with_what_it_left(ended: Look) -> None:
    result = ended("steps").result

    assert [step.rewards for step in result.steps] == [{"reward": 1.0}, {"reward": 2.0}]


def test_the_manifest_tells_what_became_of_each_artifact(ended: Look) -> None:
    manifest = json.loads(ended("many").text("artifacts/manifest.json"))

    rows = [
        (row["source"], row["destination"], row["type"], row["status"], row["exclude"])
        for row in manifest
    ]
    assert rows == [
        ("/logs/artifacts", "artifacts/logs/artifacts", "directory", "ok", []),
        ("/app/solved.txt", "artifacts/app/solved.txt", "file", "ok", []),
        ("/app/dir", "artifacts/d2", "directory", "ok", ["*.tmp", "deep/cache"]),
        ("/nope", "artifacts/nope", "file", "failed", []),
        ("/app/dir/k", "artifacts/app/dir/k", "file", "ok", []),
        ("/app/other", "artifacts/d2/other", "directory", "skipped", []),
    ]


def test_artifacts_are_kept_without_what_their_patterns_name(ended: Look) -> None:
    folder = ended("many").folder / "artifacts"

    kept = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
    assert kept == {
        "manifest.json",
        "logs/artifacts/conv.txt",
        "app/solved.txt",
        "app/dir/k",
        "d2/k",
        "d2/deep/keep/z",
    }


def test_without_artifacts_the_manifest_says_that_nothing_was_published(ended: Look) -> None:
    (row,) = json.loads(ended("none").text("artifacts/manifest.json"))

    assert row == {
        "source": "/logs/artifacts",
        "destination": "artifacts/logs/artifacts",
        "type": "directory",
        "status": "empty",
        "service": None,
        "exclude": [],
    }


def test_commands_that_collect_hold_up_nothing(ended: Look) -> None:
    end = ended("hooks")

    assert end.result.reward == 1.0
    assert end.text("artifacts/logs/artifacts/who") == "nobody\n/app\n"
    assert (end.folder / "artifacts/logs/artifacts/when").exists()
    assert "'main' ended with exit code 4: no luck" in end.text("trial.log")
    assert "'sleep 60' in 'main' ended with exit code 124" in end.text("trial.log")


def test_what_a_crash_left_is_collected_too(ended: Look) -> None:
    end = ended("hooks after a crash")

    assert (end.result.outcome, end.kind) == (Outcome.FAILED, "AgentCrashed")
    assert (end.folder / "artifacts/logs/artifacts/when").exists()
