"""How long a person waits before anything happens: start-up times, each in a fresh process.

`status` looks at a run with 10,000 recorded trials and 40 steps, made in a temporary project.
"""

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import closing
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from autoloop import Split
from autoloop.records import Budget, Outcome, Proposal, Purpose, Span, TrialKey, Usage, Verdict
from autoloop.results import Decision, Run, Step, TrialResult
from autoloop.store import SqliteStore

AUTOLOOP = str(Path(sys.executable).with_name("autoloop"))
NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
SPAN = Span(started_at=NOON, finished_at=NOON + timedelta(seconds=30))
TASKS, STEPS = 40, 40
SOURCE = "def solve(instruction, env, model):\n    pass\n" * 100
"""As long as an agent.py that was edited for a while."""


@dataclass(frozen=True, kw_only=True)
class Row:
    """One command, and how long it took; the least tells most on a machine that has other work."""

    command: str
    median_s: float
    least_s: float
    aim_s: float

    @property
    def reached(self) -> bool:
        """Whether it is as quick as it should be."""
        return self.median_s <= self.aim_s


def trial(number: int) -> TrialResult:
    task, attempt = number % TASKS, number // TASKS
    return TrialResult(
        id=f"task-{task}__{number:07}",
        key=TrialKey(
            agent=f"{attempt % STEPS:016x}",
            task=f"family/task-{task}",
            task_digest="sha256:" + "0" * 64,
            purpose=Purpose.SEARCH,
            attempt=attempt,
        ),
        step=attempt % STEPS,
        split=Split.TRAIN,
        outcome=Outcome.SCORED,
        reward=float(number % 3 == 0),
        rewards={"reward": float(number % 3 == 0)},
        usage=Usage(calls=9, prompt_tokens=20_000, completion_tokens=900, cost_usd=0.02),
        span=SPAN,
        phases={"agent_execution": SPAN, "verifier": SPAN},
        folder=f"jobs/step-001/task-{task}__{number:07}",
    )


def step(index: int) -> Step:
    return Step(
        index=index,
        parent="0" * 40,
        started_at=NOON,
        finished_at=NOON,
        candidate="1" * 40,
        proposal=Proposal(
            source=SOURCE, title="Say more", hypothesis="h", expected="e", generality="g"
        ),
        verdict=Verdict(decision=Decision.REVERT, reason="Not better.", numbers={"trials": 40.0}),
    )


def run_record(name: str) -> Run:
    tasks = [f"family/task-{number}" for number in range(TASKS)]
    return Run(
        name=name,
        created_at=NOON,
        seed=0,
        budget=Budget(),
        base="0" * 40,
        splits=dict.fromkeys(tasks, Split.TRAIN),
        task_digests=dict.fromkeys(tasks, "sha256:" + "0" * 64),
        task_model="offline",
        meta_model="offline",
        rule="paired",
    )


def write_project(folder: Path, trials: int) -> None:
    """A project with one recorded run."""
    (folder / "program.md").touch()
    (folder / "agent.py").write_text(SOURCE)
    name = "20260101-120000"
    with closing(SqliteStore.open(folder / "runs" / name)) as store:
        store.save_run(run_record(name))
        for index in range(1, STEPS + 1):
            store.save_step(step(index))
        for number in range(trials):
            store.save_trial(trial(number))


def timed(command: Sequence[str], *, folder: Path, repeats: int, aim_s: float) -> Row:
    """Run it some times; the first, which fills the machine's caches, does not count."""
    took = []
    for _ in range(repeats + 1):
        started = time.monotonic()
        subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL)
        took.append(time.monotonic() - started)
    words = " ".join([Path(command[0]).name, *command[1:]])
    return Row(
        command=words,
        median_s=round(median(took[1:]), 3),
        least_s=round(min(took[1:]), 3),
        aim_s=aim_s,
    )


def show(rows: Sequence[Row]) -> None:
    print(f"{'command':<36} {'median':>8} {'least':>8} {'aim':>7}")
    for row in rows:
        times = f"{row.median_s:>6.3f} s {row.least_s:>6.3f} s {row.aim_s:>5.1f} s"
        print(f"{row.command:<36} {times}  {'reached' if row.reached else 'MISSED'}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=9, help="runs of each command")
    parser.add_argument("--trials", type=int, default=10_000, help="recorded trials of the run")
    parser.add_argument("--json", action="store_true", help="print one object instead of a table")
    wish = parser.parse_args()
    commands = (
        ([sys.executable, "-c", "import autoloop"], 0.3),
        ([AUTOLOOP, "--help"], 0.3),
        ([AUTOLOOP, "status"], 0.5),
        ([AUTOLOOP, "status", "--json"], 0.5),
    )
    with TemporaryDirectory(prefix="autoloop-startup-") as name:
        folder = Path(name)
        write_project(folder, wish.trials)
        rows = [
            timed(command, folder=folder, repeats=wish.repeats, aim_s=aim_s)
            for command, aim_s in commands
        ]
    if wish.json:
        print(json.dumps({"rows": [{**asdict(row), "reached": row.reached} for row in rows]}))
    else:
        show(rows)


if __name__ == "__main__":
    main()
