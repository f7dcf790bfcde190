"""Agents written for Harbor, unmodified, in whole trials; all of them start together."""

import os
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from autoloop.app.clock import SystemClock
from autoloop.egress import EgressProxy
from autoloop.errors import UserError
from autoloop.gateway import SocketGateway
from autoloop.ports import ChatModel
from autoloop.records import (
    Agent,
    ChatReply,
    ChatRequest,
    Outcome,
    Purpose,
    ToolCall,
    TrialRequest,
    TrialResult,
)
from autoloop.sandbox import DockerSandbox
from autoloop.sandbox.engine import connect
from autoloop.testing.models import ScriptedModel, reply
from autoloop.traces import read_transcript
from autoloop.trial import SandboxRunner
from tests.harness import harbor_agents as agents
from tests.tasks.builders import only_task, write_task

pytestmark = [pytest.mark.docker, pytest.mark.slow]

ROOT = Path(__file__).parents[2]
BASE = "autoloop/base:trixie"
TOML = "[agent]\ntimeout_sec = 100.0\n"
DOCKERFILE = "FROM autoloop/base:bookworm\nWORKDIR /app\n"
WITH_TMUX = (
    "FROM autoloop/base:bookworm\n"
    "RUN apt-get -qq update && apt-get -qq install -y --no-install-recommends tmux asciinema\n"
    "WORKDIR /app\n"
)
CHECK = '[ "$(cat out.txt)" = done ]; echo $((!$?)) >/logs/verifier/reward.txt\n'
STEPS = '[[steps]]\nname = "one"\n[[steps]]\nname = "two"\n'
WRITE = ToolCall(id="c1", name="shell", arguments='{"command": "printf done >out.txt; ls /nope"}')
MCP = '[[environment.mcp_servers]]\nname = "x"\nurl = "http://x/sse"\n'


@dataclass(frozen=True, kw_only=True)
class Case:
    """A trial to run; what is left out is a task that asks for the word `done` in a file."""

    agent: str
    toml: str = TOML
    dockerfile: str = DOCKERFILE
    files: Mapping[str, str] = field(default_factory=dict)
    model: ChatModel = field(default_factory=lambda: ScriptedModel([]))


@dataclass(frozen=True, kw_only=True)
class Ended:
    """A trial that has ended, and what it left."""

    result: TrialResult
    folder: Path

    @property
    def trace(self) -> str:
        return read_transcript(self.folder)

    @property
    def printed(self) -> str:
        return (self.folder / "agent" / "stdout.txt").read_text(encoding="utf-8")

    @property
    def message(self) -> str:
        return self.result.failure.message if self.result.failure else ""


def play_terminal(request: ChatRequest) -> ChatReply:
    """What Terminus-2 wants to hear: keys for the terminal, then twice that all is done."""
    keys = '{"keystrokes": "printf done >out.txt\\n", "duration": 0.3}'
    first = len(request.messages) == 1
    commands, complete = (keys, "false") if first else ("", "true")
    text = f'"analysis": "a", "plan": "p", "commands": [{commands}], "task_complete": {complete}'
    return reply(f"{{{text}}}")


def _step(name: str) -> dict[str, str]:
    return {
        f"steps/{name}/instruction.md": name,
        f"steps/{name}/tests/test.sh": _grep(f"1 . {name}"),
    }


def _grep(line: str) -> str:
    return f"grep -q '^{line}$' out.txt; echo $((!$?)) >/logs/verifier/reward.txt\n"


CASES = {
    "sdk": Case(
        agent=agents.ON_AN_SDK, model=ScriptedModel([reply("Look.", WRITE), reply("All done.")])
    ),
    "terminus": Case(
        agent=agents.TERMINUS, dockerfile=WITH_TMUX, model=ScriptedModel(play_terminal)
    ),
    "terminus subclass": Case(
        agent=agents.TERMINUS_SUBCLASS, dockerfile=WITH_TMUX, model=ScriptedModel(play_terminal)
    ),
    "installed": Case(agent=agents.INSTALLED),
    "steps": Case(
        agent=agents.plain(
            "await environment.exec(f'echo {self.setups} {self.turns} {instruction} >>out.txt')"
        ),
        toml=TOML + STEPS,
        files=_step("one") | _step("two"),
    ),
    "user": Case(
        agent=agents.plain("await environment.exec('id -un >/tmp/who', user='root')"),
        toml='[agent]\nuser = "nobody"\n',
        files={"tests/test.sh": "cp /tmp/who out.txt; " + _grep("nobody")},
    ),
    "crash": Case(agent=agents.plain("raise ValueError('cannot go on')")),
    "incapable": Case(agent=agents.plain("pass"), toml=TOML + MCP),
}


def _has_base() -> bool:
    try:
        api = connect()
    except UserError:
        return False
    try:
        return bool(api.images(name=BASE))
    finally:
        api.close()


def _run(sandbox: DockerSandbox, case: Case, folder: Path) -> Ended:
    files = {"environment/Dockerfile": case.dockerfile, "tests/test.sh": CHECK, **case.files}
    write_task(folder / "tasks" / "word", case.toml, files=files)
    request = TrialRequest(
        task=only_task(folder / "tasks"),
        agent=Agent(source=case.agent),
        purpose=Purpose.EVAL,
        attempt=0,
        seed=1,
    )
    clock = SystemClock()
    with SocketGateway(case.model, clock=clock) as gateway, EgressProxy() as egress:
        runner = SandboxRunner(sandbox, gateway, egress, run_folder=folder / "run", clock=clock)
        result = runner.run(request)
    return Ended(result=result, folder=folder / "run" / result.folder)


@pytest.fixture(scope="module")
def ended(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mapping[str, Future[Ended]]]:
    if not _has_base():
        pytest.skip(f"{BASE} is not here; sandboxes/setup.sh makes it where it can")
    home = tmp_path_factory.mktemp("harbor")
    folder = "sandboxes/agent-harbor"
    with (
        DockerSandbox(ROOT, run=f"test-harbor-{os.getpid()}", agent_folder=folder) as sandbox,
        ThreadPoolExecutor(3) as pool,
    ):
        yield {
            name: pool.submit(_run, sandbox, case, home / name.replace(" ", "-"))
            for name, case in CASES.items()
        }


@pytest.mark.parametrize("name", ["sdk", "terminus", "terminus subclass", "installed", "steps"])
def test_the_agent_reaches_the_full_reward(ended: Mapping[str, Future[Ended]], name: str) -> None:
    trial = ended[name].result()

    assert trial.result.outcome is Outcome.SCORED, trial.message
    assert trial.result.reward == 1.0, trial.trace


def test_an_agent_of_an_sdk_asks_the_one_model(ended: Mapping[str, Future[Ended]]) -> None:
    trial = ended["sdk"].result()

    assert trial.result.usage.calls == 2
    assert "said All done. to openai/scripted" in trial.printed
    assert "No such file or directory" in trial.trace


def test_terminus_works_in_a_terminal(ended: Mapping[str, Future[Ended]]) -> None:
    trial = ended["terminus"].result()

    assert trial.result.usage.calls == 3
    assert (trial.folder / "agent" / "recording.cast").is_file()


def test_an_installed_agent_finds_what_harbor_gives_it(
    ended: Mapping[str, Future[Ended]],
) -> None:
    printed = ended["installed"].result().printed

    assert printed.splitlines() == [
        "tool: '/app\\ntrouble\\n' None",
        "who: root",
        "whole: True True False",
        "late: Command timed out after 1 seconds",
        "log: written",
    ]


def test_a_command_that_fails_is_noted_and_the_trial_is_scored(
    ended: Mapping[str, Future[Ended]],
) -> None:
    trial = ended["installed"].result()

    assert "NonZeroAgentExitCodeError" in trial.trace
    assert trial.result.failure is None


def test_what_is_asked_for_as_root_runs_as_the_user_that_the_task_names(
    ended: Mapping[str, Future[Ended]],
) -> None:
    trial = ended["user"].result()

    assert trial.result.reward == 1.0, trial.trace
    assert "runs as the agent's own user" in trial.trace


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("crash", "ValueError: cannot go on"),
        ("incapable", "'plain' does not support what this task brings: MCP servers"),
    ],
)
def test_any_other_error_is_a_crash(
    ended: Mapping[str, Future[Ended]], name: str, message: str
) -> None:
    trial = ended[name].result()

    assert trial.result.outcome is Outcome.FAILED
    assert message in trial.message
