"""Hundreds of trials at once, whose agents mostly wait for their model.

Every trial has its own task and agent container; its agent asks the model once, which answers after
a fixed delay, then runs one command. All are given to the engine at once. What counts is that every
one of them ends right, that nothing is left behind, and what this process needed for it.
"""

import argparse
import json
import os
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory

import docker
from trials import requests_for, run_trials, write_tasks

from autoloop.app.clock import SystemClock
from autoloop.egress import EgressProxy
from autoloop.engines import LocalEngine
from autoloop.gateway import SocketGateway
from autoloop.records import Agent, ChatReply, ChatRequest, Outcome, TrialRequest, TrialResult
from autoloop.sandbox import DockerSandbox
from autoloop.testing.models import reply
from autoloop.trial import SandboxRunner

RUN = f"crowd-{os.getpid()}"
MOST_MB = 600
LOOK_S = 0.5
AGENT = Agent(
    source=(
        "def solve(instruction, env, model):\n"
        "    answer = model.chat([{'role': 'user', 'content': instruction}])\n"
        "    assert env.run('echo ' + answer.content).stdout == 'done\\n'\n"
    )
)


class SlowModel:
    """A model that answers after a while, and knows how many wait for it."""

    name = "slow"

    def __init__(self, delay_s: float) -> None:
        self._delay_s = delay_s
        self._lock = threading.Lock()
        self._waiting = 0
        self.most_waiting = 0

    def complete(self, _request: ChatRequest) -> ChatReply:
        """Answer what the agent echoes."""
        self._count(1)
        time.sleep(self._delay_s)
        self._count(-1)
        return reply("done")

    def _count(self, change: int) -> None:
        with self._lock:
            self._waiting += change
            self.most_waiting = max(self.most_waiting, self._waiting)


@dataclass(frozen=True, kw_only=True)
class Memory:
    """What the kernel says of this process, in MB."""

    rss: float
    anonymous: float
    """Of that, not read from files."""
    shared: float
    """Of that, code and data that other processes use, too."""


@dataclass(frozen=True, kw_only=True)
class Crowd:
    """What a crowd of trials took."""

    trials: int
    delay_s: float
    wall_s: float
    cpu_s: float
    """Of this process."""
    waiting: int
    """The most agents that waited for the model at one time."""
    threads: int
    """The most at one time."""
    files: int
    """The most that were open at one time, sockets included."""
    before: Memory
    peak: Memory
    outcomes: dict[str, int]
    wrong: int
    containers_left: int


class Watch:
    """Looks at this process now and then, and keeps the most of what it sees."""

    def __init__(self) -> None:
        self.before = memory()
        self.peak = self.before
        self.threads = self.files = 0
        self._over = threading.Event()

    @contextmanager
    def watching(self) -> Iterator[None]:
        watcher = threading.Thread(target=self._watch)
        watcher.start()
        try:
            yield
        finally:
            self._over.set()
            watcher.join()

    def _watch(self) -> None:
        while not self._over.wait(LOOK_S):
            self.peak = max(self.peak, memory(), key=lambda seen: seen.rss)
            self.threads = max(self.threads, threading.active_count())
            self.files = max(self.files, len(os.listdir("/proc/self/fd")))  # noqa: PTH208


def memory() -> Memory:
    """The process as it is now."""
    fields = {}
    for line in Path("/proc/self/smaps_rollup").read_text().splitlines()[1:]:
        name, value, *_ = line.split()
        fields[name.rstrip(":")] = round(int(value) / 1024, 1)
    return Memory(
        rss=fields["Rss"],
        anonymous=fields["Anonymous"],
        shared=fields["Shared_Clean"] + fields["Shared_Dirty"],
    )


def run_crowd(requests: Sequence[TrialRequest], folder: Path, *, delay_s: float) -> Crowd:
    """Run all of them at once."""
    clock, model, watch = SystemClock(), SlowModel(delay_s), Watch()
    wall, cpu = time.monotonic(), time.process_time()
    with (
        watch.watching(),
        DockerSandbox(folder, run=RUN) as sandbox,
        SocketGateway(model, clock=clock) as gateway,
        EgressProxy() as egress,
    ):
        runner = SandboxRunner(sandbox, gateway, egress, run_folder=folder, clock=clock)
        engine = LocalEngine(runner, workers=len(requests))
        results = [future.result() for future in [engine.submit(r) for r in requests]]
        engine.close()
    return Crowd(
        trials=len(requests),
        delay_s=delay_s,
        wall_s=round(time.monotonic() - wall, 1),
        cpu_s=round(time.process_time() - cpu, 1),
        waiting=model.most_waiting,
        threads=watch.threads,
        files=watch.files,
        before=watch.before,
        peak=watch.peak,
        outcomes=dict(Counter(_told(result) for result in results)),
        wrong=sum(not _is_right(result) for result in results),
        containers_left=_left(),
    )


def _is_right(result: TrialResult) -> bool:
    return result.outcome is Outcome.SCORED and result.passed and result.usage.calls == 1


def _told(result: TrialResult) -> str:
    failure = result.failure
    return (
        f"{result.outcome} {f'{failure.kind}: {failure.message[:200]}' if failure else ''}".strip()
    )


def _left() -> int:
    client = docker.from_env()
    try:
        return len(client.containers.list(all=True, filters={"label": f"autoloop.run={RUN}"}))
    finally:
        client.close()


def show(crowd: Crowd) -> None:
    peak, before = crowd.peak, crowd.before
    grown = 1024 * (peak.rss - before.rss) / crowd.trials
    print(
        f"{crowd.trials} trials at once, each waiting {crowd.delay_s:g} s for its model:"
        f" {crowd.wall_s:.0f} s, {crowd.wall_s / crowd.trials:.2f} s a trial,"
        f" {crowd.cpu_s / crowd.trials:.3f} s of own CPU a trial\n"
        f"waiting at once: {crowd.waiting} agents; threads: {crowd.threads}; open files:"
        f" {crowd.files}\n"
        f"memory: {peak.rss:.0f} MB at most ({peak.anonymous:.0f} MB its own data,"
        f" {peak.shared:.0f} MB shared), {before.rss:.0f} MB before, {grown:.0f} KB more a trial"
        f" (aim: at most {MOST_MB} MB in all)\n"
        f"wrong: {crowd.wrong} (aim: 0); containers left: {crowd.containers_left} (aim: 0)"
    )
    for told, number in crowd.outcomes.items():
        print(f"{number:>6}  {told}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trials", type=int, default=500, help="how many, all at once")
    parser.add_argument("--delay", type=float, default=30.0, help="seconds the model takes")
    parser.add_argument("--json", action="store_true", help="print one object instead")
    wish = parser.parse_args()
    with TemporaryDirectory(prefix="autoloop-crowd-") as name:
        folder = Path(name)
        tasks = write_tasks(folder / "tasks", 20)
        # Images are built, and modules loaded, before anything is measured.
        nop = Agent(source="def solve(instruction, env, model):\n    pass\n")
        run_trials(list(islice(requests_for(tasks, nop), 1)), 1, folder, [])
        requests = list(islice(requests_for(tasks, AGENT), wish.trials))
        crowd = run_crowd(requests, folder, delay_s=wish.delay)
    if wish.json:
        print(json.dumps(asdict(crowd)))
    else:
        show(crowd)
    sys.exit(bool(crowd.wrong or crowd.containers_left))


if __name__ == "__main__":
    main()
