"""Each agent of examples/ solves a task in a whole trial; one image holds all their packages."""

import json
import os
import shutil
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest
from docker.api.client import APIClient

from autoloop.app.clock import SystemClock
from autoloop.egress import EgressProxy
from autoloop.gateway import SocketGateway
from autoloop.gateway.offline.junior import OfflineTaskModel
from autoloop.harness.door import Json
from autoloop.records import Agent, Outcome, Purpose, TrialRequest, TrialResult
from autoloop.sandbox import DockerSandbox
from autoloop.traces import read_transcript
from autoloop.trial import SandboxRunner
from tests.tasks.builders import only_task

ROOT = Path(__file__).parents[2]
EXAMPLES = sorted(path.parent for path in (ROOT / "examples").glob("*/agent.py"))
NAMES = [folder.name for folder in EXAMPLES]
TASK = "csv/open-orders"
BUILD_S = 900
"""For the image, once: half a minute, or much longer where other work has the processors."""


def write_project(folder: Path) -> None:
    """A project whose agent image holds the packages of all examples."""
    own = folder / "sandboxes" / "agent"
    own.mkdir(parents=True)
    shutil.copy(ROOT / "sandboxes" / "agent" / "Dockerfile", own)
    lines = {
        line
        for example in EXAMPLES
        for line in (example / "requirements.txt").read_text(encoding="utf-8").splitlines()
    }
    (own / "requirements.txt").write_text("\n".join(sorted(lines)) + "\n", encoding="utf-8")


def run(sandbox: DockerSandbox, example: Path, folder: Path) -> tuple[TrialResult, Path]:
    task = only_task(ROOT / "tasks" / TASK)
    request = TrialRequest(
        task=task,
        agent=Agent(source=(example / "agent.py").read_text(encoding="utf-8")),
        purpose=Purpose.EVAL,
        attempt=0,
        seed=2,
    )
    clock = SystemClock()
    with SocketGateway(OfflineTaskModel(), clock=clock) as gateway, EgressProxy() as egress:
        runner = SandboxRunner(sandbox, gateway, egress, run_folder=folder, clock=clock)
        result = runner.run(request)
    return result, folder / result.folder


def steps_of(folder: Path) -> list[Json]:
    """The steps of a trial's trajectory."""
    text = (folder / "agent" / "trajectory.json").read_text(encoding="utf-8")
    steps: list[Json] = json.loads(text)["steps"]
    return steps


Ended = Mapping[str, Future[tuple[TrialResult, Path]]]


@pytest.fixture(scope="module")
def ended(engine: APIClient, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ended]:
    assert engine.ping()
    home = tmp_path_factory.mktemp("examples")
    write_project(home / "project")
    with (
        DockerSandbox(home / "project", run=f"test-examples-{os.getpid()}") as sandbox,
        ThreadPoolExecutor(3) as pool,
    ):
        yield {
            example.name: pool.submit(run, sandbox, example, home / example.name)
            for example in EXAMPLES
        }


@pytest.mark.docker
@pytest.mark.slow
@pytest.mark.timeout(BUILD_S)
@pytest.mark.parametrize("name", NAMES)
def test_an_example_solves_a_task_and_its_calls_are_in_the_trace(ended: Ended, name: str) -> None:
    result, folder = ended[name].result()

    assert result.outcome is Outcome.SCORED, result.failure
    assert result.reward == 1.0, read_transcript(folder)
    answers = [step for step in steps_of(folder) if step.get("model_name") == "offline"]
    called = [call for answer in answers for call in answer.get("tool_calls", ())]
    assert len(answers) == result.usage.calls
    assert [call["function_name"] for call in called] == ["bash"] * len(called)
    assert len(called) >= 4


@pytest.mark.docker
@pytest.mark.slow
@pytest.mark.timeout(BUILD_S)
@pytest.mark.parametrize("name", NAMES)
def test_an_example_runs_without_a_word(ended: Ended, name: str) -> None:
    """A framework that asks for what is not there, such as its maker's telemetry, complains."""
    _, folder = ended[name].result()

    assert not (folder / "agent" / "stdout.txt").read_text(encoding="utf-8")


@pytest.mark.parametrize("example", EXAMPLES, ids=NAMES)
def test_an_example_is_whole_and_its_packages_are_pinned(example: Path) -> None:
    lines = (example / "requirements.txt").read_text(encoding="utf-8").splitlines()

    assert all("==" in line for line in lines)
    assert (example / "README.md").is_file()
