"""Projects to climb in for real, and the command line as a person would use it."""

import os
import subprocess
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

from autoloop.records.secrets import child_environment
from autoloop.redteam.attack import DOCKERFILE

MAIN = "from autoloop.cli.main import main; main()"
PROGRAM = """---
models: {{task: offline, meta: offline}}
splits: {{train: ['train*'], validation: ['validation*'], holdout: ['holdout*']}}
budget: {{hours: 1, steps: 1, trials: {trials}}}
final: {{attempts: 1}}
workers: 2
reuse: false
---
Get better.
"""
TOML = """[agent]
timeout_sec = 60.0
[verifier]
timeout_sec = 60.0
[environment]
allow_internet = false
memory_mb = 256
"""
COMPOSE = """services:
  main:
    volumes: ["shared:/shared"]
  side:
    image: autoloop/base:bookworm
    command: sleep infinity
    networks: [back, default]
networks: {back: {}}
volumes: {shared: {}}
"""
NAMES = tuple(
    f"{split}-{number}" for split in ("train", "validation", "holdout") for number in ("one", "two")
)
ENGINE_THINGS: Mapping[str, tuple[str, ...]] = {
    "containers": ("ps", "-aq"),
    "networks": ("network", "ls", "-q"),
    "volumes": ("volume", "ls", "-q"),
}


def new_project(folder: Path, agent: str, *, trials: int, composed: Iterable[str] = ()) -> Path:
    """A project of six small tasks, committed; the tasks named by `composed` have a sidecar."""
    command(folder, "init").check_returncode()
    (folder / "agent.py").write_text(agent, encoding="utf-8")
    (folder / "program.md").write_text(PROGRAM.format(trials=trials), encoding="utf-8")
    subprocess.run(
        ["rm", "-rf", str(folder / "tasks" / "hello")], check=True, env=child_environment()
    )
    for name in NAMES:
        files = {
            "task.toml": TOML,
            "instruction.md": f"Write the word {name} into /app/out.txt.\n",
            "environment/Dockerfile": DOCKERFILE,
            "tests/test.sh": "#!/bin/bash\n"
            f'[ "$(cat /app/out.txt)" = {name} ]; echo $((1 - $?)) > /logs/verifier/reward.txt\n',
            "solution/solve.sh": f"#!/bin/bash\necho {name} > /app/out.txt\n",
            **({"environment/docker-compose.yaml": COMPOSE} if name in composed else {}),
        }
        for place, text in files.items():
            path = folder / "tasks" / name / place
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
    git = ("git", "-C", str(folder), "-c", "user.name=user", "-c", "user.email=user@localhost")
    for arguments in (("init", "-q"), ("add", "-A"), ("commit", "-q", "-m", "Mine")):
        subprocess.run([*git, *arguments], check=True, env=child_environment())
    return folder


def command(project: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """Run a command of ours in a project and wait."""
    project.mkdir(parents=True, exist_ok=True)
    return subprocess.run(
        [sys.executable, "-c", MAIN, "-C", str(project), *arguments],
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
        env=environment(),
    )


def environment() -> dict[str, str]:
    """Variables of a new process of ours: it imports the same package."""
    package = Path(__file__).resolve().parents[2]
    return {**os.environ, "PYTHONPATH": str(package)}


def of_engine(kind: str, project: Path) -> tuple[str, ...]:
    """What the engine has of a project: `containers`, `networks` or `volumes`."""
    label = f"label=autoloop.folder={project.resolve()}"
    done = subprocess.run(
        ["docker", *ENGINE_THINGS[kind], "--filter", label],
        capture_output=True,
        text=True,
        check=True,
        env=child_environment(),
    )
    return tuple(done.stdout.split())
