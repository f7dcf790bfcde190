"""Runs the cases of tests/conformance through a real Harbor and through autoloop.

Prints where the two differ: with the reason from docs/harbor.md where that is intended, and loudly
where it is not, which also gives exit code 1. Harbor runs as shipped; it takes some 15 s for a
trial, of which several go on at once. Where Harbor now gives something else than the case says of
it, that is listed, too.
"""

import argparse
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from math import isclose
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from autoloop.app.reference import ENTRY, FIND, find_harbor, harbor_version  # noqa: E402
from tests.conformance.case import HOST_ENV, Case, StepEnd, write_case  # noqa: E402
from tests.conformance.cases import all_cases  # noqa: E402
from tests.conformance.running import Bench, End  # noqa: E402

HARBOR = ROOT / ".venv-harbor" / "bin" / "python"
PAGE = ROOT / "docs" / "harbor.md"
WORKERS = 4
MOST_S = 3_600.0
"""For one `harbor run` with all of its trials."""


@dataclass(frozen=True, kw_only=True)
class Seen:
    """What a runner really gave for a case."""

    rewards: Mapping[str, float] = field(default_factory=dict)
    failure: str | None = None
    steps: tuple[StepEnd, ...] = ()
    refused: bool = False
    """There was no trial at all."""

    def __str__(self) -> str:
        if self.refused:
            return "refused"
        parts = [_numbers(self.rewards) or "no reward", self.failure or ""]
        parts += [
            f"step: {_numbers(s.rewards) or 'no reward'} {s.failure or ''}" for s in self.steps
        ]
        return ", ".join(part.strip() for part in parts if part)


@dataclass(frozen=True, kw_only=True)
class Row:
    """A case that both have run."""

    case: str
    harbor: Seen
    autoloop: Seen
    recorded: bool
    """Harbor gave what the case says that it gives."""
    reason: str | None = None
    """Why they differ; empty where nobody has said, None where they agree."""


def harbor_ends(python: Path, cases: Sequence[Case], folder: Path) -> dict[str, Seen]:
    """What Harbor gives. Cases that it refuses run alone, since one of them ends a whole job."""
    alone = [case for case in cases if case.reference.refused]
    jobs = {
        kind: [c for c in cases if c.agent == kind and not c.reference.refused]
        for kind in ("oracle", "nop")
    }
    ends: dict[str, Seen] = {}
    for kind, together in jobs.items():
        if together:
            print(f"Harbor runs {len(together)} cases with its {kind} …", file=sys.stderr)
            ends |= _job(python, together, folder / kind)
    missing = [case for case in cases if case.id not in ends and case not in alone]
    print(f"Harbor runs {len(alone) + len(missing)} cases one by one …", file=sys.stderr)
    with ThreadPoolExecutor(WORKERS // 2) as pool:
        runs = pool.map(lambda c: _job(python, [c], folder / c.id), [*alone, *missing])
        ends |= {name: seen for run in runs for name, seen in run.items()}
    return {case.id: ends.get(case.id, Seen(refused=True)) for case in cases}


def _job(python: Path, cases: Sequence[Case], folder: Path) -> dict[str, Seen]:
    """One `harbor run` over a folder of cases; those that got a trial."""
    tasks, jobs = folder / "tasks", folder / "jobs"
    for case in cases:
        write_case(case, tasks)
    command = [str(python), "-c", ENTRY, "run", "--path", str(tasks), "--agent", cases[0].agent]
    command += ["--jobs-dir", str(jobs), "--job-name", "job", "--quiet", "--yes"]
    command += ["--n-concurrent", str(WORKERS)]
    with (folder / "harbor.log").open("wb") as log:
        subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            env={**os.environ, "HARBOR_TELEMETRY": "off"},
            timeout=MOST_S,
            check=False,
        )
    found = (json.loads(path.read_text("utf-8")) for path in jobs.glob("job/*/result.json"))
    return {Path(trial["task_id"]["path"]).name: _of_harbor(trial) for trial in found}


def _of_harbor(trial: Mapping[str, Any]) -> Seen:
    steps = tuple(
        StepEnd(rewards=_rewards(step), failure=_exception(step))
        for step in trial["step_results"] or []
    )
    return Seen(rewards=_rewards(trial), failure=_exception(trial), steps=steps)


def _rewards(result: Mapping[str, Any]) -> dict[str, float]:
    return dict((result["verifier_result"] or {}).get("rewards") or {})


def _exception(result: Mapping[str, Any]) -> str | None:
    name: str | None = (result["exception_info"] or {}).get("exception_type")
    return name


def autoloop_ends(cases: Sequence[Case], folder: Path) -> dict[str, Seen]:
    """What autoloop gives."""
    print(f"autoloop runs {len(cases)} cases …", file=sys.stderr)
    with Bench(folder) as bench:
        bench.start(cases)
        return {case.id: _of_autoloop(bench.end(case)) for case in cases}


def _of_autoloop(end: End) -> Seen:
    result = end.result
    if result is None:
        return Seen(refused=True)
    steps = tuple(
        StepEnd(rewards=dict(step.rewards), failure=step.failure.kind if step.failure else None)
        for step in result.steps
    )
    failure = result.failure.kind if result.failure else None
    return Seen(rewards=dict(result.rewards), failure=failure, steps=steps)


def reasons() -> dict[str, str]:
    """The intended differences by name, as docs/harbor.md tells them."""
    page = PAGE.read_text(encoding="utf-8").partition("## Intended differences")[2]
    rows = re.findall(r"^\| `([a-z-]+)` \|(.*)\|$", page, re.MULTILINE)
    return {name: cells.split(" | ")[2].strip() for name, cells in rows}


def compared(
    cases: Iterable[Case], harbor: Mapping[str, Seen], ours: Mapping[str, Seen]
) -> list[Row]:
    """A row for each case."""
    why = reasons()
    rows = []
    for case in cases:
        theirs, own, said = harbor[case.id], ours[case.id], case.reference
        recorded = Seen(
            rewards=dict(said.rewards or {}),
            failure=said.failure,
            steps=said.steps or theirs.steps,
            refused=said.refused,
        )
        reason = None if same(theirs, own) else why.get(case.differs, "")
        rows.append(
            Row(
                case=case.id,
                harbor=theirs,
                autoloop=own,
                recorded=same(theirs, recorded),
                reason=reason,
            )
        )
    return rows


def same(first: Seen, second: Seen) -> bool:
    """Whether both gave the same; the failure of a task of steps is told by its steps."""
    if first.refused or second.refused:
        return first.refused == second.refused
    pairs = list(zip(first.steps, second.steps, strict=False))
    return (
        _are_close(first.rewards, second.rewards)
        and len(first.steps) == len(second.steps)
        and all(_are_close(a.rewards, b.rewards) and a.failure == b.failure for a, b in pairs)
        and (bool(pairs) or first.failure == second.failure)
    )


def _are_close(first: Mapping[str, float], second: Mapping[str, float]) -> bool:
    return first.keys() == second.keys() and all(isclose(first[k], second[k]) for k in first)


def _numbers(rewards: Mapping[str, float]) -> str:
    return " ".join(f"{name}={value:g}" for name, value in rewards.items())


def report(rows: Sequence[Row], version: str) -> Iterator[str]:
    """The table, for a person."""
    intended = [row for row in rows if row.reason]
    unintended = [row for row in rows if row.reason == ""]
    if intended:
        yield "| case | Harbor | autoloop | why |\n|---|---|---|---|"
        yield from (f"| {r.case} | {r.harbor} | {r.autoloop} | {r.reason} |" for r in intended)
        yield ""
    for row in unintended:
        yield f"NOT INTENDED: {row.case}: Harbor gave {row.harbor}; autoloop gave {row.autoloop}."
    for row in rows:
        if not row.recorded:
            yield f"Harbor gave something else than the case says: {row.case}: {row.harbor}."
    yield (
        f"{len(rows)} cases, Harbor {version}: {len(rows) - len(intended) - len(unintended)} agree,"
        f" {len(intended)} differ as intended, {len(unintended)} differ without a reason."
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--harbor", default=str(HARBOR) if HARBOR.is_file() else FIND)
    parser.add_argument("--cases", nargs="*", default=[], help="names, or how they begin")
    parser.add_argument("--json", action="store_true")
    wish = parser.parse_args()
    python = find_harbor(wish.harbor)
    if python is None:
        print("No Harbor is found: name a Python that has it with --harbor.", file=sys.stderr)
        return 2
    os.environ.update(HOST_ENV)
    chosen = tuple(wish.cases) or ("",)
    cases = [c for c in all_cases() if c.runs_in_harbor and c.id.startswith(chosen)]
    with TemporaryDirectory(prefix="autoloop-conformance-") as folder:
        ours = autoloop_ends(cases, Path(folder) / "autoloop")
        rows = compared(cases, harbor_ends(python, cases, Path(folder) / "harbor"), ours)
    if wish.json:
        print(json.dumps([asdict(row) for row in rows], indent=2))
    else:
        print(*report(rows, harbor_version(python)), sep="\n")
    return int(any(row.reason == "" for row in rows))


if __name__ == "__main__":
    sys.exit(main())
