"""Keys in the environment of a climb: searched for in everything that it starts and leaves."""

import itertools
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import docker.errors
import pytest
from docker.api.client import APIClient

from autoloop.app.tending import template
from autoloop.records.secrets import spellings
from autoloop.sandbox.engine import connect
from tests.app.builders import make_project

pytestmark = [pytest.mark.docker, pytest.mark.slow, pytest.mark.usefixtures("engine")]

KEYS = {
    "OPENAI_API_KEY": "sk-canary-OPENAI-0123456789abcdef+/x",
    "ANTHROPIC_API_KEY": "sk-ant-canary-ANTHROPIC-fedcba9876543210",
}
FORMS = [form.encode() for key in KEYS.values() for form in spellings(key)]
PAUSE_S = 0.02
"""Between looks at processes, some of which live for a moment only."""
LOOKS_FOR_ONE = 10
"""At processes, for one at containers, which live longer."""
PROGRAM = """\
---
models: {task: offline, meta: offline}
final: {attempts: 1}
rule: passed
---
Write the right words.
"""


@pytest.fixture
def api() -> Iterator[APIClient]:
    api = connect()
    yield api
    api.close()


def children_of(parent: int) -> Iterator[int]:
    """All processes below one, as far as they live long enough to be seen."""
    try:
        tasks = list(Path(f"/proc/{parent}/task").iterdir())
        listed = [(task / "children").read_text().split() for task in tasks]
    except (FileNotFoundError, ProcessLookupError):
        return
    for child in {int(number) for numbers in listed for number in numbers}:
        yield child
        yield from children_of(child)


def shown_by(process: int) -> tuple[bytes, bytes]:
    """Command line and environment of a process; nothing once it is gone."""
    try:
        folder = Path(f"/proc/{process}")
        return (folder / "cmdline").read_bytes(), (folder / "environ").read_bytes()
    except (FileNotFoundError, ProcessLookupError):
        return b"", b""


def ended_within(process: "subprocess.Popen[bytes]", seconds: float) -> bool:
    with suppress(subprocess.TimeoutExpired):
        process.wait(seconds)
    return process.returncode is not None


def holds_key(data: bytes) -> bool:
    return any(form in data for form in FORMS)


def inspected(api: APIClient, run: re.Pattern[str]) -> Iterator[bytes]:
    """What the engine tells about the climb's containers."""
    for row in api.containers(filters={"label": "autoloop=1"}):
        if run.search(json.dumps(row)):
            try:
                yield json.dumps(api.inspect_container(row["Id"])).encode()
            except docker.errors.NotFound:
                continue


def test_no_child_no_container_and_no_file_of_a_climb_holds_a_key(
    tmp_path: Path, api: APIClient
) -> None:
    agent = template("agent.py").read_text(encoding="utf-8")
    project = make_project(tmp_path / "p", tasks=6, program=PROGRAM, agent=agent)
    start = "from autoloop.cli import main; main()"
    command = [sys.executable, "-c", start, "climb", "--steps", "1", "--fresh"]
    leaks, children, containers = set[bytes](), set[bytes](), 0
    with subprocess.Popen(
        command,
        cwd=project,
        env={**os.environ, **KEYS},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    ) as climb:
        for look in itertools.count():
            if ended_within(climb, PAUSE_S):
                break
            own = shown_by(climb.pid)[0]
            for child in children_of(climb.pid):
                line, environment = shown_by(child)
                # A child that has not begun its own program is still a copy of its parent.
                if line not in {own, b""}:
                    children.add(line.split(b"\0")[0])
                    leaks |= {line} if holds_key(line + environment) else set()
            run = re.compile(re.escape(next_run(project)))
            for text in inspected(api, run) if look % LOOKS_FOR_ONE == 0 else ():
                containers += 1
                leaks |= {text} if holds_key(text) else set()
        said = climb.stdout.read() if climb.stdout else b""

    assert climb.returncode == 0, said
    assert not leaks
    assert b"git" in children
    assert containers > 0
    assert not holds_key(said)
    files = [path for path in project.rglob("*") if path.is_file()]
    assert len(files) > 50
    assert not [path for path in files if holds_key(path.read_bytes())]


def next_run(project: Path) -> str:
    """Name of the run that goes on; nothing has such a name before it begins."""
    found = sorted(path.name for path in (project / "runs").glob("*") if path.is_dir())
    return found[-1] if found else "no run has begun"
