"""The same for real: containers, gateway, git and database, killed while trials run."""

import itertools
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from docker.api.client import APIClient

from autoloop.errors import UserError
from autoloop.records import TrialKey
from autoloop.sandbox.engine import connect
from autoloop.store import open_readonly
from tests.app.builders import git, make_project

pytestmark = [pytest.mark.docker, pytest.mark.slow]

ROOT = Path(__file__).parents[2]
PROGRAM = """\
---
models: {task: offline, meta: offline}
splits: {train: [amber, birch, cedar], validation: [dune, ember], holdout: [fjord, grove]}
rule: passed
final: {attempts: 1}
workers: 2
---
Get better.
"""
STARTS = 11
"""Containers that start before the kill: two for each trial, and four at work at once."""


@pytest.fixture
def engine() -> Iterator[APIClient]:
    """The engine itself, to look behind the program's back."""
    try:
        api = connect()
    except UserError as error:
        if "CI" in os.environ:
            pytest.fail(str(error))
        pytest.skip(str(error))
    yield api
    api.close()


@dataclass(frozen=True)
class _Project:
    folder: Path
    engine: APIClient

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """Start a command of ours as a process of its own."""
        program = str(Path(sys.executable).with_name("autoloop"))
        command = [program, "--project", str(self.folder), *arguments, "--json"]
        return subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )

    @contextmanager
    def killed_at_work(self, since: int) -> Iterator[str]:
        """A climb that was killed while trials ran; the name of its run."""
        process = self.start("climb", "--steps", "1")
        labels = [f"autoloop.pid={process.pid}"]
        events = self.engine.events(since=since, filters={"event": "start", "label": labels})

        def close_at_the_end() -> None:
            process.wait()
            events.close()

        ended = threading.Thread(target=close_at_the_end)
        ended.start()
        assert len(list(itertools.islice(events, STARTS))) == STARTS
        process.send_signal(signal.SIGKILL)
        ended.join()
        process.communicate()
        yield next((self.folder / "runs").iterdir()).name

    def containers(self, run: str) -> int:
        """How many containers of a run there are."""
        return len(self.engine.containers(all=True, filters={"label": f"autoloop.run={run}"}))

    def trials(self, run: str) -> dict[TrialKey, str]:
        """Ids of the counted trials that are recorded."""
        with open_readonly(self.folder / "runs" / run) as store:
            return {trial.key: trial.id for trial in store.trials() if trial.counts}


def test_a_climb_killed_while_trials_run_is_resumed(engine: APIClient, tmp_path: Path) -> None:
    agent = (ROOT / "agent.py").read_text()
    folder = make_project(tmp_path / "project", program=PROGRAM, agent=agent, tasks=7)
    project = _Project(folder, engine)

    with project.killed_at_work(since=int(time.time()) - 1) as run:
        assert project.containers(run) > 0
        paid = project.trials(run)
        done = project.start("resume", run)
        facts = json.loads(done.communicate()[0])

    assert done.returncode == 0
    assert (facts["steps"], facts["stop_reason"]) == (1, "steps budget spent")
    assert facts["scores"]["holdout"]["baseline"]["n"] == 2
    assert paid
    assert paid.items() <= project.trials(run).items()
    begun = list((folder / "runs" / run / "jobs").glob("*/*/config.json"))
    assert len(begun) <= len(project.trials(run)) + 2
    assert project.containers(run) == 0
    assert git(folder, "fsck", "--strict", "--no-dangling") == ""
