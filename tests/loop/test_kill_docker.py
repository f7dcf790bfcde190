"""The same for real: containers, gateway, git and database, killed while trials run."""

import itertools
import json
import signal
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from docker.api.client import APIClient

from autoloop.records import TrialKey
from autoloop.sandbox.leftovers import run_labels
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
WORKERS = 2
STARTS = 11
"""Containers that start before the end: two for each trial, and four at work at once."""


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

    def go_until(self, starts: int, *arguments: str) -> subprocess.Popen[str]:
        """A command in which so many containers have started, and trials run."""
        since = int(time.time()) - 1
        process = self.start(*arguments)
        labels = [f"autoloop.pid={process.pid}"]
        events = self.engine.events(since=since, filters={"event": "start", "label": labels})

        def close_at_the_end() -> None:
            process.wait()
            events.close()

        threading.Thread(target=close_at_the_end).start()
        assert len(list(itertools.islice(events, starts))) == starts
        return process

    @property
    def run(self) -> str:
        """Name of the one run."""
        (folder,) = (path for path in (self.folder / "runs").iterdir() if path.is_dir())
        return folder.name

    def resumed(self) -> dict[str, Any]:
        """The run, worked on to its end."""
        process = self.start("resume", self.run)
        facts: dict[str, Any] = json.loads(process.communicate()[0])
        assert process.returncode == 0
        return facts

    def containers(self) -> int:
        """How many containers of the run there are."""
        labels = [f"{name}={word}" for name, word in run_labels(self.run, self.folder).items()]
        return len(self.engine.containers(all=True, filters={"label": labels}))

    def begun(self) -> int:
        """How many trials have a folder, recorded or not."""
        return len(list((self.folder / "runs").glob("*/jobs/*/*/config.json")))

    def trials(self) -> dict[TrialKey, str]:
        """Ids of the counted trials that are recorded."""
        with open_readonly(self.folder / "runs" / self.run) as store:
            return {trial.key: trial.id for trial in store.trials() if trial.counts}


@pytest.fixture
def project(engine: APIClient, tmp_path: Path) -> _Project:
    agent = (ROOT / "agent.py").read_text()
    folder = make_project(tmp_path / "project", program=PROGRAM, agent=agent, tasks=7)
    return _Project(folder, engine)


def test_a_climb_that_is_ended_and_then_killed_while_trials_run_goes_on_each_time(
    project: _Project,
) -> None:
    ended = project.go_until(STARTS, "climb", "--steps", "1")
    paid_first = project.trials()
    ended.send_signal(signal.SIGINT)
    ended.send_signal(signal.SIGTERM)
    ended.communicate()
    left_by_ended, begun_by_ended = project.containers(), project.begun()

    killed = project.go_until(STARTS, "resume", project.run)
    killed.send_signal(signal.SIGKILL)
    killed.communicate()
    paid = project.trials()
    left_by_killed = project.containers()

    facts = project.resumed()

    assert (ended.returncode, left_by_ended) == (130, 0)
    assert left_by_killed > 0
    assert (facts["steps"], facts["stop_reason"]) == (1, "steps budget spent")
    assert facts["scores"]["holdout"]["baseline"]["n"] == 2
    assert paid_first
    assert paid_first.items() < paid.items() <= project.trials().items()
    recorded_since = len(project.trials()) - len(paid_first)
    assert project.begun() - begun_by_ended <= recorded_since + WORKERS
    assert project.containers() == 0
    assert git(project.folder, "fsck", "--strict", "--no-dangling") == ""
