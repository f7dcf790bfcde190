"""Proof on real data: the imported SpreadsheetBench tasks are sound, all of them.

Makes Harbor tasks of SpreadsheetBench's own files in a temporary folder, then runs the solution
(1.0 is right) and the do-nothing agent (0.0 is right) on each. The image with LibreOffice, which
the verifier recalculates with, is built once.
"""

import argparse
import io
import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import fmean
from tempfile import TemporaryDirectory

import docker

from autoloop import Optimizer
from autoloop.results import Evaluation

ROOT = Path(__file__).resolve().parent.parent
SOURCE = ROOT.parent / "shared" / "data" / "spreadsheetbench"
IMAGE = "autoloop/libreoffice:bookworm"
DOCKERFILE = b"""\
FROM autoloop/base:bookworm
RUN apt-get update \\
 && apt-get install -y --no-install-recommends libreoffice-calc-nogui \\
 && rm -rf /var/lib/apt/lists/*
"""


@dataclass(frozen=True, kw_only=True)
class Row:
    """What became of one task."""

    task: str
    family: str
    oracle: float | None
    """Reward of the solution; None when it could not be scored."""
    nop: float | None
    verifier_s: float
    """Seconds of the solution's verifier: three workbooks, recalculated and compared."""
    trouble: str

    @property
    def sound(self) -> bool:
        """Whether solution and doing nothing score as they must."""
        return self.oracle == 1.0 and self.nop == 0.0


def ensure_image() -> None:
    """Build the image with LibreOffice unless it is here; takes minutes, once."""
    client = docker.from_env(timeout=1800)
    if not client.images.list(IMAGE):
        print(f"Building {IMAGE} ...", file=sys.stderr)
        client.images.build(fileobj=io.BytesIO(DOCKERFILE), tag=IMAGE, rm=True, forcerm=True)
    client.close()


def rewards(evaluation: Evaluation) -> dict[str, float]:
    """Reward of each task that was scored."""
    return {trial.key.task: trial.reward for trial in evaluation.trials if trial.counts}


def troubles(evaluations: Sequence[Evaluation]) -> dict[str, str]:
    """Why a task's trials went wrong; the last reason of each."""
    trials = [trial for evaluation in evaluations for trial in evaluation.trials]
    return {t.key.task: f"{t.failure.kind}: {t.failure.message}" for t in trials if t.failure}


def rows_of(oracle: Evaluation, nop: Evaluation) -> list[Row]:
    solved, idle, reasons = rewards(oracle), rewards(nop), troubles((oracle, nop))
    spans = {t.key.task: t.phases["verifier"] for t in oracle.trials if "verifier" in t.phases}
    return [
        Row(
            task=task.name,
            family=task.family,
            oracle=solved.get(task.name),
            nop=idle.get(task.name),
            verifier_s=round(spans[task.name].seconds, 2) if task.name in spans else 0.0,
            trouble=reasons.get(task.name, ""),
        )
        for task in oracle.tasks
    ]


def totals_of(
    rows: Sequence[Row], oracle: Evaluation, nop: Evaluation
) -> dict[str, float | int | bool]:
    return {
        "tasks": len(rows),
        "oracle_passed": sum(row.oracle == 1.0 for row in rows),
        "oracle_mean": fmean(row.oracle or 0.0 for row in rows),
        "nop_zero": sum(row.nop == 0.0 for row in rows),
        "nop_mean": fmean(row.nop or 0.0 for row in rows),
        "verifier_mean_s": round(fmean(row.verifier_s for row in rows), 2),
        "oracle_wall_s": round(oracle.wall_s, 1),
        "nop_wall_s": round(nop.wall_s, 1),
        "sound": all(row.sound for row in rows),
    }


def show(rows: Sequence[Row], totals: Mapping[str, float | int | bool]) -> None:
    print(f"{'task':<28} {'family':<26} {'oracle':>6} {'nop':>5} {'verifier':>9}")
    for row in rows:
        rates = f"{shown(row.oracle):>6} {shown(row.nop):>5} {row.verifier_s:>7.1f} s"
        remark = "" if row.sound else f"  UNSOUND {row.trouble[:200]}"
        print(f"{row.task:<28} {row.family:<26} {rates}{remark}")
    print()
    for name, value in totals.items():
        print(f"{name:<16} {value}")


def shown(reward: float | None) -> str:
    return "-" if reward is None else f"{reward:.1f}"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--source", type=Path, default=SOURCE, help="folder with dataset.json")
    parser.add_argument("--workers", type=int, default=4, help="trials at once")
    parser.add_argument("--json", action="store_true", help="print one object instead of a table")
    wish = parser.parse_args()

    ensure_image()
    with TemporaryDirectory(prefix="autoloop-spreadsheetbench-") as folder:
        optimizer, tasks = Optimizer(folder, workers=wish.workers), Path(folder) / "tasks"
        # An empty program.md is all defaults, and keeps a program.md further up out of this.
        (Path(folder) / "program.md").touch()
        optimizer.import_spreadsheetbench(wish.source, tasks)
        oracle, nop = (optimizer.eval(agent=agent, tasks=tasks) for agent in ("oracle", "nop"))
    rows = rows_of(oracle, nop)
    totals = totals_of(rows, oracle, nop)
    if wish.json:
        print(json.dumps({**totals, "rows": [asdict(row) for row in rows]}))
    else:
        show(rows, totals)
    return 0 if totals["sound"] else 1


if __name__ == "__main__":
    sys.exit(main())
