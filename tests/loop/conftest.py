"""Projects whose climbs can be killed, and what is compared afterwards."""

import json
import os
import shutil
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import pytest

from autoloop.records import Step
from autoloop.store import open_readonly
from autoloop.testing.clocks import THEN
from tests.loop.builders import RUN, agent
from tests.loop.killing import STARTED, Job
from tests.workspace.conftest import Repository

ROOT = Path(__file__).parents[2]
MOST_DEATHS = 60
"""Of one climb; more would be a climb that gets no further."""
Key = tuple[object, ...]


class Crew:
    """A process that works jobs off, each in a fork of itself."""

    def __init__(self, home: Path) -> None:
        settings = {"HOME": str(home), "GIT_CONFIG_NOSYSTEM": "1"}
        self._complaints = home / "stderr"
        with self._complaints.open("w") as complaints:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.loop.killing"],
                cwd=ROOT,
                env={**os.environ, **settings},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=complaints,
                text=True,
            )

    def begin(self, job: Job) -> None:
        """Start a job."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(asdict(job)) + "\n")
        self._process.stdin.flush()

    def line(self) -> str:
        """What it says next: `paused`, or how a job ended."""
        assert self._process.stdout is not None
        return self._process.stdout.readline().strip()

    def work(self, job: Job) -> int:
        """Work a job off; its exit status, negative when a signal ended it."""
        self.begin(job)
        return int(self.line())

    def deaths(self, project: "Climbed", *jobs: Job) -> int:
        """Work jobs off one after the other, the last until it is not killed; how many were.

        What a killed one had recorded is never lost, and no trial of it is begun again.
        """
        deaths, paid, begun = 0, set[Key](), 0
        jobs_to_come = iter((*jobs, *[jobs[-1]] * MOST_DEATHS))
        while status := self.work(next(jobs_to_come)):
            assert status == -signal.SIGKILL, self.complaints()
            assert not paid & set(project.started()[begun:])
            assert paid <= project.saved()
            paid, begun, deaths = project.saved(), len(project.started()), deaths + 1
        assert not paid & set(project.started()[begun:])
        return deaths

    def complaints(self) -> str:
        """What it wrote to stderr so far."""
        return self._complaints.read_text()

    def close(self) -> None:
        self._process.communicate()


@dataclass(frozen=True)
class Climbed:
    """A project in which runs are begun, killed and resumed."""

    repository: Repository

    @property
    def folder(self) -> Path:
        return self.repository.folder

    def job(self, *, workers: int = 1, several: bool = False, talking: bool = False) -> Job:
        return Job(project=str(self.folder), workers=workers, several=several, talking=talking)

    def asked(self) -> list[str]:
        """Calls of the meta-agent's model, in order, over all processes."""
        return (self.folder.parent / "asked").read_text().split()

    def saved(self) -> set[Key]:
        """Keys of the trials that are recorded."""
        with open_readonly(self.folder / "runs" / RUN) as store:
            keys = [trial.key for trial in store.trials()]
        return {(key.agent, key.task, key.purpose.value, key.attempt) for key in keys}

    def started(self) -> list[Key]:
        """Keys of the trials that were begun, in order, over all processes."""
        ledger = self.folder.parent / "ledger"
        text = ledger.read_text() if ledger.exists() else ""
        lines = [json.loads(line) for line in text.splitlines()]
        return [tuple(key) for word, *key in lines if word == STARTED]

    def counts(self) -> Counter[str]:
        """How often each call was made in the process that ended last."""
        return Counter(json.loads((self.folder.parent / "counts").read_text()))

    def story(self) -> dict[str, object]:
        """All that a run tells, besides when it happened."""
        with open_readonly(self.folder / "runs" / RUN) as store:
            run, steps, trials, notes = store.run(), store.steps(), store.trials(), store.notebook()
        assert run is not None
        return {
            "stop": run.stop_reason,
            "finished": run.finished_at is not None,
            "scores": run.scores,
            "steps": [_timeless(step) for step in steps],
            "trials": [(t.key, t.step, t.split, t.outcome, t.reward) for t in trials],
            "notebook": notes,
            "refs": self.repository.git("for-each-ref", "--format=%(refname) %(objectname)"),
        }

    def users_things(self) -> dict[str, bytes]:
        """Working files, index, HEAD and branch of the user."""
        runs = str(self.folder / "runs")
        found = self.repository.snapshot()
        return {name: data for name, data in found.items() if not name.startswith(runs)}

    def assert_clean(self) -> None:
        """Git is sound and nothing lies about."""
        self.repository.assert_sound()
        git = self.folder / ".git"
        litter = [p for p in git.rglob("*") if p.suffix == ".lock" or p.name.startswith("tmp_")]
        assert litter == []
        assert not (git / "worktrees").exists()
        own = (f"refs/heads/autoloop/{RUN}", f"refs/autoloop/{RUN}/")
        others = [ref for ref in self.repository.refs() if not ref.startswith(own)]
        assert others == ["refs/heads/main"]


def _timeless(step: Step) -> Step:
    """A step without its dates."""
    assert step.finished_at is not None
    return replace(step, started_at=THEN, finished_at=THEN)


@pytest.fixture(scope="session")
def crew(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Crew]:
    with ExitStack() as stack:
        crew = Crew(tmp_path_factory.mktemp("home"))
        stack.callback(crew.close)
        yield crew


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository in the middle of its user's work: changed, staged and new files."""
    folder = tmp_path_factory.mktemp("template") / "project"
    folder.mkdir()
    repository = Repository(folder)
    repository.git("init", "-q", "-b", "main")
    repository.commit(agent_py="def solve(*_):\n    pass\n", README_md="hello\n")
    (folder / ".gitignore").write_text("runs/\n")
    (folder / "agent.py").write_text(agent(0.0))
    (folder / "README.md").write_text("hello again\n")
    (folder / "staged.txt").write_text("staged\n")
    repository.git("add", "staged.txt")
    (folder / "new.txt").write_text("new\n")
    return folder


NewProject = Callable[[Path], Climbed]


@pytest.fixture(scope="session")
def new_project(template: Path) -> NewProject:
    """Copies the template into a folder."""

    def copy(folder: Path) -> Climbed:
        return Climbed(Repository(shutil.copytree(template, folder / "project")))

    return copy


@pytest.fixture
def project(new_project: NewProject, tmp_path: Path) -> Climbed:
    return new_project(tmp_path)


@pytest.fixture(scope="session")
def unkilled(
    crew: Crew, new_project: NewProject, tmp_path_factory: pytest.TempPathFactory
) -> Climbed:
    """The same climb, run to its end without a kill."""
    climbed = new_project(tmp_path_factory.mktemp("unkilled"))
    assert crew.work(climbed.job()) == 0, crew.complaints()
    return climbed


@pytest.fixture(scope="session")
def unkilled_talking(
    crew: Crew, new_project: NewProject, tmp_path_factory: pytest.TempPathFactory
) -> Climbed:
    """The climb whose edits come of conversations, run to its end without a kill."""
    climbed = new_project(tmp_path_factory.mktemp("talking"))
    assert crew.work(climbed.job(talking=True)) == 0, crew.complaints()
    return climbed


@pytest.fixture(scope="session")
def unkilled_several(
    crew: Crew, new_project: NewProject, tmp_path_factory: pytest.TempPathFactory
) -> Climbed:
    """The climb with several edits at once, run to its end without a kill."""
    climbed = new_project(tmp_path_factory.mktemp("several"))
    assert crew.work(climbed.job(several=True)) == 0, crew.complaints()
    return climbed
