"""Neither a task's name nor the values in its data make a difference to the stand-in."""

import os
import random
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from docker.api.client import APIClient

from autoloop.ports import Container
from autoloop.sandbox import DockerSandbox
from benchmarks.rehearsal import RESET, attempt, load_solve, task_container
from tests.offline.stage import LOOK, ROOT, VERIFY, agent

TASKS = {"csv/open-orders": 1, "logs/login-attacks": 0}
SEEDS = range(4)
MOST_BYTES = 1_000_000

pytestmark = [pytest.mark.docker, pytest.mark.slow]


@pytest.fixture
def sandbox(engine: APIClient, tmp_path: Path) -> Iterator[DockerSandbox]:
    assert engine.ping()
    with DockerSandbox(tmp_path, run=f"renaming-{os.getpid()}") as sandbox:
        yield sandbox


def altered(task: Path, folder: Path, *, head: int) -> Path:
    """A copy under another name, whose data has other lines in another order."""
    copy = folder / "family-x" / "nameless"
    shutil.copytree(task, copy)
    (data,) = (copy / "environment" / "data").iterdir()
    lines = data.read_text().splitlines()
    draw = random.Random(5)  # noqa: S311 no secret
    others = draw.sample(lines[head:], k=len(lines[head:]) * 4 // 5)
    data.write_text("\n".join([*lines[:head], *others]) + "\n")
    return copy


def expect_anew(container: Container, task: Path) -> None:
    """Let the solution say what is expected of the other data."""
    check = (task / "tests" / "check.py").read_text()
    target = re.findall(r'TARGET = Path\("(.*)"\)', check)[0]
    container.run(RESET, workdir="/")
    container.run((task / "solution" / "solve.sh").read_text())
    content = container.read(target, max_bytes=MOST_BYTES)
    next((task / "tests").glob("expected*")).write_bytes(content)


def passes(sandbox: DockerSandbox, task: Path, *, is_altered: bool) -> int:
    solve = load_solve(agent(LOOK, VERIFY))
    with task_container(sandbox, task) as container:
        if is_altered:
            expect_anew(container, task)
        rewards = [attempt(container, task, solve=solve, seed=seed) for seed in SEEDS]
    return int(sum(rewards))


def test_other_names_and_data_leave_the_pass_rate_as_it_is(
    sandbox: DockerSandbox, tmp_path: Path
) -> None:
    before = after = 0
    for name, head in TASKS.items():
        task = ROOT / "tasks" / name
        copy = altered(task, tmp_path / name.replace("/", "-"), head=head)
        before += passes(sandbox, task, is_altered=False)
        after += passes(sandbox, copy, is_altered=True)

    assert before > 2
    assert abs(before - after) <= 2
