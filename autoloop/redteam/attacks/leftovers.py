"""Attack 32: whatever a killed climb leaves behind is gone after the next start, or after `gc`."""

import contextlib
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from autoloop.records.secrets import child_environment
from autoloop.redteam.attack import Arena, Attack, Outcome, Place
from autoloop.redteam.projects import (
    ENGINE_THINGS,
    MAIN,
    command,
    environment,
    new_project,
    of_engine,
)

SLOW = """import os, time

def solve(instruction, env, model):
    env.run("(setsid nohup sleep 1000 >/dev/null 2>&1 &); sleep 12")
    env.run(f"echo {instruction.split()[3]} > /app/out.txt")
"""
STARTED_S = 240.0
GONE_S = 60.0
FEWEST = 3
"""Containers of a trial with a sidecar, and the agent's, are more."""
COMPOSED = ("train-one", "train-two")


def killed_climb(project: Path, sockets: Path) -> tuple[str, ...]:
    """Start a climb, wait until trials are under way, kill -9 it; what it left behind."""
    arguments = [sys.executable, "-c", MAIN, "-C", str(project), "climb", "--fresh"]
    variables = {**environment(), "TMPDIR": str(sockets)}
    with (project.parent / "climb.log").open("w") as log:
        climb = subprocess.Popen(arguments, env=variables, stdout=log, stderr=log)
        until = time.monotonic() + STARTED_S
        while time.monotonic() < until and climb.poll() is None:
            if len(of_engine("containers", project)) >= FEWEST and of_engine("networks", project):
                break
            time.sleep(0.5)
        climb.kill()
        climb.wait()
    return tuple(left_of(project, sockets))


def left_of(project: Path, sockets: Path) -> Iterator[str]:
    """What there is of a project: with the engine, sockets and worktrees."""
    for kind in ENGINE_THINGS:
        if found := of_engine(kind, project):
            yield f"{len(found)} {kind}"
    if folders := tuple(sockets.glob("al-*")):
        yield f"{len(folders)} folders of sockets"
    trees = subprocess.run(
        ["git", "-C", str(project), "worktree", "list"],
        capture_output=True,
        text=True,
        check=True,
        env=child_environment(),
    ).stdout.splitlines()
    if len(trees) > 1:
        yield f"{len(trees) - 1} worktrees"


def _soon_gone(project: Path, sockets: Path) -> str:
    """What is left after the time that removal may take."""
    until = time.monotonic() + GONE_S
    while left := ", ".join(left_of(project, sockets)):
        if time.monotonic() > until:
            break
        time.sleep(1)
    return left


@contextlib.contextmanager
def _project(arena: Arena, name: str) -> Iterator[tuple[Path, Path]]:
    """A project and a short folder for its sockets; in the end nothing of it stays."""
    project = new_project(arena.folder / "killed" / name / "p", SLOW, trials=9, composed=COMPOSED)
    with tempfile.TemporaryDirectory(prefix="al-r", dir="/tmp") as sockets:
        yield project, Path(sockets)


def collected(arena: Arena, place: Place) -> Outcome:
    """`gc` after a kill, then `gc --keep 0`: not even refs stay."""
    del place
    with _project(arena, "gc") as (project, sockets):
        left = killed_climb(project, sockets)
        command(project, "gc").check_returncode()
        still = ", ".join(one for one in left_of(project, sockets) if "sockets" not in one)
        command(project, "gc", "--keep", "0").check_returncode()
        refs = subprocess.run(
            ["git", "-C", str(project), "for-each-ref", "refs/autoloop", "refs/heads/autoloop"],
            capture_output=True,
            text=True,
            check=True,
            env=child_environment(),
        ).stdout
    runs = [path.name for path in (project / "runs").glob("2*")]
    gains = [f"after gc there are {still}"] if still else []
    gains += [f"refs stay: {refs[:100]}"] if refs else []
    gains += [f"runs stay: {runs}"] if runs else []
    gains += _unplayed(left)
    return Outcome(
        evidence=f"it left {', '.join(left)}; gc removed all of it, gc --keep 0 the refs, too",
        gain=" and ".join(gains),
    )


def resumed(arena: Arena, place: Place) -> Outcome:
    """A climb that was killed in the middle of trials goes on to its end and leaves nothing."""
    del place
    with _project(arena, "resume") as (project, sockets):
        left = killed_climb(project, sockets)
        done = subprocess.run(
            [sys.executable, "-c", MAIN, "-C", str(project), "resume", "--json"],
            env={**environment(), "TMPDIR": str(sockets)},
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
        )
        still = _soon_gone(project, sockets)
    gains = [f"after its end there are {still}"] if still else []
    gains += [f"it does not go on: {done.stderr[-300:]}"] if done.returncode else []
    gains += _unplayed(left)
    return Outcome(
        evidence=f"it left {', '.join(left)}; resumed, it came to its end and left nothing",
        gain=" and ".join(gains),
    )


def _unplayed(left: tuple[str, ...]) -> list[str]:
    wanted = (*ENGINE_THINGS, "sockets")
    missing = [kind for kind in wanted if not any(one.endswith(kind) for one in left)]
    return [f"nobody knows: the killed climb left no {missing[0]}"] if missing else []


LEFTOVERS: tuple[Attack, ...] = (
    Attack(number=32, channel="kill -9, then gc", play=collected),
    Attack(number=32, channel="kill -9, then resume", play=resumed),
)
