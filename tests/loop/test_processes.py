"""A run and the processes beside the one that works on it."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from autoloop.errors import RunError
from autoloop.records import StopReason
from autoloop.store import SqliteStore, open_readonly, running_pid
from tests.loop.builders import RUN
from tests.loop.conftest import Climbed, Crew


@contextmanager
def _paused(crew: Crew, project: Climbed) -> Iterator[None]:
    """While open, a climb waits in the middle of its twentieth trial; afterwards it goes on."""
    gate = project.folder.parent / "go"
    os.mkfifo(gate)
    crew.begin(replace(project.job(), pause_at=20))
    assert crew.line() == "paused"
    try:
        yield
    finally:
        gate.write_text("go on")
    assert crew.line() == "0"


def _autoloop(project: Climbed, *arguments: str) -> subprocess.CompletedProcess[str]:
    program = str(Path(sys.executable).with_name("autoloop"))
    command = [program, "--project", str(project.folder), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_a_second_process_on_the_same_run_is_refused(
    crew: Crew, project: Climbed, unkilled: Climbed
) -> None:
    folder = project.folder / "runs" / RUN

    with _paused(crew, project), pytest.raises(RunError, match=r"in use by process \d+: wait for"):
        SqliteStore.open(folder, sleep=lambda _: None)

    assert running_pid(folder) is None
    assert project.story() == unkilled.story()


def test_resuming_a_run_that_is_being_worked_on_is_refused_with_a_sentence(
    crew: Crew, project: Climbed, unkilled: Climbed
) -> None:
    with _paused(crew, project):
        refused = _autoloop(project, "resume", RUN)

    assert refused.returncode == 1
    assert "is in use by process" in " ".join(refused.stderr.split())
    assert project.story() == unkilled.story()


def test_another_process_can_stop_a_run_which_can_then_be_resumed(
    crew: Crew, project: Climbed, unkilled: Climbed
) -> None:
    with _paused(crew, project):
        done = _autoloop(project, "stop", RUN)
        assert (done.returncode, done.stderr) == (0, "")

    with open_readonly(project.folder / "runs" / RUN) as store:
        run = store.run()
    assert run is not None
    assert (run.stop_reason, run.finished_at) == (StopReason.ASKED, None)
    assert len(project.saved()) == 20
    assert crew.work(project.job()) == 0
    assert project.story() == unkilled.story()
