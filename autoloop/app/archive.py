"""Opens the archive of a project's trials for one run, and tells what makes two trials equal."""

import functools
import hashlib
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TypeVar

import autoloop
from autoloop.app.clock import SystemClock
from autoloop.app.compose import OFFLINE
from autoloop.app.preparing import environments
from autoloop.errors import InfraError, RunError, UserError
from autoloop.loop import Reuse
from autoloop.ports import Observer, Sandbox, TrialArchive
from autoloop.records import ArchiveKey, JsonValue, Notice, Task, TrialRequest, TrialResult
from autoloop.records.secrets import own_environment
from autoloop.settings import Settings
from autoloop.store import SqliteArchive

PACKAGE = Path(__file__).resolve().parents[1]
AT_WORK = ("gateway", "harness", "sandbox", "trial")
"""Parts of autoloop that an outcome may depend on."""
ADDRESSES = ("_API_BASE", "_BASE_URL")
"""How the variables end that send a model's name to another server."""

_Answer = TypeVar("_Answer")


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """A run, as far as the outcomes of its trials depend on it."""

    run: str
    settings: Settings
    model: str
    """The task model, by its full name."""
    seed: int
    """What the seeds of its trials are made from."""


@contextmanager
def reuse_for(
    runs: Path, terms: Terms, *, sandbox: Sandbox, observer: Observer
) -> Iterator[Reuse | None]:
    """What a run reuses while it is worked on; None, and a notice, where there is no archive."""
    try:
        archive = SqliteArchive.open(runs, run=terms.run)
    except (InfraError, RunError) as error:
        observer.notify(Notice(text=f"No trial is reused: {error}"))
        yield None
        return
    with closing(archive):
        yield Reuse(
            archive=Spareable(archive, observer),
            key=ContentKeys(terms, sandbox),
            now=SystemClock().now,
            takes=terms.settings.reuse,
            repeats=terms.model == OFFLINE,
        )


class Spareable:
    """A `TrialArchive` that a run can do without: when it fails, this is told and it is empty."""

    def __init__(self, inner: TrialArchive, observer: Observer) -> None:
        self._inner = inner
        self._observer = observer
        self._is_broken = False

    def trials(self, key: ArchiveKey) -> tuple[TrialResult, ...]:
        """As the archive says."""
        return self._spared(lambda: self._inner.trials(key), otherwise=())

    def add(self, key: ArchiveKey, result: TrialResult) -> None:
        """Pass it on."""
        self._spared(lambda: self._inner.add(key, result), otherwise=None)

    def close(self) -> None:
        """Let go of it."""
        self._inner.close()

    def _spared(self, call: Callable[[], _Answer], *, otherwise: _Answer) -> _Answer:
        if self._is_broken:
            return otherwise
        try:
            return call()
        except (InfraError, RunError) as error:
            self._is_broken = True
            text = f"From now on no trial is reused or kept for other runs: {error}"
            self._observer.notify(Notice(text=text))
            return otherwise


class ContentKeys:
    """Tells the content of a trial; asks the engine once for each task. Any thread may call."""

    def __init__(self, terms: Terms, sandbox: Sandbox) -> None:
        self._terms = terms
        self._sandbox = sandbox
        self._images: dict[str, str | None] = {}
        self._lock = threading.Lock()

    def __call__(self, request: TrialRequest) -> ArchiveKey | None:
        """The key of a trial of an agent.py; None where its images cannot be told."""
        images = self._images_of(request.task)
        if images is None:
            return None
        return ArchiveKey(
            agent=request.agent.digest,
            task_digest=request.task.digest,
            image=images,
            model=self._terms.model,
            conditions=_named({**_conditions(self._terms), **_of_trial(request)}),
        )

    def _images_of(self, task: Task) -> str | None:
        with self._lock:
            if task.name not in self._images:
                self._images[task.name] = self._asked(task)
            return self._images[task.name]

    def _asked(self, task: Task) -> str | None:
        try:
            own = [self._sandbox.fingerprint(environment) for environment in environments(task)]
            return _named([*own, self._sandbox.agent_image()])
        except (InfraError, UserError):
            # Whatever is wrong with the engine or an image, the trial itself says it better.
            return None


def _conditions(terms: Terms) -> dict[str, JsonValue]:
    """What all trials of a run have in common."""
    settings = terms.settings
    return {
        "rules": asdict(settings.rules()),
        "engine": [settings.engine, settings.environment, settings.environment_options],
        "program": [autoloop.__version__, _program()],
        "addresses": {k: v for k, v in own_environment().items() if k.endswith(ADDRESSES)},
        # The stand-in is a function of the seed. Another seed asks for other draws, and within one
        # seed a draw can be told from another by purpose and attempt. For a model it is no part:
        # its answers are drawn anew each time.
        "seed": terms.seed if terms.model == OFFLINE else None,
    }


def _of_trial(request: TrialRequest) -> dict[str, JsonValue]:
    """What a trial brings: its quota, and the variables that the task takes from this machine."""
    task = request.task
    return {
        "quota": asdict(request.quota),
        "env": [
            *(dict(environment.env) for environment in environments(task)),
            *(dict(step.verifier.env) for step in task.steps),
        ],
    }


@functools.cache
def _program() -> str:
    """Names the code that runs trials: edited, it may change what comes of them."""
    whole = hashlib.sha256()
    for path in sorted(path for part in AT_WORK for path in (PACKAGE / part).rglob("*.py")):
        whole.update(f"{path.relative_to(PACKAGE)}\0".encode() + path.read_bytes())
    return whole.hexdigest()


def _named(content: JsonValue) -> str:
    """A name for something by its content, which does not give it away."""
    text = json.dumps(content, sort_keys=True)
    return f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"
