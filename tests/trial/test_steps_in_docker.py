"""Tasks of several steps from start to end, in real containers."""

import json
from collections.abc import Iterator, Mapping

import pytest

from autoloop.records import Outcome, TrialRules
from tests.trial.conftest import TOML, Bench, Case, Look, on_their_way, script

pytestmark = pytest.mark.docker

QUIRKS = TrialRules(harbor_quirks=True)
BOTH = TOML + '[[steps]]\nname = "one"\n[[steps]]\nname = "two"\n'
GATED = BOTH.replace('"one"\n', '"one"\nmin_reward = 0.5\n')
SHORT = BOTH.replace('"one"\n', '"one"\n[steps.agent]\ntimeout_sec = 4.0\n')
LISTS = "ls -A /tests /logs/verifier /logs/agent /logs/artifacts"
COUNTER = """
turns = []

def solve(instruction, env, model):
    turns.append(instruction.strip())
    env.run(f"printf '{len(turns)} {instruction.strip()}\\\\n' >> turns")
"""
WAITS_AT_FIRST = """
def solve(instruction, env, model):
    env.run("echo >> turns")
    env.run("sleep 60" if "one" in instruction else "echo done >> turns")
"""
CRASHES_AT_LAST = """
def solve(instruction, env, model):
    assert "two" not in instruction, "out of ideas"
"""
CRASHES_AT_FIRST = CRASHES_AT_LAST.replace("two", "one")


def steps(
    one: str | float, two: str | float, more: Mapping[str, str] | None = None
) -> dict[str, str]:
    """Files of a task with two steps; a number is the reward of a step's verifier."""
    files = {"instruction.md": "", "solution/solve.sh": "", "tests/test.sh": ""}
    for name, test in (("one", one), ("two", two)):
        body = test if isinstance(test, str) else f"echo {test} > /logs/verifier/reward.txt"
        files[f"steps/{name}/instruction.md"] = f"step {name}\n"
        files[f"steps/{name}/tests/test.sh"] = script(body)
        files[f"steps/{name}/solution/solve.sh"] = script(f"echo {name} >> /app/log")
    return {**files, **(more or {})}


def solved(**bodies: str) -> dict[str, str]:
    """Solutions of steps."""
    return {f"steps/{name}/solution/solve.sh": script(body) for name, body in bodies.items()}


LEFTOVERS = steps(
    "touch /tests/left /logs/verifier/left; echo 1 > /logs/verifier/reward.txt",
    f"{LISTS}; cat /app/seen; echo 1 > /logs/verifier/reward.txt",
    solved(
        one="touch /logs/agent/mine /logs/artifacts/mine",
        two=f"{LISTS} > /app/seen; test -e /solution/solve.sh && echo kept >> /app/seen",
    ),
)
CASES = {
    "mean": Case(agent="oracle", toml=BOTH, files=steps(1, 0)),
    "final": Case(
        agent="oracle",
        toml='multi_step_reward_strategy = "final"\n' + BOTH,
        files=steps(1, 0.25),
    ),
    "gate": Case(agent="oracle", toml=GATED, files=steps(0.2, 1)),
    "gate as in Harbor": Case(agent="oracle", toml=GATED, files=steps(0.2, 1), rules=QUIRKS),
    "workdir": Case(
        agent="oracle",
        toml=BOTH.replace("[agent]", '[agent]\nuser = "nobody"\n')
        + '[steps.healthcheck]\ncommand = "test -e brought"\n',
        files=steps(
            'test "$(cat /app/log)" = "one" && echo 1 > /logs/verifier/reward.txt',
            'test "$(cat seen)" = "payload nobody" && echo 1 > /logs/verifier/reward.txt',
            {
                "environment/Dockerfile": "FROM autoloop/base:bookworm\nWORKDIR /app\n"
                "RUN chmod 777 /app\n",
                "steps/two/workdir/brought": "payload",
                "steps/two/workdir/setup.sh": script("id -un > who"),
                **solved(two='echo "$(cat brought) $(cat who)" > seen'),
            },
        ),
    ),
    "setup fails later": Case(
        agent="oracle",
        toml=BOTH,
        files=steps(1, 1, {"steps/two/workdir/setup.sh": script("echo no luck; exit 3")}),
    ),
    "setup fails at first": Case(
        agent="oracle",
        toml=BOTH,
        files=steps(1, 1, {"steps/one/workdir/setup.sh": script("echo no luck; exit 3")}),
    ),
    "unhealthy later": Case(
        agent="oracle",
        toml=BOTH + '[steps.healthcheck]\ncommand = "exit 1"\nretries = 1\n',
        files=steps(1, 1),
        rules=QUIRKS,
    ),
    "time is over": Case(agent="oracle", toml=SHORT, files=steps(0.5, 1, solved(one="sleep 60"))),
    "time of agent.py is over": Case(
        agent=WAITS_AT_FIRST,
        toml=SHORT,
        files=steps(0.5, 'test "$(tail -n 1 turns)" = done && echo 1 > /logs/verifier/reward.txt'),
    ),
    "no reward": Case(agent="oracle", toml=BOTH, files=steps("true", 1)),
    "clean": Case(agent="oracle", toml=BOTH, files=LEFTOVERS),
    "clean as in Harbor": Case(agent="oracle", toml=BOTH, files=LEFTOVERS, rules=QUIRKS),
    "shared tests": Case(
        agent="oracle",
        toml=BOTH,
        files=steps(
            "true",
            "bash /tests/shared.sh 0.5",
            {
                "tests/test.sh": script("bash /tests/shared.sh 1"),
                "tests/shared.sh": script("echo $1 > /logs/verifier/reward.txt"),
                "steps/one/tests/test.sh": "",
                "steps/one/tests/data": "x",
            },
        ),
    ),
    "solution at last": Case(
        agent="oracle",
        toml=BOTH,
        files=steps(0, 1, {"steps/one/solution/solve.sh": ""}),
    ),
    "one process": Case(
        agent=COUNTER,
        toml=BOTH,
        files=steps(
            'test "$(cat turns)" = "1 step one" && echo 1 > /logs/verifier/reward.txt',
            'test "$(tail -n 1 turns)" = "2 step two" && echo 1 > /logs/verifier/reward.txt',
        ),
    ),
    "crash at last": Case(agent=CRASHES_AT_LAST, toml=BOTH, files=steps(1, 1)),
    "crash at first": Case(agent=CRASHES_AT_FIRST, toml=BOTH, files=steps(1, 1)),
    "crash as in Harbor": Case(
        agent=CRASHES_AT_FIRST, toml=BOTH, files=steps(1, 0.5), rules=QUIRKS
    ),
}


@pytest.fixture(scope="module")
def ended(bench: Bench) -> Iterator[Look]:
    with on_their_way(bench, CASES) as look:
        yield look


@pytest.mark.parametrize(
    ("name", "reward", "own"),
    [
        ("mean", 0.5, [1.0, 0.0]),
        ("final", 0.25, [1.0, 0.25]),
        ("gate", 0.1, [0.2]),
        ("gate as in Harbor", 0.2, [0.2]),
        ("workdir", 1.0, [1.0, 1.0]),
        ("clean", 1.0, [1.0, 1.0]),
        ("clean as in Harbor", 1.0, [1.0, 1.0]),
        ("shared tests", 0.75, [1.0, 0.5]),
        ("one process", 1.0, [1.0, 1.0]),
    ],
)
def test_the_rewards_of_the_steps_become_one(
    ended: Look, name: str, reward: float, own: list[float]
) -> None:
    result = ended(name).result

    assert result.outcome is Outcome.SCORED, result.failure
    assert result.reward == pytest.approx(reward)
    assert [step.rewards["reward"] for step in result.steps] == own
    assert result.failure is None


@pytest.mark.parametrize(
    ("name", "reward", "kinds"),
    [
        ("setup fails later", 0.5, [None, "StepSetupError"]),
        ("unhealthy later", 1.0, [None, "HealthcheckError"]),
        ("time is over", 0.75, ["AgentTimeoutError", None]),
        ("time of agent.py is over", 0.75, ["AgentTimeoutError", None]),
        ("solution at last", 0.5, ["FileNotFoundError", None]),
        ("crash at last", 0.5, [None, "AgentCrashed"]),
        ("crash as in Harbor", 0.75, ["AgentCrashed", None]),
    ],
)
def test_a_failed_step_stands_beside_what_others_earned(
    ended: Look, name: str, reward: float, kinds: list[str | None]
) -> None:
    end = ended(name)

    assert end.result.outcome is Outcome.SCORED, end.result.failure
    assert end.result.reward == pytest.approx(reward)
    assert [step.failure and step.failure.kind for step in end.result.steps] == kinds
    assert end.kind == next(kind for kind in kinds if kind)


@pytest.mark.parametrize(
    ("name", "kind"), [("no reward", "RewardFileNotFoundError"), ("crash at first", "AgentCrashed")]
)
def test_a_trial_whose_only_begun_step_failed_has_failed(ended: Look, name: str, kind: str) -> None:
    end = ended(name)

    assert (end.result.outcome, end.kind) == (Outcome.FAILED, kind)
    assert [step.name for step in end.result.steps] == ["one"]


def test_what_fails_before_any_agent_was_there_is_not_its_fault(ended: Look) -> None:
    end = ended("setup fails at first")

    assert (end.result.outcome, end.kind) == (Outcome.INVALID, "StepSetupError")
    assert "exit code 3: no luck" in end.message


def test_each_step_leaves_its_files_in_a_folder_of_its_own(ended: Look) -> None:
    folder = ended("clean").folder

    assert sorted(path.name for path in folder.iterdir()) == ["config.json", "result.json", "steps"]
    assert (folder / "steps/one/verifier/left").exists()
    assert (folder / "steps/one/agent/mine").exists()
    assert (folder / "steps/one/artifacts/logs/artifacts/mine").exists()
    assert not (folder / "steps/two/agent/mine").exists()


@pytest.mark.parametrize("name", ["clean", "clean as in Harbor"])
def test_nothing_of_a_steps_tests_and_logs_is_there_in_the_next(ended: Look, name: str) -> None:
    said = ended(name).text("steps/two/verifier/test-stdout.txt")

    assert "left" not in said
    assert "mine" not in said
    assert said.count("test.sh") == 1
    assert "kept" in said


def test_each_step_has_a_trace_of_its_own_and_all_are_shown_in_order(ended: Look) -> None:
    end = ended("one process")

    one = end.text("steps/one/agent/trajectory.json")
    assert "step one" in one
    assert "step two" not in one
    assert end.trace.startswith("=== step one\n")
    assert end.trace.index("1 step one") < end.trace.index("=== step two\n")


def test_steps_are_written_as_harbor_writes_them(ended: Look) -> None:
    result = json.loads(ended("no reward").text("result.json"))

    (step,) = result["step_results"]
    assert step["step_name"] == "one"
    assert step["exception_info"]["exception_type"] == "RewardFileNotFoundError"
    assert set(step) > {"agent_execution", "verifier"}
    assert result["verifier_environment_mode"] is None
