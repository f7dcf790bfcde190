"""agent.py in a process of its own, on the real runtime, at a real gateway."""

import os
import subprocess
import sys
import textwrap
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from autoloop import harness
from autoloop.gateway import SocketGateway
from autoloop.ports import ChatModel, Grant, Session, TaskEnv, Turn
from autoloop.records import AgentEnd, Quota
from autoloop.testing.environments import LocalEnv
from autoloop.testing.models import ScriptedModel

MAIN = Path(harness.__file__).parent / "main.py"


class StillClock:
    """A clock that stands still."""

    def now(self) -> datetime:
        return datetime(2026, 1, 1, tzinfo=UTC)

    def monotonic(self) -> float:
        return 0.0


GONE = AgentEnd(finished=False, error="its process ended")
GRANT = Grant(trial="t", agent_source="", seed=1, quota=Quota())
OVER = AgentEnd(finished=False, error="the trial is over")


@dataclass(frozen=True)
class Ran:
    """How a run of agent.py went."""

    session: Session
    ends: tuple[AgentEnd | None, ...]
    stdout: str
    stderr: str
    exit_code: int

    @property
    def end(self) -> AgentEnd | None:
        """How the last turn ended."""
        return self.ends[-1]


RunAgent = Callable[..., Ran]


@dataclass(frozen=True)
class Program:
    """A runtime to start, and with which interpreter."""

    main: Path = MAIN
    flags: tuple[str, ...] = ("-I",)
    python: str = sys.executable
    extra_env: tuple[tuple[str, str], ...] = ()

    def start(self, session: Session, folder: Path) -> "subprocess.Popen[str]":
        return subprocess.Popen(
            [self.python, *self.flags, str(self.main)],
            env={
                "AUTOLOOP_SOCKET": str(session.folder / "sock"),
                "PATH": os.environ["PATH"],
                "TMPDIR": str(folder),
                **dict(self.extra_env),
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )


@pytest.fixture
def task_folder(tmp_path: Path) -> Path:
    folder = tmp_path / "task"
    folder.mkdir()
    return folder


@pytest.fixture
def run_agent(task_folder: Path, tmp_path: Path) -> RunAgent:
    """Run the source of an agent.py through its turns."""

    def run(
        source: str,
        model: ChatModel | None = None,
        *,
        turns: Sequence[str] = ("Do it: ünï.",),
        env: TaskEnv | None = None,
        program: Program | None = None,
        grant: Grant = GRANT,
    ) -> Ran:
        grant = replace(grant, agent_source=textwrap.dedent(source))
        gateway = SocketGateway(model or ScriptedModel([]), clock=StillClock())
        with gateway, gateway.open(grant) as session:
            process = (program or Program()).start(session, tmp_path)
            with _watched(process, session) as printed:
                ends = tuple(_play(session, text, env or LocalEnv(task_folder)) for text in turns)
                session.stop(OVER)
        stdout, stderr = printed
        return Ran(session, ends, stdout, stderr, process.returncode)

    return run


def _play(session: Session, instruction: str, env: TaskEnv) -> AgentEnd | None:
    session.begin(Turn(instruction=instruction, env=env))
    return session.wait(60)


@contextmanager
def _watched(process: "subprocess.Popen[str]", session: Session) -> Iterator[list[str]]:
    """Tell the session when the process is gone; what it printed is there at the end."""
    printed: list[str] = []

    def watch() -> None:
        printed.extend(process.communicate(timeout=60))
        session.stop(GONE)

    watcher = threading.Thread(target=watch)
    watcher.start()
    yield printed
    watcher.join()
