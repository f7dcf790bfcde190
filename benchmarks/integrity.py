"""What integrity holds, and what it costs: attacks, the static gate, fresh verification.

Attacks are played as `autoloop redteam` plays them. Fresh and shared verification are measured in
turn on the same trivial task, so that their difference does not move with the machine's other work.
"""

import argparse
import json
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

import gate
from trials import do_nothing, write_tasks

from autoloop import Optimizer
from autoloop.app.clock import SystemClock
from autoloop.egress import EgressProxy
from autoloop.gateway import SocketGateway
from autoloop.gateway.offline.junior import OfflineTaskModel
from autoloop.records import Purpose, Task, TrialRequest, TrialRules
from autoloop.sandbox import DockerSandbox
from autoloop.trial import SandboxRunner

ROOT = Path(__file__).resolve().parents[1]
MODES = ("fresh", "shared")
MOST_EXTRA_S = 0.6
MOST_GATE_MS = 50.0


@contextmanager
def runners(folder: Path) -> Iterator[dict[str, SandboxRunner]]:
    """One for each way of verification."""
    clock = SystemClock()
    with (
        DockerSandbox(ROOT, run="benchmark") as sandbox,
        EgressProxy() as egress,
        SocketGateway(OfflineTaskModel(), clock=clock) as gateway,
    ):
        made = {}
        for mode in MODES:
            (folder / mode).mkdir()
            made[mode] = SandboxRunner(
                sandbox,
                gateway,
                egress,
                run_folder=folder / mode,
                clock=clock,
                rules=TrialRules(verification=mode),
            )
        yield made


def seconds(runner: SandboxRunner, task: Task, *, attempt: int) -> float:
    """Of one trial that does nothing and is rewarded."""
    request = TrialRequest(
        task=task,
        agent=do_nothing(has_network=True).agent,
        purpose=Purpose.EVAL,
        attempt=attempt,
        seed=0,
    )
    began = time.monotonic()
    result = runner.run(request)
    if result.reward != 1.0:
        sys.exit(f"A trial that must score 1 did not: {result.failure}")
    return time.monotonic() - began


def verification(rounds: int) -> dict[str, float]:
    """Median seconds of a trial in both ways, and of the difference of two in a row."""
    with TemporaryDirectory() as folder, runners(Path(folder)) as made:
        (task,) = write_tasks(Path(folder) / "tasks", 1)
        # Each is begun while the engine still removes what the one before it has left.
        taken = [
            {
                mode: seconds(made[mode], task, attempt=number)
                for mode in MODES[:: 1 - 2 * (number % 2)]
            }
            for number in range(rounds + 1)
        ][1:]
    extra = median(pair["fresh"] - pair["shared"] for pair in taken)
    return {**{mode: median(pair[mode] for pair in taken) for mode in MODES}, "extra": extra}


def attacks() -> dict[str, Any]:
    """How many were tried and how they ended; those that gained something by name."""
    report = Optimizer(ROOT).redteam()
    return {
        "tried": len(report.rows),
        **{result: report.count(result) for result in ("gained", "detected", "impossible")},
        "gains": [
            f"{r.number} {r.channel} ({r.place})" for r in report.rows if r.result == "gained"
        ],
        "sound_afterwards": report.sound,
    }


def show(found: dict[str, Any]) -> None:
    if "attacks" in found:
        row = found["attacks"]
        print(
            f"attacks: {row['tried']} tried, {row['gained']} gained, {row['detected']} detected,"
            f" {row['impossible']} impossible; sound afterwards: {row['sound_afterwards']}"
        )
        for name in row["gains"]:
            print(f"  gained: {name}")
    print(f"{'gate':<8}{'honest':>8}{'false':>7}{'cheating':>10}{'blocked':>9}{'recall':>8}")
    for part, row in found["gate"]["parts"].items():
        print(
            f"{part:<8}{row['honest']:>8}{row['false']:>7}{row['cheating']:>10}{row['caught']:>9}"
            f"{row['caught'] / row['cheating']:>8.1%}"
        )
    print(
        f"gate, 1,000 lines: {found['gate']['further_ms']:.0f} ms of processor time an edit"
        f" (aim: {MOST_GATE_MS:g}), {found['gate']['first_ms']:.0f} ms the first one"
    )
    cost = found["verification"]
    print(
        f"trivial trial: fresh {cost['fresh']:.2f} s, shared {cost['shared']:.2f} s,"
        f" {cost['extra']:+.2f} s (aim: below {MOST_EXTRA_S:+g} s)"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=12, help="trials in each way")
    parser.add_argument("--without-attacks", action="store_true")
    parser.add_argument("--json", action="store_true")
    wish = parser.parse_args()
    found: dict[str, Any] = {} if wish.without_attacks else {"attacks": attacks()}
    found |= {"gate": gate.measure().as_json(), "verification": verification(wish.rounds)}
    if wish.json:
        print(json.dumps(found))
    else:
        show(found)


if __name__ == "__main__":
    main()
