"""What autoloop adds to the bare container engine, and how Harbor does on the same tasks.

A trial here runs both of its containers in full: the task's, and the agent's with an agent.py that
does nothing. The floor is one container through the docker SDK: create, start, three execs, remove.
Floor and trials are measured in turn, several times, at the same number of workers, so that a ratio
does not move with whatever else the machine does; removals count on both sides. With `--realistic`
the agent runs 20 commands of 50 ms each, and so does the floor. Harbor runs once for each number of
workers, as shipped and with `init: true`, and its own account of a job's time counts, which leaves
out how long it takes to load.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from functools import partial
from itertools import count, islice
from pathlib import Path
from statistics import mean, median
from tempfile import TemporaryDirectory

import docker

from autoloop.app.clock import SystemClock
from autoloop.app.reference import ENTRY, FIND, LEAVE_OUT, find_harbor
from autoloop.egress import EgressProxy
from autoloop.engines import LocalEngine
from autoloop.gateway import SocketGateway
from autoloop.gateway.offline.junior import OfflineTaskModel
from autoloop.records import Agent, Outcome, Purpose, Task, TrialRequest
from autoloop.sandbox import DockerSandbox
from autoloop.tasks import find_tasks
from autoloop.trial import SandboxRunner

BASE = "autoloop/base:bookworm"
WORKERS = (1, 4, 8)
COMMANDS = 20
COMMAND = "sleep 0.05"
NO_NETWORK = 'network_mode = "no-network"\n'
HARBOR = Path(__file__).parents[1] / ".venv-harbor" / "bin" / "python"
FILES = {
    "instruction.md": "Do nothing.\n",
    "environment/Dockerfile": f"FROM {BASE}\nWORKDIR /app\n",
    "tests/test.sh": "#!/bin/bash\necho 1 > /logs/verifier/reward.txt\n",
}
INIT = "services:\n  main:\n    init: true\n"

MOST_OF_FLOOR = 1.5
TIMES_HARBOR = 8.0
TIMES_HARBOR_INIT = 4.0
HARBOR_WORKERS = 8  # at which the two aims above hold
MOST_CPU_S = 0.15


@dataclass(frozen=True, kw_only=True)
class Work:
    """What a trial's agent does, and the floor's container in the same way."""

    agent: Agent
    commands: Sequence[str]
    has_network: bool = True


@dataclass(frozen=True, kw_only=True)
class Spent:
    """What one piece of work took: wall seconds at this concurrency, and CPU seconds."""

    wall_s: float
    cpu_s: float


@dataclass(frozen=True, kw_only=True)
class Row:
    """One number of workers; seconds are medians over the rounds, for one trial or container."""

    floor_s: float
    autoloop_s: float
    harbor_s: float | None = None
    harbor_init_s: float | None = None
    ratio_floor: float
    """Median of the rounds' ratios."""
    ratio_low: float
    ratio_high: float
    floor_cpu_s: float
    autoloop_cpu_s: float
    """CPU seconds of this process, the engine's not counted."""
    harbor_cpu_s: float | None = None
    """CPU seconds of Harbor and the command-line clients it starts."""
    times_harbor: float | None = None
    """How many times as fast autoloop is, by trials right before and after Harbor's."""
    times_harbor_init: float | None = None


def do_nothing(*, has_network: bool) -> Work:
    """The trivial trial."""
    agent = Agent(source="def solve(instruction, env, model):\n    pass\n")
    return Work(agent=agent, commands=["true"] * 3, has_network=has_network)


def run_commands(*, has_network: bool) -> Work:
    """The realistic trial."""
    source = (
        "def solve(instruction, env, model):\n"
        f"    for _ in range({COMMANDS}):\n"
        f"        assert env.run({COMMAND!r}).exit_code == 0\n"
    )
    commands = [COMMAND] * COMMANDS + ["true"] * 3
    return Work(agent=Agent(source=source), commands=commands, has_network=has_network)


def write_tasks(folder: Path, number: int, *, has_network: bool = True) -> tuple[Task, ...]:
    """So many tasks that a do-nothing agent solves."""
    toml = 'version = "1.0"\n[environment]\n' + ("" if has_network else NO_NETWORK)
    for index in range(number):
        for name, text in {**FILES, "task.toml": toml}.items():
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


def run_floor(work: Work, items: int, workers: int, into: list[Spent]) -> None:
    client = docker.from_env(timeout=600, max_pool_size=workers)
    with ThreadPoolExecutor(workers) as pool, timed(items, into):
        list(pool.map(lambda _: one_container(client, work), range(items)))
    client.close()


def one_container(client: docker.DockerClient, work: Work) -> None:
    network = "bridge" if work.has_network else "none"
    container = client.containers.create(BASE, ["sleep", "infinity"], network_mode=network)
    try:
        container.start()
        for command in work.commands:
            if container.exec_run(["sh", "-c", command]).exit_code != 0:
                sys.exit("A command of the floor failed.")
    finally:
        container.remove(force=True)


def run_trials(
    requests: Sequence[TrialRequest], workers: int, folder: Path, into: list[Spent]
) -> None:
    """Run trials as a climb does; the time ends when the last container is gone."""
    clock = SystemClock()
    sandbox = DockerSandbox(folder, run="benchmark")
    with SocketGateway(OfflineTaskModel(), clock=clock) as gateway, EgressProxy() as egress:
        runner = SandboxRunner(sandbox, gateway, egress, run_folder=folder, clock=clock)
        engine = LocalEngine(runner, workers=workers)
        with timed(len(requests), into):
            futures = [engine.submit(request) for request in requests]
            results = [future.result() for future in futures]
            engine.close()
            sandbox.close()
    wrong = [r.failure for r in results if r.outcome is not Outcome.SCORED or r.reward != 1.0]
    if wrong:
        sys.exit(f"{len(wrong)} trials went wrong, the first one: {wrong[0]}")


def some_trials(requests: Iterator[TrialRequest], workers: int, folder: Path) -> Spent:
    """Two trials for every worker."""
    run_trials(list(islice(requests, 2 * workers)), workers, folder, spent := [])
    return spent[0]


def requests_for(tasks: Sequence[Task], agent: Agent) -> Iterator[TrialRequest]:
    """Trials without end, no two alike."""
    for attempt in count():
        for task in tasks:
            yield TrialRequest(
                task=task, agent=agent, purpose=Purpose.EVAL, attempt=attempt, seed=0
            )


class Harbor:
    """The reference runner, installed somewhere else, on the same trivial tasks."""

    def __init__(self, python: Path, folder: Path) -> None:
        self._program = [str(python), "-c", ENTRY]
        self._folder = folder
        self._numbers = count()
        self._init = folder / "init.yaml"
        self._init.parent.mkdir(parents=True, exist_ok=True)
        self._init.write_text(INIT)

    def run(self, trials: int, workers: int, *, init: bool) -> Spent:
        """Run so many trials with its do-nothing agent."""
        job = self._folder / f"job-{next(self._numbers)}"
        tasks = self._folder / f"tasks-{trials}"
        write_tasks(tasks, trials)
        command = [*self._program, "run", "--path", str(tasks), "--agent", "nop", "--quiet"]
        command += ["--n-concurrent", str(workers), "--yes", "--job-name", job.name]
        command += ["--jobs-dir", str(job.parent)]
        command += ["--extra-docker-compose", str(self._init)] if init else []
        cpu = _children_cpu_s()
        done = subprocess.run(
            command,
            env={**os.environ, "HARBOR_TELEMETRY": "off"},
            capture_output=True,
            text=True,
            check=False,
        )
        cpu = _children_cpu_s() - cpu
        if done.returncode != 0:
            sys.exit(f"Harbor failed:\n{(done.stdout + done.stderr)[-3_000:]}")
        _check_rewards(job, trials)
        return Spent(wall_s=_job_s(job) / trials, cpu_s=cpu / trials)


def _children_cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _job_s(job: Path) -> float:
    result = json.loads((job / "result.json").read_text())
    begun, ended = (datetime.fromisoformat(result[k]) for k in ("started_at", "finished_at"))
    return (ended - begun).total_seconds()


def _check_rewards(job: Path, trials: int) -> None:
    results = [json.loads(path.read_text()) for path in job.glob("*/result.json")]
    rewards = [(result["verifier_result"] or {}).get("rewards") for result in results]
    if rewards != [{"reward": 1.0}] * trials:
        errors = {str(result["exception_info"])[:600] for result in results}
        sys.exit(f"Harbor gave the rewards {rewards}: {errors}")


def measure(tasks: Sequence[Task], workers: int, *, rounds: int, folder: Path, work: Work) -> Row:
    """Floor and trials in turn; which of them comes first changes from round to round."""
    requests = requests_for(tasks, work.agent)
    floor: list[Spent] = []
    ours: list[Spent] = []
    items = max(len(tasks), 2 * workers)
    for number in range(rounds):
        batch = list(islice(requests, items))
        if number % 2:
            run_trials(batch, workers, folder, ours)
        run_floor(work, items, workers, floor)
        if not number % 2:
            run_trials(batch, workers, folder, ours)
    ratios = [mine.wall_s / bare.wall_s for mine, bare in zip(ours, floor, strict=True)]
    return Row(
        floor_s=round(median(s.wall_s for s in floor), 3),
        autoloop_s=round(median(s.wall_s for s in ours), 3),
        ratio_floor=round(median(ratios), 2),
        ratio_low=round(min(ratios), 2),
        ratio_high=round(max(ratios), 2),
        floor_cpu_s=round(median(s.cpu_s for s in floor), 3),
        autoloop_cpu_s=round(median(s.cpu_s for s in ours), 3),
    )


def beside_harbor(row: Row, harbor: Harbor, workers: int, *, ours: Callable[[], Spent]) -> Row:
    """The row with Harbor's figures; as few of its trials as still keep all workers busy.

    Trials of ours run right before and after each of Harbor's rounds, for the same reason.
    """
    trials = max(2, workers)
    first = ours()
    shipped = harbor.run(trials, workers, init=False)
    second = ours()
    with_init = harbor.run(trials, workers, init=True)
    third = ours()
    return replace(
        row,
        harbor_s=round(shipped.wall_s, 3),
        harbor_init_s=round(with_init.wall_s, 3),
        harbor_cpu_s=round(shipped.cpu_s, 3),
        times_harbor=round(shipped.wall_s / mean([first.wall_s, second.wall_s]), 1),
        times_harbor_init=round(with_init.wall_s / mean([second.wall_s, third.wall_s]), 1),
    )


def show(rows: dict[int, Row], *, trivial: bool) -> None:
    print(
        f"{'workers':>7} {'floor':>8} {'autoloop':>9} {'ratio':>6} {'(range)':>12} {'our CPU':>9}"
        f" {'Harbor':>9} {'with init':>10} {'its CPU':>9}"
    )
    for workers, row in rows.items():
        spread = f"{row.ratio_low:.2f}-{row.ratio_high:.2f}"
        print(
            f"{workers:>7} {row.floor_s:>6.2f} s {row.autoloop_s:>7.2f} s"
            f" {row.ratio_floor:>6.2f} {spread:>12} {row.autoloop_cpu_s:>7.3f} s"
            f" {_seconds(row.harbor_s):>9} {_seconds(row.harbor_init_s):>10}"
            f" {_seconds(row.harbor_cpu_s):>9}"
        )
    print("Wall seconds for one at this concurrency; CPU seconds of the client side for one.")
    for sentence in aims(rows) if trivial else ():
        print(sentence)


def _seconds(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f} s"


def aims(rows: dict[int, Row]) -> Iterator[str]:
    """Each aim with what was measured."""
    for workers, row in rows.items():
        where = f"{workers} workers" if workers > 1 else "1 worker"
        ratio, cpu = row.ratio_floor, row.autoloop_cpu_s
        yield _aim(
            ratio <= MOST_OF_FLOOR, f"{where}: {ratio:.2f} times the floor", f"{MOST_OF_FLOOR}"
        )
        yield _aim(cpu <= MOST_CPU_S, f"{where}: {cpu:.3f} s of own CPU a trial", f"{MOST_CPU_S} s")
        for name, times, least in (
            ("Harbor", row.times_harbor, TIMES_HARBOR),
            ("Harbor with init", row.times_harbor_init, TIMES_HARBOR_INIT),
        ):
            if workers == HARBOR_WORKERS and times is not None:
                told = f"{where}: {times:.1f} times as fast as {name}"
                yield _aim(times >= least, told, f"{least:g}", bound="least")


def _aim(met: bool, told: str, value: str, *, bound: str = "most") -> str:  # noqa: FBT001
    return f"{'met' if met else 'MISSED':>6}  {told} (aim: at {bound} {value})"


def read_wish() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tasks", type=int, default=8, help="trivial tasks, each run every round")
    parser.add_argument(
        "--rounds", type=int, default=3, help="how often floor and trials take turns"
    )
    parser.add_argument("--workers", type=int, nargs="+", default=WORKERS, help="trials at once")
    parser.add_argument(
        "--realistic", action="store_true", help="also trials whose agent runs 20 commands"
    )
    parser.add_argument(
        "--no-network",
        action="store_true",
        help="tasks and floor without network; Harbor is left out, as it needs one to have none",
    )
    parser.add_argument(
        "--harbor",
        default=str(HARBOR) if HARBOR.exists() else FIND,
        metavar="PYTHON",
        help=f"a Python that has Harbor, or {LEAVE_OUT!r} (default: the one of .venv-harbor, or the"
        " first that is found)",
    )
    parser.add_argument("--json", action="store_true", help="print one object instead of a table")
    return parser.parse_args()


def main() -> None:
    wish = read_wish()
    has_network = not wish.no_network
    kinds = {"workers": do_nothing} | ({"realistic": run_commands} if wish.realistic else {})
    works = {name: kind(has_network=has_network) for name, kind in kinds.items()}
    found: dict[str, dict[int, Row]] = {}
    with TemporaryDirectory(prefix="autoloop-trials-") as path:
        folder = Path(path)
        tasks = write_tasks(folder / "tasks", wish.tasks, has_network=has_network)
        # Images are built, and modules loaded, before anything is measured.
        run_trials(list(islice(requests_for(tasks, works["workers"].agent), 1)), 1, folder, [])
        for name, work in works.items():
            found[name] = {
                n: measure(tasks, n, rounds=wish.rounds, folder=folder, work=work)
                for n in wish.workers
            }
        python = find_harbor(wish.harbor) if has_network else None
        if python is not None:
            harbor = Harbor(python, folder / "harbor")
            harbor.run(1, 1, init=True)
            requests = requests_for(tasks, works["workers"].agent)
            for workers, row in found["workers"].items():
                ours = partial(some_trials, requests, workers, folder)
                found["workers"][workers] = beside_harbor(row, harbor, workers, ours=ours)
    if wish.json:
        by_name = {k: {str(n): asdict(row) for n, row in v.items()} for k, v in found.items()}
        print(json.dumps(by_name))
        return
    for name, rows in found.items():
        trivial = name == "workers"
        print("Trivial trials" if trivial else f"\nTrials with {COMMANDS} commands")
        show(rows, trivial=trivial)


if __name__ == "__main__":
    main()
