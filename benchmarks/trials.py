"""What autoloop adds to the bare container engine: trivial trials against a floor.

A trial here runs both of its containers in full: the task's, and the agent's with an agent.py that
does nothing. The floor is one container through the docker SDK: create, start, three execs, remove.
Both are measured in turn, several times, at the same number of workers, so that a ratio does not
move with whatever else the machine does. Removals count on both sides.
"""

import argparse
import json
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from itertools import count, islice
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import docker

from autoloop.app.clock import SystemClock
from autoloop.engines import LocalEngine
from autoloop.gateway import SocketGateway
from autoloop.gateway.offline.junior import OfflineTaskModel
from autoloop.records import Agent, Outcome, Purpose, Task, TrialRequest
from autoloop.sandbox import DockerSandbox
from autoloop.tasks import find_tasks
from autoloop.trial import SandboxRunner

BASE = "autoloop/base:bookworm"
WORKERS = (1, 2, 4, 8)
NOP_AGENT = Agent(source="def solve(instruction, env, model):\n    pass\n")
AIM = 2.0
FILES = {
    "instruction.md": "Do nothing.\n",
    "environment/Dockerfile": f"FROM {BASE}\nWORKDIR /app\n",
    "tests/test.sh": "#!/bin/bash\necho 1 > /logs/verifier/reward.txt\n",
    "task.toml": 'version = "1.0"\n[environment]\nallow_internet = false\n',
}


@dataclass(frozen=True, kw_only=True)
class Spent:
    """What one piece of work took: wall seconds at this concurrency, and our own CPU seconds."""

    wall_s: float
    cpu_s: float


@dataclass(frozen=True, kw_only=True)
class Row:
    """One number of workers; seconds are medians over the rounds, for one trial or container."""

    workers: int
    floor_s: float
    autoloop_s: float
    ratio_floor: float
    """Median of the rounds' ratios."""
    ratio_low: float
    ratio_high: float
    floor_cpu_s: float
    autoloop_cpu_s: float
    """CPU seconds of this process, the engine's not counted."""


def write_tasks(folder: Path, number: int) -> tuple[Task, ...]:
    """So many tasks that a do-nothing agent solves."""
    for index in range(number):
        for name, text in FILES.items():
            path = folder / f"trivial-{index:03}" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        (folder / f"trivial-{index:03}" / "tests/test.sh").chmod(0o755)
    found = find_tasks(folder)
    if found.problems:
        sys.exit("\n".join(map(str, found.problems)))
    return found.tasks


@contextmanager
def timed(items: int, into: list[Spent]) -> Iterator[None]:
    wall, cpu = time.monotonic(), time.process_time()
    yield
    wall, cpu = time.monotonic() - wall, time.process_time() - cpu
    into.append(Spent(wall_s=wall / items, cpu_s=cpu / items))


def run_floor(items: int, workers: int, into: list[Spent]) -> None:
    client = docker.from_env(timeout=600, max_pool_size=workers)
    with ThreadPoolExecutor(workers) as pool, timed(items, into):
        list(pool.map(lambda _: one_container(client), range(items)))
    client.close()


def one_container(client: docker.DockerClient) -> None:
    container = client.containers.create(BASE, ["sleep", "infinity"], network_mode="none")
    try:
        container.start()
        for _ in range(3):
            if container.exec_run(["true"]).exit_code != 0:
                sys.exit("A command of the floor failed.")
    finally:
        container.remove(force=True)


def run_trials(
    requests: Sequence[TrialRequest], workers: int, folder: Path, into: list[Spent]
) -> None:
    """Run trials as a climb does; the time ends when the last container is gone."""
    clock = SystemClock()
    sandbox = DockerSandbox(folder, run="benchmark")
    with SocketGateway(OfflineTaskModel(), clock=clock) as gateway:
        runner = SandboxRunner(sandbox, gateway, run_folder=folder, clock=clock)
        engine = LocalEngine(runner, workers=workers)
        with timed(len(requests), into):
            futures = [engine.submit(request) for request in requests]
            results = [future.result() for future in futures]
            engine.close()
            sandbox.close()
    wrong = [r.failure for r in results if r.outcome is not Outcome.SCORED or r.reward != 1.0]
    if wrong:
        sys.exit(f"{len(wrong)} trials went wrong, the first one: {wrong[0]}")


def requests_for(tasks: Sequence[Task]) -> Iterator[TrialRequest]:
    """Trials without end, no two alike."""
    for attempt in count():
        for task in tasks:
            yield TrialRequest(
                task=task, agent=NOP_AGENT, purpose=Purpose.EVAL, attempt=attempt, seed=0
            )


def measure(tasks: Sequence[Task], workers: int, *, rounds: int, folder: Path) -> Row:
    """Floor and trials in turn; which of them comes first changes from round to round."""
    requests = requests_for(tasks)
    floor: list[Spent] = []
    ours: list[Spent] = []
    items = max(len(tasks), 2 * workers)
    for number in range(rounds):
        batch = list(islice(requests, items))
        if number % 2:
            run_trials(batch, workers, folder, ours)
        run_floor(items, workers, floor)
        if not number % 2:
            run_trials(batch, workers, folder, ours)
    ratios = [mine.wall_s / bare.wall_s for mine, bare in zip(ours, floor, strict=True)]
    return Row(
        workers=workers,
        floor_s=round(median(s.wall_s for s in floor), 3),
        autoloop_s=round(median(s.wall_s for s in ours), 3),
        ratio_floor=round(median(ratios), 2),
        ratio_low=round(min(ratios), 2),
        ratio_high=round(max(ratios), 2),
        floor_cpu_s=round(median(s.cpu_s for s in floor), 3),
        autoloop_cpu_s=round(median(s.cpu_s for s in ours), 3),
    )


def show(rows: Sequence[Row]) -> None:
    print(
        f"{'workers':>7} {'floor':>8} {'autoloop':>9} {'ratio':>6} {'(range)':>12} {'our CPU':>9}"
    )
    for row in rows:
        spread = f"{row.ratio_low:.2f}-{row.ratio_high:.2f}"
        print(
            f"{row.workers:>7} {row.floor_s:>6.2f} s {row.autoloop_s:>7.2f} s"
            f" {row.ratio_floor:>6.2f} {spread:>12} {row.autoloop_cpu_s:>7.3f} s"
        )
    print(f"Wall seconds for one at this concurrency. Aim: a ratio of at most {AIM}.")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tasks", type=int, default=8, help="trivial tasks, each run every round")
    parser.add_argument(
        "--rounds", type=int, default=3, help="how often floor and trials take turns"
    )
    parser.add_argument("--workers", type=int, nargs="+", default=WORKERS, help="trials at once")
    parser.add_argument("--json", action="store_true", help="print one object instead of a table")
    wish = parser.parse_args()
    with TemporaryDirectory(prefix="autoloop-trials-") as name:
        folder = Path(name)
        tasks = write_tasks(folder / "tasks", wish.tasks)
        # Images are built, and modules loaded, before anything is measured.
        run_trials(list(islice(requests_for(tasks), 1)), 1, folder, [])
        rows = [measure(tasks, n, rounds=wish.rounds, folder=folder) for n in wish.workers]
    if wish.json:
        print(json.dumps({"aim": AIM, "workers": {str(row.workers): asdict(row) for row in rows}}))
    else:
        show(rows)


if __name__ == "__main__":
    main()
