"""`harbor run` and `harbor view` themselves, on what autoloop writes."""

import json
import os
import re
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import requests
from requests.adapters import HTTPAdapter
from urllib3.util import Retry

from autoloop.app.export import export_harbor
from autoloop.app.project import Project
from autoloop.trial.layout import JobFolders
from tests.harbor.conftest import BASE
from tests.trial.builders import make_request, make_result

BIN = Path(sys.executable).parent
AGENT = """\
def solve(instruction, env, model):
    env.run("echo solved > solved.txt")
    model.chat([{"role": "user", "content": instruction}])
"""
TEST = "#!/bin/bash\ngrep -q solved solved.txt && echo 1 > /logs/verifier/reward.txt\n"
FILES = {
    "agent.py": AGENT,
    "program.md": "---\nmodels: {task: offline}\ntrial: {calls: 7}\n---\n",
    "tasks/group/tiny/task.toml": 'schema_version = "1.4"\n',
    "tasks/group/tiny/instruction.md": "Write solved.txt.\n",
    "tasks/group/tiny/environment/Dockerfile": f"FROM {BASE}\nWORKDIR /app\n",
    "tasks/group/tiny/tests/test.sh": TEST,
}


def make_project(folder: Path) -> Project:
    for name, text in FILES.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    return Project(root=folder)


def told_command(readme: Path) -> list[str]:
    """The command that the README says, with the `harbor` beside this Python."""
    (line,) = re.findall(r"^harbor run .*$", readme.read_text(encoding="utf-8"), re.MULTILINE)
    return [str(BIN / "harbor"), *shlex.split(line)[1:]]


def read(path: Path) -> dict[str, Any]:  # a document of Harbor's
    document: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return document


@contextmanager
def viewing(jobs: Path) -> Iterator[str]:
    """`harbor view` on a folder of jobs; the address that it says."""
    environment = {**os.environ, "PYTHONUNBUFFERED": "1", "NO_COLOR": "1"}
    command = [str(BIN / "harbor"), "view", str(jobs), "--jobs", "--port", "18400-18499"]
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as server:
        try:
            assert server.stdout is not None
            yield address(server.stdout)
        finally:
            server.send_signal(signal.SIGINT)


def address(lines: Iterator[str]) -> str:
    """Where the server answers, once it says that it does."""
    said = ""
    for line in lines:
        said += line
        if "startup complete" in line or "running on" in line.lower():
            break
    return str(re.findall(r"http://127\.0\.0\.1:\d+", said)[-1])


def ask(base: str, path: str) -> dict[str, Any]:  # an answer of the viewer's
    """It says its address a moment before it answers there."""
    with requests.Session() as session:
        session.mount(base, HTTPAdapter(max_retries=Retry(connect=10, backoff_factor=0.1)))
        document: dict[str, Any] = session.get(f"{base}{path}", timeout=30).json()
    return document


@pytest.mark.docker
@pytest.mark.usefixtures("engine")
@pytest.mark.slow
def test_an_exported_agent_runs_by_the_command_of_its_readme(tmp_path: Path) -> None:
    project = make_project(tmp_path / "project")
    out = tmp_path / "out"
    export_harbor(project, "", out)

    done = subprocess.run(
        told_command(out / "README.md"), cwd=out, capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stdout[-3_000:]
    (path,) = out.glob("jobs/*/tiny__*/result.json")
    result = read(path)
    assert result["exception_info"] is None
    assert result["verifier_result"] == {"rewards": {"reward": 1.0}}
    assert result["agent_info"]["name"] == "autoloop"
    assert result["agent_result"]["metadata"] == {"model_calls": 1}
    assert (path.parent / "agent" / "trajectory.json").is_file()


@pytest.mark.slow
def test_harbors_viewer_opens_the_jobs_of_a_run(tmp_path: Path) -> None:
    jobs = JobFolders(tmp_path / "jobs", model="prov/model")
    request = make_request()
    result = make_result("sum__abc1234", rewards={"reward": 1.0})
    jobs.finish(request, result, jobs.trial_folder(request, result.id))

    with viewing(tmp_path / "jobs") as base:
        listed = ask(base, "/api/jobs")["items"]
        trial = ask(base, "/api/jobs/step-001/trials/sum__abc1234")

    assert [job["name"] for job in listed] == ["step-001"]
    assert trial["verifier_result"]["rewards"] == {"reward": 1.0}
