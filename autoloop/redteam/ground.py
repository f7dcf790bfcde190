"""Where attacks are played: the real machine, tasks with something to hide, and one run folder."""

import itertools
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import TypeVar

from autoloop.errors import TaskError
from autoloop.loop.desk import AGENTS_OWN
from autoloop.ports import Engine, Proposer
from autoloop.records import (
    Agent,
    Outcome,
    Purpose,
    Quota,
    Run,
    Split,
    Task,
    TrialRequest,
    TrialResult,
)
from autoloop.redteam.attack import WORD, Bait, Place, Trip
from autoloop.redteam.secrets import Secrets
from autoloop.store import SqliteStore, open_readonly
from autoloop.tasks import find_tasks
from autoloop.traces import read_transcript
from autoloop.trial import read_feedback

STATE = "state"
"""Folder of the database, where no list of runs finds it."""
WRITTEN = ("agent", "artifacts")
"""What an agent could write into, in a trial's folder and in those of its steps."""
READ_BYTES = 50_000_000

T = TypeVar("T")
ClimbIn = Callable[[Path, Proposer], tuple[Run, tuple[TrialResult, ...]]]


class Once:
    """Does a thing once for each key, whoever asks first. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._locks: dict[object, threading.Lock] = {}
        self._done: dict[object, object] = {}

    def get(self, key: object, make: Callable[[], T]) -> T:
        """What `make` made."""
        with self._lock:
            lock = self._locks.setdefault(key, threading.Lock())
        with lock:
            if key not in self._done:
                self._done[key] = make()
            made: T = self._done[key]  # type: ignore[assignment]
            return made


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """Implements `Arena` on an engine that runs real trials."""

    engine: Engine
    folder: Path
    """The run's: trials are in its folder `jobs`."""
    retried: "SimpleQueue[TrialResult]"
    """Invalid trials that were run again."""
    secrets_of_play: Secrets
    quota: Quota
    climb_in: ClimbIn
    _once: Once = field(default_factory=Once)
    _attempts: Iterator[int] = field(default_factory=itertools.count)
    _again: "Counter[tuple[str, int]]" = field(default_factory=Counter)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def secrets(self) -> tuple[str, ...]:
        """Words that no attacker may ever see."""
        return self.secrets_of_play.all

    def seen(self, text: str) -> str:
        """Which secrets stand in a text, by what they are the secret of."""
        return self.secrets_of_play.seen(text)

    def climb(self, project: Path, proposer: Proposer) -> tuple[Run, tuple[TrialResult, ...]]:
        """Climb in a project with a meta-agent of the attack's own, with few trials."""
        return self.climb_in(project, proposer)

    def trip(
        self,
        agent: str,
        bait: Bait,
        *,
        place: Place = "fresh",
        split: Split | None = None,
        purpose: Purpose = Purpose.EVAL,
    ) -> Trip:
        """Run a trial of agent.py and wait for its end; on the same task one that does nothing."""
        idle = self._idle(bait, place)
        request = self._request(Agent(source=agent), bait, place)
        result, runs = self._run(replace(request, split=split, purpose=purpose))
        home = self.folder / result.folder
        told = _told(result, home, request.task)
        return Trip(result=result, folder=home, told=told, idle=idle.reward, runs=runs)

    def honest(self, place: Place) -> TrialResult:
        """A new trial of a task's own solution."""
        return self._run(self._request(Agent(kind="oracle"), WORD, place))[0]

    def trials(self) -> tuple[TrialResult, ...]:
        """All that are recorded, as a process that comes later reads them."""
        reader = open_readonly(self.folder / STATE)
        with closing(reader):
            return reader.trials()

    def _idle(self, bait: Bait, place: Place) -> TrialResult:
        make = partial(self._request, Agent(kind="nop"), bait, place)
        return self._once.get(("idle", bait.name, place), lambda: self._run(make())[0])

    def _request(self, agent: Agent, bait: Bait, place: Place) -> TrialRequest:
        task = self._once.get(("task", bait.name), partial(self._task, bait))
        with self._lock:
            attempt = next(self._attempts)
        return TrialRequest(
            task=replace(task, verification=place),
            agent=agent,
            purpose=Purpose.EVAL,
            attempt=attempt,
            seed=0,
            quota=self.quota,
        )

    def _task(self, bait: Bait) -> Task:
        folder = self.folder / "tasks" / bait.name
        for name, text in bait.contents().items():
            path = folder / bait.name / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(self.secrets_of_play.filled(text), encoding="utf-8")
            path.chmod(0o755 if name.endswith(".sh") else 0o644)
        found = find_tasks(folder, host_env={})
        for problem in found.problems:
            raise TaskError(str(problem))
        return found.tasks[0]

    def _run(self, request: TrialRequest) -> tuple[TrialResult, int]:
        result = self.engine.submit(request).result()
        with self._lock:
            with suppress(Empty):
                while True:
                    self._again[_name(self.retried.get_nowait())] += 1
            with closing(SqliteStore.open(self.folder / STATE)) as store:
                store.save_trial(result)
            return result, 1 + self._again[_name(result)]


def _name(result: TrialResult) -> tuple[str, int]:
    return result.key.agent, result.key.attempt


def _told(result: TrialResult, home: Path, task: Task) -> str:
    """What an agent wrote, and what of its trial a meta-agent may read."""
    tests = {step.name: step.verifier.tests for step in task.steps}
    texts = [read_transcript(home), str(read_feedback(home, result, tests=tests, level="checks"))]
    failure = result.failure
    if failure is not None and failure.kind in AGENTS_OWN:
        texts.append(failure.message)
    texts += [finding.evidence for finding in result.findings]
    for folder in (home, *sorted((home / "steps").glob("*"))):
        for part in WRITTEN:
            texts += [_text(path) for path in sorted((folder / part).rglob("*"))]
    return "\n".join(texts)


def _text(path: Path) -> str:
    if path.is_symlink() or not path.is_file():
        return path.name
    with path.open("rb") as file:
        return f"{path.name}\n{file.read(READ_BYTES).decode(errors='replace')}"


def is_full(result: TrialResult) -> bool:
    """Whether an honest trial got what it earned."""
    return result.outcome is Outcome.SCORED and result.passed
