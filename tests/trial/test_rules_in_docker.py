"""What the rules of a run change, and what a task may get wrong, in real containers."""

import json
from collections.abc import Iterator

import pytest

from autoloop.records import Outcome, Timeouts, TrialRules
from tests.trial.conftest import TOML, Bench, Case, Look, on_their_way, script

pytestmark = pytest.mark.docker

QUIRKS = TrialRules(harbor_quirks=True)
ZERO = "echo 0 > /logs/verifier/reward.txt"
ONE = "echo 1 > /logs/verifier/reward.txt"
BOTH_KEYS = """echo '{"acc": 0.5, "speed": 1}' > /logs/verifier/reward.json"""
SHORT = TOML.replace("60.0", "4.0")
LATE = "sleep 7; echo late > /app/late"
SEES_LATE = f"for i in $(seq 50); do [ -e late ] && {ONE} && exit; sleep 0.2; done; {ZERO}"
HANGING_CHECK = (
    '[environment.healthcheck]\ncommand = "test -e /once || { touch /once; sleep 60; }"\n'
    "timeout_sec = 3.0\ninterval_sec = 0.05\nretries = 3\n"
)
SECRETS = """[verifier.env]
MY_API_KEY = "sk-supersecretvalue"
SHORT_KEY = "abc"
[environment.env]
PLAIN = "plain-value-here"
DB_PASSWORD = 'pass"word\\of-db'
"""
PRINTER = """
def solve(instruction, env, model):
    print(env.run("echo $DB_PASSWORD $PLAIN | tee /logs/agent/said").stdout)
    env.run("(head -c 1 /dev/zero; printenv DB_PASSWORD) > /logs/agent/binary")
    raise RuntimeError(env.run("printenv DB_PASSWORD").stdout)
"""
PLANTS_JSON = """echo '{"reward": 1}' > /logs/verifier/reward.json"""


def solution(body: str) -> dict[str, str]:
    return {"solution/solve.sh": script(body)}


CASES = {
    "a24": Case(agent="oracle", files=solution(PLANTS_JSON), test=ZERO),
    "a24 quirk": Case(agent="oracle", files=solution(PLANTS_JSON), test=ZERO, rules=QUIRKS),
    "a25 quirk": Case(agent="oracle", files=solution(ONE), test="exit 1", rules=QUIRKS),
    "a26": Case(
        agent="oracle",
        files=solution("ls -d /tests /solution"),
        test=f"test -e /solution/solve.sh && {ONE}",
        rules=TrialRules(verification="shared"),
    ),
    "a32": Case(
        agent="oracle",
        files={
            "environment/Dockerfile": "FROM autoloop/base:bookworm\n"
            "RUN mkdir /tests && echo left > /tests/left && echo old > /tests/data\nWORKDIR /app\n",
            "tests/data": "new",
        },
        test=f'test "$(cat /tests/left /tests/data)" = "$(printf "left\\nnew")" && {ONE}',
    ),
    "b01": Case(agent="oracle", files=solution("echo hi; exit 3"), test=ONE),
    "b03": Case(agent="oracle", toml=SHORT, files=solution(LATE), test=SEES_LATE),
    "b03 quirk": Case(
        agent="oracle", toml=SHORT, files=solution(LATE), test=SEES_LATE, rules=QUIRKS
    ),
    "in time quirk": Case(agent="oracle", files=solution("exit 5"), test=ONE, rules=QUIRKS),
    "agent.py quirk": Case(
        agent=f"def solve(i, env, m):\n    env.run({LATE!r})\n",
        toml=SHORT,
        test=SEES_LATE,
        rules=QUIRKS,
    ),
    "b06": Case(agent="oracle", toml=TOML.replace("[v", 'user = "ghost"\n[v', 1), test=ONE),
    "b06 quirk": Case(
        agent="oracle", toml=TOML.replace("[v", 'user = "ghost"\n[v', 1), test=ONE, rules=QUIRKS
    ),
    "number": Case(
        agent="oracle",
        toml=TOML.replace("[v", 'user = "12345"\n[v', 1),
        files=solution("id -u > /tmp/id"),
        test=f"test $(cat /tmp/id) = 12345 && {ONE}",
    ),
    "c12": Case(
        files={
            "environment/Dockerfile": "FROM autoloop/base:bookworm\n"
            "RUN rm -f /bin/bash /usr/bin/bash\n"
        }
    ),
    "bash removed": Case(agent="def solve(i, env, m):\n    env.run('rm $(which -a bash)')\n"),
    "hanging check": Case(toml=TOML + HANGING_CHECK, test=ONE),
    "hanging check quirk": Case(toml=TOML + HANGING_CHECK, test=ONE, rules=QUIRKS),
    "auto": Case(test=BOTH_KEYS),
    "mean": Case(test=BOTH_KEYS.replace("acc", "reward"), rules=TrialRules(reward="mean")),
    "key": Case(test=BOTH_KEYS, rules=TrialRules(reward="speed")),
    "no key": Case(test=BOTH_KEYS, rules=TrialRules(reward="style")),
    "no numbers": Case(test="echo '{}' > /logs/verifier/reward.json"),
    "short by default": Case(
        agent="def solve(i, e, m):\n    while True: pass\n",
        toml="[verifier]\ntimeout_sec = 30.0\n",
        test=ONE,
        rules=TrialRules(default_timeout_s=100.0, timeouts=Timeouts(agent_multiplier=0.01)),
    ),
    "verifier at most": Case(
        test=f"{ONE}; sleep 60", rules=TrialRules(timeouts=Timeouts(max_verifier_s=1.0))
    ),
    "secrets": Case(agent=PRINTER, toml=TOML + SECRETS),
    "f09": Case(toml=TOML + SECRETS, test=f'echo "the key is $MY_API_KEY $SHORT_KEY"; {ONE}'),
}


@pytest.fixture(scope="module")
def ended(bench: Bench) -> Iterator[Look]:
    with on_their_way(bench, CASES) as look:
        yield look


@pytest.mark.parametrize(
    ("name", "reward", "kind"),
    [
        ("a24", 0.0, None),
        ("a24 quirk", 1.0, None),
        ("a25 quirk", 1.0, None),
        ("a26", 1.0, None),
        ("a32", 1.0, None),
        ("b01", 1.0, None),
        ("b03", 0.0, "AgentTimeoutError"),
        ("b03 quirk", 1.0, "AgentTimeoutError"),
        ("in time quirk", 1.0, None),
        ("agent.py quirk", 1.0, "AgentTimeoutError"),
        ("b06 quirk", 1.0, None),
        ("number", 1.0, None),
        ("hanging check", 1.0, None),
        ("auto", 0.75, None),
        ("mean", 0.75, None),
        ("key", 1.0, None),
        ("short by default", 1.0, "AgentTimeoutError"),
    ],
)
def test_the_number_that_counts_follows_the_rules(
    ended: Look, name: str, reward: float, kind: str | None
) -> None:
    end = ended(name)

    assert end.result.outcome is Outcome.SCORED, end.result.failure
    assert (end.result.reward, end.kind) == (reward, kind)


@pytest.mark.parametrize(
    ("name", "outcome", "kind", "words"),
    [
        ("b06", Outcome.INVALID, "TaskError", "The user 'ghost' of [agent].user"),
        ("c12", Outcome.INVALID, "TaskError", "with bash"),
        ("bash removed", Outcome.FAILED, "Tampered", "bash"),
        ("hanging check quirk", Outcome.INVALID, "HealthcheckError", "ended after 3 s"),
        ("no key", Outcome.FAILED, "RewardKeyError", "'style'"),
        ("no numbers", Outcome.FAILED, "VerifierOutputParseError", "names no reward"),
        ("verifier at most", Outcome.FAILED, "VerifierTimeoutError", "longer than the 1 s"),
    ],
)
def test_what_cannot_be_counted_says_why(
    ended: Look, name: str, outcome: Outcome, kind: str, words: str
) -> None:
    end = ended(name)

    assert (end.result.outcome, end.kind, end.result.reward) == (outcome, kind, 0.0)
    assert words in end.message


def test_an_exit_code_of_the_solution_is_kept(ended: Look) -> None:
    assert ended("b01").text("agent/exit-code.txt") == "3"
    assert ended("in time quirk").text("agent/exit-code.txt") == "5"
    assert "/tests" in ended("a26").text("agent/oracle.txt")


def test_the_keys_that_are_there_are_named_and_kept(ended: Look) -> None:
    end = ended("no key")

    assert "it wrote 'acc', 'speed'" in end.message
    assert end.result.rewards == {"acc": 0.5, "speed": 1.0}


def test_a_secret_that_the_tests_print_is_not_kept(ended: Look) -> None:
    said = ended("f09").text("verifier/test-stdout.txt")

    assert said == "the key is [REDACTED] abc\n"


def test_a_secret_of_the_environment_is_in_no_file_and_no_message(ended: Look) -> None:
    end = ended("secrets")

    plain = 'pass"word\\of-db'
    spellings = (plain, json.dumps(plain)[1:-1])
    texts = [path.read_bytes().decode() for path in end.folder.rglob("*") if path.is_file()]
    clean = [text for text in texts if "\0" not in text]
    assert len(clean) == len(texts) - 1
    assert not [text for text in [*clean, end.message] if any(s in text for s in spellings)]
    assert "[REDACTED] plain-value-here" in end.text("agent/said")
    assert "RuntimeError: [REDACTED]" in end.message
