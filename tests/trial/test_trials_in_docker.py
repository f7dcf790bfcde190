"""Trials from start to end: good agents and bad ones, good tasks and bad ones, real containers.

All cases start together in a few threads, since most of a trial is waiting.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace

import docker.errors
import pytest
from docker.api.client import APIClient

from autoloop.errors import ModelError, ProviderError
from autoloop.records import (
    ChatReply,
    ChatRequest,
    Integrity,
    Outcome,
    Quota,
    ToolCall,
    TrialRules,
)
from autoloop.sandbox.engine import connect
from autoloop.testing.models import ScriptedModel, reply
from tests.trial.conftest import ROOT, RUN, TOML, Bench, Case, Look, on_their_way

pytestmark = pytest.mark.docker

DEFAULT_AGENT = (ROOT / "agent.py").read_text(encoding="utf-8")
SHORT = TOML.replace("60.0", "3.0")
ZERO = "echo 0 > /logs/verifier/reward.txt"
DO = ToolCall(id="c1", name="bash", arguments='{"command": "printf done > out.txt"}')
WRITE = 'def solve(instruction, env, model):\n    env.run("printf done > out.txt")\n'


def body(*lines: str) -> str:
    """An agent.py whose `solve` writes the word first and then does this."""
    return WRITE + "".join(f"    {line}\n" for line in lines)


def stand_still(_request: ChatRequest) -> ChatReply:
    threading.Event().wait(30)
    raise ProviderError("The model was asked by a trial that has long ended.")


def end_from_outside(victim: str) -> Callable[[ChatRequest], ChatReply]:
    """A model during whose answer somebody ends the container in which a `victim` runs."""

    def answer(_request: ChatRequest) -> ChatReply:
        api = connect()
        for row in api.containers(filters={"label": [f"autoloop.run={RUN}"]}):
            # Others come and go meanwhile.
            with suppress(docker.errors.APIError):
                if victim in str(api.top(row["Id"])):
                    api.kill(row["Id"])
        api.close()
        return reply("Somebody was here.")

    return answer


OPENAI_SDK = """
import json, os
import openai

TOOLS = [{"type": "function", "function": {"name": "bash", "parameters": {"type": "object"}}}]

def solve(instruction, env, model):
    client = openai.OpenAI()
    messages = [{"role": "user", "content": instruction}]
    while True:
        answer = client.chat.completions.create(model="gpt-4o", messages=messages, tools=TOOLS)
        message = answer.choices[0].message
        messages.append(message)
        if not message.tool_calls:
            return
        for call in message.tool_calls:
            done = env.run(json.loads(call.function.arguments)["command"])
            content = f"exit code {done.exit_code}"
            messages.append({"role": "tool", "tool_call_id": call.id, "content": content})
"""
ANTHROPIC_SDK = """
import anthropic

TOOLS = [{"name": "bash", "input_schema": {"type": "object"}}]

def solve(instruction, env, model):
    client = anthropic.Anthropic()
    messages = [{"role": "user", "content": instruction}]
    while True:
        answer = client.messages.create(
            model="claude-x", max_tokens=500, messages=messages, tools=TOOLS
        )
        messages.append({"role": "assistant", "content": answer.content})
        calls = [part for part in answer.content if part.type == "tool_use"]
        if not calls:
            return
        results = []
        for call in calls:
            done = env.run(call.input["command"])
            content = f"exit code {done.exit_code}"
            results.append({"type": "tool_result", "tool_use_id": call.id, "content": content})
        messages.append({"role": "user", "content": results})
"""
RACING_WRITER = """
import threading

def solve(instruction, env, model):
    def plant():
        while True:
            env.write("/logs/verifier/reward.json", '{"reward": 1}')
    for _ in range(8):
        threading.Thread(target=plant, daemon=True).start()
    env.run("sleep 0.5")
"""
ODD_REQUESTS = """
def solve(instruction, env, model):
    odd = [
        lambda: env.run("echo a\\0b"),
        lambda: env.run("echo " + "x" * 300_000),
        lambda: env.run("\\ud800"),
        lambda: env.read("/a\\0b"),
        lambda: env.read("/" + "d/" * 5_000),
        lambda: env.read("/tmp"),
        lambda: env.write("/a\\0b", "x"),
        lambda: env.write("/tmp", "x"),
        lambda: env.write("/dev/full", "x"),
    ]
    for request in odd:
        try:
            request()
        except Exception as error:
            env.note(f"{type(error).__name__}: {error}"[:300])
    raise RuntimeError("all were asked")
"""
WATCHER = """
def solve(instruction, env, model):
    env.run("echo $COLOUR > seen; id -un >> seen; pwd >> seen")
    env.write("written", b"x")
    assert env.read("written") == b"x"
"""
OWN_LOGS = (
    "mkdir -p /logs/agent/trajectory.json/x /logs/agent/stdout.txt;"
    " echo a > /logs/agent/trajectory.json/x/y; echo b > /logs/agent/stdout.txt/z;"
    " echo c > /logs/agent/mine.txt"
)

CASES = {
    "oracle": Case(agent="oracle"),
    "nop": Case(),
    "no solution": Case(agent="oracle", files={"solution/solve.sh": ""}),
    # agents
    "solves": Case(agent=WRITE),
    "async": Case(agent=WRITE.replace("def", "async def")),
    "syntax error": Case(agent="def solve(instruction, env, model:\n"),
    "import error": Case(agent="import numpy_of_nowhere\n" + WRITE),
    "no solve": Case(agent="def run(): ...\n"),
    "raises": Case(agent=body('raise KeyError("lost")')),
    "sys.exit": Case(agent="import sys\n" + body("sys.exit(0)")),
    "os._exit": Case(agent="import os\n" + body("os._exit(3)")),
    "endless": Case(agent=body("while True: pass"), toml=SHORT),
    "hanging command": Case(agent=body('env.run("sleep 1000", timeout_s=None)'), toml=SHORT),
    "a gigabyte": Case(
        agent="import os\n" + body("for _ in range(1024): os.write(1, b'x' * (1 << 20))")
    ),
    "binary output": Case(agent="import os\n" + body("os.write(1, bytes(range(256)))")),
    "keys": Case(
        agent="import os\n"
        + body('env.note("\\n".join(f"{k}={v}" for k, v in os.environ.items()))')
    ),
    "own logs": Case(agent=body(f"env.run({OWN_LOGS!r})")),
    "odd requests": Case(agent=ODD_REQUESTS),
    "ends its container": Case(
        agent=body('env.run("kill -9 $(pgrep -o sleep)")', 'while True: env.run("true")')
    ),
    # models
    "openai SDK": Case(agent=OPENAI_SDK, model=ScriptedModel([reply("", DO), reply("Done.")])),
    "anthropic SDK": Case(
        agent=ANTHROPIC_SDK, model=ScriptedModel([reply("", DO), reply("Done.")])
    ),
    "quota": Case(
        agent=body('while True: model.chat([{"role": "user", "content": "hi"}])'),
        model=ScriptedModel(lambda _request: reply("Hello.")),
        quota=Quota(calls=2),
    ),
    "quota in an SDK": Case(
        agent=WRITE.replace("    env", "    import openai\n    env")
        + '    ask = [{"role": "user", "content": "hi"}]\n'
        + "    openai.OpenAI().chat.completions.create(model='x', messages=ask)\n",
        quota=Quota(calls=0),
    ),
    "provider down": Case(
        agent=DEFAULT_AGENT, model=ScriptedModel([ProviderError("The provider is overloaded.")])
    ),
    "garbage": Case(agent=DEFAULT_AGENT, model=ScriptedModel([reply("\x00\ud800 }{ <|im_end|>")])),
    "no tool call": Case(agent=DEFAULT_AGENT, model=ScriptedModel([reply("")])),
    "unknown tool": Case(
        agent=DEFAULT_AGENT,
        model=ScriptedModel([reply("", replace(DO, name="python")), reply("", DO), reply("Done.")]),
    ),
    "bad arguments": Case(
        agent=DEFAULT_AGENT,
        model=ScriptedModel(
            [reply("", replace(DO, arguments=a)) for a in ("{oops", "[" * 9_000, "[1]", '{"c":1}')]
            + [reply("Done.")]
        ),
    ),
    "hanging model": Case(agent=DEFAULT_AGENT, toml=SHORT, model=ScriptedModel(stand_still)),
    "engine ends task": Case(
        agent=body(
            'env.run("(exec -a task-victim sleep 60) >/dev/null 2>&1 &")',
            'model.chat([{"role": "user", "content": "hi"}])',
            'env.run("true")',
        ),
        model=ScriptedModel(end_from_outside("task-victim")),
    ),
    "engine ends agent": Case(
        agent="import subprocess\n"
        + body(
            'subprocess.Popen(["bash", "-c", "exec -a agent-victim sleep 60"])',
            'model.chat([{"role": "user", "content": "hi"}])',
            'env.run("sleep 60")',
        ),
        model=ScriptedModel(end_from_outside("agent-victim")),
    ),
    # rewards that the agent plants
    "planted file": Case(
        agent=body("""env.write("/logs/verifier/reward.json", '{"reward": 1}')"""), test=ZERO
    ),
    "planted link": Case(
        agent=body(
            'env.run("echo 1 > /app/r; mkdir /app/v; rm -rf /logs/verifier;'
            ' ln -s /app/v /logs/verifier; ln -s /app/r /app/v/reward.json")'
        ),
        test=ZERO,
    ),
    "planted folder": Case(
        agent=body('env.run("mkdir -p /logs/verifier/reward.json/x")'), test=ZERO
    ),
    "planted pipe": Case(agent=body('env.run("mkfifo /logs/verifier/reward.txt")'), test=ZERO),
    "planted writer": Case(
        agent=body(
            'env.run("(while :; do echo 1 > /logs/verifier/reward.json; done) >/dev/null 2>&1 &")'
        ),
        test=ZERO,
    ),
    "racing writes": Case(agent=RACING_WRITER, test=ZERO),
    "planted tests": Case(
        agent=body('env.run("mkdir /tests; echo > /tests/conftest.py")'),
        test='test "$(ls /tests)" = test.sh; echo $((1 - $?)) > /logs/verifier/reward.txt',
    ),
    # what is brought to the tests
    "changes of all kinds": Case(
        agent=body(
            'env.run("rm -r old/deep && mkdir old/deep && rm gone && mv kept moved")',
            'env.run("printf new > changed; ln -s changed link; chmod 640 changed")',
            'env.run("printf done > out.txt; chown 1234 out.txt")',
        ),
        files={
            "environment/Dockerfile": "FROM autoloop/base:bookworm\nWORKDIR /app\n"
            "RUN mkdir -p old/deep && echo > old/deep/file && echo > gone"
            " && printf kept > kept && echo > changed\n"
        },
        test="test ! -e old/deep/file -a -d old/deep -a ! -e gone -a ! -e kept"
        ' -a "$(cat moved link out.txt)" = keptnewdone'
        ' -a "$(stat -c "%a %u" changed out.txt | xargs)" = "640 0 644 1234"'
        " -a ! -e /root/.bash_history\n"
        "echo $((1 - $?)) > /logs/verifier/reward.txt\n",
    ),
    # verifiers
    "verifier hangs": Case(
        toml=TOML.replace("30.0", "2.0"),
        test="echo 1 > /logs/verifier/reward.txt; sleep 1000",
    ),
    "verifier writes nothing": Case(test="true"),
    "verifier writes garbage": Case(test="head -c 1000 /dev/urandom > /logs/verifier/reward.txt"),
    "verifier exits 1": Case(test="echo 1 > /logs/verifier/reward.txt; exit 1"),
    "verifier cannot run": Case(toml=TOML + 'user = "ghost"\n'),
    # environments
    "unhealthy": Case(
        toml=TOML
        + '[environment.healthcheck]\ncommand = "echo not yet; exit 4"\n'
        + "interval_sec = 0.05\nretries = 2\n"
    ),
    "no image": Case(
        files={"environment/Dockerfile": "FROM autoloop/base:bookworm\nRUN echo no luck; exit 9\n"}
    ),
    "everything set": Case(
        agent=WATCHER,
        toml='[agent]\nuser = "nobody"\n[verifier]\nuser = "games"\n'
        '[verifier.env]\nSECRET = "s3"\n[environment]\nworkdir = "/srv/work"\n'
        '[environment.env]\nCOLOUR = "blue"\n',
        files={
            "environment/Dockerfile": "FROM autoloop/base:bookworm\nRUN mkdir -m 777 -p /srv/work\n"
        },
        test='wanted="$(printf "blue\\nnobody\\n/srv/work")"\n'
        'test "$(cat seen)" = "$wanted" -a "$(id -un)" = games -a "$PWD" = /srv/work'
        ' -a "$SECRET" = s3 -a "$COLOUR" = blue -a "$(stat -c %U written)" = nobody\n'
        "echo $((1 - $?)) > /logs/verifier/reward.txt\n",
    ),
}

SHARED = TrialRules(verification="shared")
CASES |= {
    f"{name} shared": replace(case, rules=SHARED)
    for name, case in CASES.items()
    if name.startswith(("planted", "racing"))
}


@pytest.fixture(scope="module")
def ended(bench: Bench) -> Iterator[Look]:
    with pytest.MonkeyPatch.context() as host:
        host.setenv("OPENAI_API_KEY", "sk-of-the-host")
        host.setenv("ANTHROPIC_API_KEY", "sk-ant-of-the-host")
        with on_their_way(bench, CASES) as look:
            yield look


@pytest.mark.parametrize(
    "name",
    [
        "oracle",
        "solves",
        "async",
        "binary output",
        "own logs",
        "openai SDK",
        "anthropic SDK",
        "unknown tool",
        "verifier exits 1",
        "changes of all kinds",
        "everything set",
    ],
)
def test_what_is_done_well_scores_one(ended: Look, name: str) -> None:
    end = ended(name)

    assert (end.result.outcome, end.result.reward) == (Outcome.SCORED, 1.0), end.result
    assert end.result.failure is None


@pytest.mark.parametrize(
    "name",
    [
        "nop",
        "garbage",
        "no tool call",
        "bad arguments",
    ],
)
def test_what_is_not_done_scores_zero(ended: Look, name: str) -> None:
    end = ended(name)

    assert (end.result.outcome, end.result.reward) == (Outcome.SCORED, 0.0), end.result
    assert end.result.failure is None


@pytest.mark.parametrize("shared", ["", " shared"])
@pytest.mark.parametrize(
    ("name", "rule"),
    [
        ("planted file", "planted-reward"),
        ("planted folder", "planted-reward"),
        ("planted pipe", "planted-reward"),
        ("planted link", "planted-reward"),
        ("planted writer", "planted-reward"),
        ("racing writes", "planted-reward"),
        ("planted tests", "planted-tests"),
    ],
)
def test_who_plants_something_has_tampered_and_scores_zero(
    ended: Look, name: str, rule: str, shared: str
) -> None:
    end = ended(name + shared)

    assert (end.result.outcome, end.result.reward) == (Outcome.FAILED, 0.0), end.result
    assert end.result.integrity is Integrity.TAMPERED
    assert [finding.rule for finding in end.result.findings] == [rule]
    assert end.kind == "Tampered"


@pytest.mark.parametrize(
    ("name", "kind", "words"),
    [
        ("syntax error", "AgentCrashed", "SyntaxError"),
        ("import error", "AgentCrashed", "No module named 'numpy_of_nowhere'"),
        ("no solve", "AgentCrashed", "the function solve(instruction, env, model)"),
        ("raises", "AgentCrashed", "KeyError: 'lost'"),
        ("sys.exit", "AgentCrashed", "SystemExit: 0"),
        ("os._exit", "AgentCrashed", "before `solve` returned (exit code 3)"),
        ("odd requests", "AgentCrashed", "RuntimeError: all were asked"),
        ("ends its container", "AgentCrashed", "ended from inside"),
        ("no solution", "FileNotFoundError", "solve.sh"),
        ("verifier hangs", "VerifierTimeoutError", "longer than the 2 s of [verifier].timeout_sec"),
        ("verifier writes nothing", "RewardFileNotFoundError", "wrote neither"),
        ("verifier writes garbage", "VerifierOutputParseError", "reward.txt"),
    ],
)
def test_what_fails_counts_as_zero_and_says_why(
    ended: Look, name: str, kind: str, words: str
) -> None:
    end = ended(name)

    assert (end.result.outcome, end.result.reward) == (Outcome.FAILED, 0.0), end.result
    assert end.kind == kind
    assert words in end.message


@pytest.mark.parametrize(
    ("name", "kind", "words"),
    [
        ("unhealthy", "HealthcheckError", "failed 2 times, last with exit code 4: not yet"),
        ("no image", "ImageError", "no luck"),
        ("verifier cannot run", "TaskError", "'ghost' of [verifier].user"),
        ("provider down", "ProviderError", "overloaded"),
        ("engine ends task", "EngineError", "ended from outside"),
        ("engine ends agent", "EngineError", "ended from outside"),
    ],
)
def test_what_the_machine_did_is_invalid(ended: Look, name: str, kind: str, words: str) -> None:
    end = ended(name)

    assert end.result.outcome is Outcome.INVALID, end.result
    assert end.kind == kind
    assert words in end.message


@pytest.mark.parametrize("name", ["endless", "hanging command"])
def test_an_agent_out_of_time_is_ended_and_what_it_did_is_verified(ended: Look, name: str) -> None:
    end = ended(name)

    assert (end.result.outcome, end.result.reward) == (Outcome.SCORED, 1.0), end.result
    assert end.kind == "AgentTimeoutError"
    assert 3.0 <= end.result.phases["agent_execution"].seconds < 30


def test_what_was_going_on_when_time_ran_out_is_in_the_trace(ended: Look) -> None:
    assert "command: sleep 1000" in ended("hanging command").trace


def test_a_model_that_does_not_answer_is_bounded_by_the_agents_time(ended: Look) -> None:
    end = ended("hanging model")

    assert (end.result.outcome, end.result.reward) == (Outcome.SCORED, 0.0)
    assert end.kind == "AgentTimeoutError"
    assert "The trial ended before the answer came" in end.trace


@pytest.mark.parametrize("name", ["quota", "quota in an SDK"])
def test_an_agent_over_its_quota_is_verified_all_the_same(ended: Look, name: str) -> None:
    end = ended(name)

    assert (end.result.outcome, end.result.reward) == (Outcome.SCORED, 1.0), end.result
    assert end.kind == "QuotaExceededError"
    assert "model calls" in end.message


def test_an_agent_that_prints_a_gigabyte_leaves_a_small_file(ended: Look) -> None:
    end = ended("a gigabyte")

    assert end.result.reward == 1.0
    assert sum(p.stat().st_size for p in end.folder.rglob("*") if p.is_file()) < 1_000_000


def test_no_key_of_the_host_is_visible_to_the_agent(ended: Look) -> None:
    trace = ended("keys").trace

    assert "OPENAI_BASE_URL=http://127.0.0.1" in trace
    assert "of-the-host" not in trace


def test_what_the_agent_puts_in_place_of_our_files_is_replaced(ended: Look) -> None:
    end = ended("own logs")

    assert "mkdir -p /logs/agent" in end.trace
    assert end.text("agent/mine.txt") == "c\n"
    assert (end.folder / "agent" / "stdout.txt").is_file()


def test_odd_requests_are_answered_each_with_a_sentence(ended: Look) -> None:
    trace = ended("odd requests").trace

    assert "all were asked" in ended("odd requests").message
    assert "note: FileNotFoundError: '/a\\x00b' is not there" in trace
    assert "EnvUnavailable" not in trace


def test_a_trial_leaves_its_files_and_no_agent_container(ended: Look, engine: APIClient) -> None:
    end = ended("endless")

    label = f"trial={end.result.id}"
    left = engine.containers(filters={"label": [label]})
    assert not [row for row in left if "main.py" in row["Command"]]
    assert "agent.py was ended" in end.text("exception.txt")
    assert end.text("verifier/reward.txt") == "1\n"


def test_a_provider_that_refuses_for_good_ends_more_than_the_trial(bench: Bench) -> None:
    refusing = ScriptedModel([ModelError("The key OPENAI_API_KEY is not valid.")])

    with pytest.raises(ModelError, match="not valid"):
        bench.run(Case(agent=DEFAULT_AGENT, model=refusing))
