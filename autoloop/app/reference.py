"""Harbor itself, where it is installed: another program, asked by its command line."""

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path

from pydantic import BaseModel, ValidationError

from autoloop.errors import SettingsError
from autoloop.records import Task
from autoloop.records.secrets import child_environment

PYTHON = "AUTOLOOP_HARBOR_PYTHON"
"""Variable of the environment that names a Python with Harbor."""
FIND, LEAVE_OUT = "auto", "none"
ENTRY = "from harbor.cli.main import app; app()"
JOB = "check"
SPARE_S = 600.0
"""Seconds beyond the task's own limits: Harbor builds anew and takes long to stop."""
ENDING_S = 60.0
VARIABLE = re.compile(r"\$\{(\w+)")
"""What a file of a task takes from this machine."""
NAMING = ("task.toml", "environment/docker-compose.yaml", "tests/docker-compose.yaml")


class _Rewards(BaseModel):
    rewards: dict[str, float] | None = None


class _Exception(BaseModel):
    exception_type: str
    exception_message: str = ""


class _Trial(BaseModel):
    """What is needed of Harbor's result.json of a trial."""

    verifier_result: _Rewards | None = None
    exception_info: _Exception | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class HarborAnswer:
    """What Harbor gave for the oracle at one task."""

    rewards: Mapping[str, float] = field(default_factory=dict)
    remark: str = ""
    """Why there is no reward."""


def find_harbor(wish: str = FIND) -> Path | None:
    """A Python that has Harbor: the one that is named, or the first that is found.

    Looked at are the variable AUTOLOOP_HARBOR_PYTHON, this Python, and the command `harbor`.

    Raises:
        SettingsError: the one that is named does not have it.
    """
    if wish == LEAVE_OUT:
        return None
    named = wish if wish != FIND else os.environ.get(PYTHON, "")
    if named:
        if not _has_harbor(named):
            raise SettingsError(
                f"{named!r} is no Python with Harbor. Name one, such as .venv-harbor/bin/python"
                " after `pip install harbor` there, or write 'none'."
            )
        return Path(named)
    if find_spec("harbor") is not None:
        return Path(sys.executable)
    command = shutil.which("harbor")
    beside = Path(command).resolve().with_name("python") if command else None
    return beside if beside and _has_harbor(str(beside)) else None


def harbor_version(python: Path) -> str:
    """Version of the Harbor that a Python has; empty when it has none."""
    code = "import importlib.metadata as m; print(m.version('harbor'))"
    try:
        done = subprocess.run(
            [python, "-c", code],
            env=child_environment(),
            capture_output=True,
            text=True,
            timeout=ENDING_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""


def run_oracle(python: Path, task: Task) -> HarborAnswer:
    """Run a task's solution in Harbor, with its docker environment, and read its rewards."""
    with tempfile.TemporaryDirectory(prefix="autoloop-harbor-") as folder:
        command = [str(python), "-c", ENTRY, "run", "--path", str(task.folder), "--agent", "oracle"]
        command += ["--jobs-dir", folder, "--job-name", JOB, "--quiet", "--yes"]
        env = child_environment(keep=_named_in(task))
        said = _said(command, folder=folder, env=env, timeout_s=_limit_s(task))
        return _answer(Path(folder) / JOB, said)


def _named_in(task: Task) -> set[str]:
    """Variables of this machine that the task asks for: Harbor looks them up itself."""
    files = [task.folder / name for name in NAMING if (task.folder / name).is_file()]
    return {name for file in files for name in VARIABLE.findall(file.read_text(errors="replace"))}


def _has_harbor(python: str) -> bool:
    return bool(harbor_version(Path(python)))


def _limit_s(task: Task) -> float:
    steps = sum((s.agent_timeout_s or SPARE_S) + s.verifier.timeout_s for s in task.steps)
    return task.environment.build_timeout_s + steps + SPARE_S


def _said(command: list[str], *, folder: str, env: Mapping[str, str], timeout_s: float) -> str:
    """What a command printed; at the timeout it is asked to clean up, then ended."""
    process = subprocess.Popen(
        command,
        cwd=folder,
        env={**env, "HARBOR_TELEMETRY": "off", "COLUMNS": "1000"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    try:
        return process.communicate(timeout=timeout_s)[0].decode(errors="replace")
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGINT)
        try:
            process.communicate(timeout=ENDING_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
        return f"It took longer than {timeout_s:g} s."


def _answer(job: Path, said: str) -> HarborAnswer:
    found = sorted(job.glob("*/result.json"))
    if not found:
        return HarborAnswer(remark=_last_words(said))
    try:
        trial = _Trial.model_validate_json(found[0].read_bytes())
    except ValidationError as error:
        return HarborAnswer(remark=f"Its result.json cannot be read: {error.errors()[0]['msg']}")
    rewards = (trial.verifier_result.rewards if trial.verifier_result else None) or {}
    problem = trial.exception_info
    remark = f"{problem.exception_type}: {problem.exception_message}" if problem else ""
    return HarborAnswer(rewards=rewards, remark=remark.partition("\n")[0])


def _last_words(said: str) -> str:
    """The last line that is not part of a frame drawn around a traceback."""
    lines = [line.strip(" │╰─╯╭╮") for line in said.splitlines()]
    errors = [line for line in lines if "Error: " in line]
    spoken = errors or [line for line in lines if line]
    return spoken[-1] if spoken else "It printed nothing."
