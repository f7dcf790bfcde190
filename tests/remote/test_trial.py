"""A whole trial of ours in an environment of Harbor's."""

from pathlib import Path

import pytest

from autoloop.egress import EgressProxy
from autoloop.gateway import SocketGateway
from autoloop.records import Agent, Outcome, Purpose, TrialRequest, TrialResult
from autoloop.remote import HarborSandbox
from autoloop.sandbox import DockerSandbox
from autoloop.tasks import find_tasks
from autoloop.testing.clocks import ManualClock
from autoloop.testing.models import ScriptedModel, reply
from autoloop.trial import SandboxRunner
from tests.remote.conftest import BASE

pytestmark = [pytest.mark.docker, pytest.mark.usefixtures("engine")]
FILES = {
    "task.toml": 'version = "1.0"\n[environment.env]\nWORD = "amber"\n',
    "instruction.md": "Write the word.\n",
    "environment/Dockerfile": f"FROM {BASE}\nWORKDIR /app\n",
    "solution/solve.sh": "#!/bin/bash\necho $WORD > word.txt\n",
    "tests/test.sh": "#!/bin/bash\ngrep -qx amber word.txt && test -f /tests/more"
    " && echo 1 > /logs/verifier/reward.txt\n",
    "tests/more": "",
}
WRITES = """
def solve(instruction, env, model):
    answer = model.chat([{"role": "user", "content": instruction}])
    env.run("sleep 4715 & echo seen > /logs/agent/seen.txt")
    env.write("word.txt", answer.content.encode())
"""


def run_trial(folder: Path, agent: Agent) -> TrialResult:
    for name, text in FILES.items():
        path = folder / "tasks" / "word" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    (task,) = find_tasks(folder / "tasks", host_env={}).tasks
    model, clock = ScriptedModel(lambda _request: reply("amber\n")), ManualClock()
    with (
        DockerSandbox(folder, run="tests") as docker,
        HarborSandbox(
            docker, environment="docker", options={}, run="tests", folder=folder / "run"
        ) as sandbox,
        EgressProxy() as egress,
        SocketGateway(model, clock=clock) as gateway,
    ):
        runner = SandboxRunner(sandbox, gateway, egress, run_folder=folder / "run", clock=clock)
        return runner.run(
            TrialRequest(task=task, agent=agent, purpose=Purpose.EVAL, attempt=0, seed=1)
        )


CRASHES = (
    'def solve(instruction, env, model):\n    env.run("echo so > /logs/agent/far")\n    1 / 0\n'
)


@pytest.mark.parametrize(
    "agent", [Agent(kind="oracle"), Agent(source=WRITES)], ids=["oracle", "py"]
)
def test_a_trial_gets_its_reward(tmp_path: Path, agent: Agent) -> None:
    result = run_trial(tmp_path, agent)

    assert result.failure is None
    assert (result.outcome, result.reward) == (Outcome.SCORED, 1.0)
    folder = tmp_path / "run" / result.folder
    assert (folder / "verifier" / "reward.txt").read_text(encoding="utf-8") == "1\n"
    assert any((folder / "agent").iterdir())


def test_what_an_agent_left_that_failed_is_copied_out(tmp_path: Path) -> None:
    result = run_trial(tmp_path, Agent(source=CRASHES))

    assert result.failure is not None
    assert result.failure.kind == "AgentCrashed"
    assert (tmp_path / "run" / result.folder / "agent" / "far").read_text("utf-8") == "so\n"
