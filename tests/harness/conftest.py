"""agent.py in a process of its own, on the real runtime, at a real gateway."""

import os
import subprocess
import sys
import textwrap
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from autoloop import harness
from autoloop.gateway import SocketGateway
from autoloop.ports import ChatModel, Grant, Session
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


@dataclass(frozen=True)
class Ran:
    """How a run of agent.py went."""

    session: Session
    end: AgentEnd | None
    stdout: str
    stderr: str
    exit_code: int


RunAgent = Callable[..., Ran]


@pytest.fixture
def task_folder(tmp_path: Path) -> Path:
    folder = tmp_path / "task"
    folder.mkdir()
    return folder


@pytest.fixture
def run_agent(task_folder: Path, tmp_path: Path) -> RunAgent:
    """Run the source of an agent.py to its end."""

    def run(
        source: str,
        model: ChatModel | None = None,
        *,
        quota: Quota | None = None,
        main: Path = MAIN,
        flags: tuple[str, ...] = ("-I",),
    ) -> Ran:
        grant = Grant(
            trial="t",
            instruction="Do it: ünï.",
            agent_source=textwrap.dedent(source),
            seed=1,
            quota=quota or Quota(),
        )
        gateway = SocketGateway(model or ScriptedModel([]), clock=StillClock())
        with gateway, gateway.open(grant, LocalEnv(task_folder)) as session:
            done = subprocess.run(
                [sys.executable, *flags, str(main)],
                env={
                    "AUTOLOOP_SOCKET": str(session.folder / "sock"),
                    "PATH": os.environ["PATH"],
                    "TMPDIR": str(tmp_path),
                },
                capture_output=True,
                text=True,
                timeout=60,
                check=False,
            )
            end = session.wait(0)
        return Ran(session, end, done.stdout, done.stderr, done.returncode)

    return run
