"""Whole trials on a real engine, with a real gateway and a model that is told what to say."""

import itertools
import os
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from docker.api.client import APIClient

from autoloop.app.clock import SystemClock
from autoloop.egress import EgressProxy
from autoloop.gateway import SocketGateway
from autoloop.ports import ChatModel
from autoloop.records import Agent, Purpose, Quota, Task, TrialRequest, TrialResult, TrialRules
from autoloop.sandbox import DockerSandbox
from autoloop.testing.models import ScriptedModel
from autoloop.traces import read_transcript
from autoloop.trial import SandboxRunner
from tests.tasks.builders import only_task

ROOT = Path(__file__).parents[2]
RUN = f"test-trials-{os.getpid()}"
TOML = "[agent]\ntimeout_sec = 60.0\n[verifier]\ntimeout_sec = 30.0\n"
CUT_OFF = 'network_mode = "no-network"\n'
CHECK = 'if [ "$(cat out.txt)" = done ]; then echo 1; else echo 0; fi > /logs/verifier/reward.txt'
SOLVE = "#!/bin/bash\nprintf done > out.txt\n"
DOCKERFILE = "FROM autoloop/base:bookworm\nWORKDIR /app\n"


@dataclass(frozen=True, kw_only=True)
class Case:
    """A trial to run; what is left out is a task that asks for the word `done` in a file."""

    agent: str = "nop"
    """`oracle`, `nop`, or the text of agent.py."""
    toml: str = TOML
    test: str = CHECK
    files: Mapping[str, str] = field(default_factory=dict)
    """Added or replaced; an empty one is left out."""
    model: ChatModel = field(default_factory=lambda: ScriptedModel([]))
    quota: Quota = field(default_factory=Quota)
    rules: TrialRules = field(default_factory=TrialRules)

    @property
    def solver(self) -> Agent:
        if self.agent in {"oracle", "nop"}:
            return Agent(kind="oracle" if self.agent == "oracle" else "nop")
        return Agent(source=self.agent)


@dataclass(frozen=True, kw_only=True)
class Ended:
    """A trial that has ended, and what it left."""

    result: TrialResult
    folder: Path

    @property
    def kind(self) -> str | None:
        return self.result.failure.kind if self.result.failure else None

    @property
    def message(self) -> str:
        return self.result.failure.message if self.result.failure else ""

    @property
    def trace(self) -> str:
        return read_transcript(self.folder)

    def text(self, name: str) -> str:
        return (self.folder / name).read_text(encoding="utf-8", errors="replace")


class Bench:
    """Runs cases, each in a folder of its own. Any thread may use it."""

    def __init__(self, sandbox: DockerSandbox, folder: Path) -> None:
        self.sandbox = sandbox
        self.folder = folder
        self._numbers = itertools.count(1)

    def run(self, case: Case) -> Ended:
        """Run it with a gateway and a run folder of its own."""
        number = next(self._numbers)
        folder = self.folder / f"{number:03d}"
        request = TrialRequest(
            task=self._task(case, folder / "task"),
            agent=case.solver,
            purpose=Purpose.EVAL,
            attempt=0,
            seed=1,
            quota=case.quota,
        )
        clock = SystemClock()
        with SocketGateway(case.model, clock=clock) as gateway, EgressProxy() as egress:
            runner = SandboxRunner(
                self.sandbox,
                gateway,
                egress,
                run_folder=folder / "run",
                clock=clock,
                rules=case.rules,
                suffix=lambda: f"{os.getpid()}-{number}",
            )
            result = runner.run(request)
        return Ended(result=result, folder=folder / "run" / result.folder)

    @staticmethod
    def _task(case: Case, folder: Path) -> Task:
        files = {
            "task.toml": _cut_off(case.toml),
            "instruction.md": "Write the word.\n",
            "environment/Dockerfile": DOCKERFILE,
            "solution/solve.sh": SOLVE,
            "tests/test.sh": script(case.test),
            **case.files,
        }
        for name, text in files.items():
            if text:
                path = folder / "word" / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text, encoding="utf-8")
                path.chmod(0o755 if name.endswith(".sh") else 0o644)
        return only_task(folder)


def _cut_off(toml: str) -> str:
    """Without a network, which starts quicker, unless the task speaks of its environment."""
    return toml if "[environment" in toml else f"{toml}\n[environment]\n{CUT_OFF}"


Look = Callable[[str], Ended]


@contextmanager
def on_their_way(bench: Bench, cases: Mapping[str, Case]) -> Iterator[Look]:
    """The end of a case; all cases are on their way as soon as the first is asked for."""
    with ThreadPoolExecutor(4) as pool:
        futures = {name: pool.submit(bench.run, case) for name, case in cases.items()}

        def end_of(name: str) -> Ended:
            # What has not begun is run here and now: a single test does not wait for all cases.
            if futures[name].cancel():
                return bench.run(cases[name])
            return futures[name].result()

        yield end_of
        pool.shutdown(cancel_futures=True)


def script(body: str) -> str:
    """A file for bash."""
    return f"#!/bin/bash\n{body}\n"


@pytest.fixture(scope="session")
def bench(engine: APIClient, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    assert engine.ping()
    with DockerSandbox(ROOT, run=RUN) as sandbox:
        yield Bench(sandbox, tmp_path_factory.mktemp("trials"))
