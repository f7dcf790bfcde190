"""Reading long traces: milliseconds of a page and megabytes held, beside the floor of the disk.

Milliseconds of processor time, own and of child processes, tell most on a machine that has other
work; those on the wall stand beside them.

Traces of about a thousand entries and a megabyte each are read as the meta-agent reads them: the
first page of each, pages from all over them, their outlines, a search through all, the symptoms of
all, two side by side. The floor is reading a trace's whole file into memory.
"""

import argparse
import json
import os
import resource
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from random import Random
from statistics import median
from tempfile import TemporaryDirectory

from autoloop.diagnosis import SymptomDiagnosis
from autoloop.meta.bench import Bench
from autoloop.meta.reading import READING_TOOLS
from autoloop.meta.toolbox import Toolbox
from autoloop.ports import Trace, TraceSummary, TrialCase
from autoloop.records import FailureReport, ToolCall
from autoloop.testing.desk import DeskFake
from autoloop.traces import TraceLibrary
from autoloop.traces.library import TRAJECTORY

TOOLS = Toolbox(READING_TOOLS)
AIM_MB, AIM_MS = 200, 50
WORDS = [f"{n * 2654435761 % 2**32:08x}" for n in range(400)]


@dataclass(frozen=True, kw_only=True)
class Row:
    """One way of reading."""

    what: str
    calls: int
    median_cpu_ms: float
    median_ms: float
    worst_ms: float


@dataclass(frozen=True, kw_only=True)
class Report:
    """All figures."""

    traces: int
    megabytes_each: float
    entries_each: int
    rows: tuple[Row, ...]
    before_mb: float
    """Memory of the process before the first trace was opened."""
    peak_mb: float
    aim_mb: int = AIM_MB
    aim_ms: int = AIM_MS


class Desk(DeskFake):
    """A desk whose traces lie on disk."""

    __slots__ = ("folder", "library")
    folder: Path
    library: TraceLibrary

    def open_trace(self, trial: str) -> Trace:
        """The trace of a trial's folder."""
        return self.library.open(self.folder / trial)

    def failures(self, trials: Sequence[str]) -> FailureReport:
        """The symptoms of all of them, none remembered."""
        cases = [
            TrialCase(trial=name, task="t", passed=n % 2 == 0, trace=partial(self.open_trace, name))
            for n, name in enumerate(trials)
        ]
        return SymptomDiagnosis().report(cases)


def entries(random: Random, *, count: int, size: int) -> Iterator[dict[str, object]]:
    """Turns of a model and what the host recorded of them, `size` bytes in all."""
    each = max(20, size // count - 450)
    for number in range(1, count + 1):
        words = " ".join(random.choices(WORDS, k=each // 9 + 1))
        command = {"command": f"grep -n {random.choice(WORDS)} /app/logs/*.log"}
        is_model = number % 2
        yield {
            "step_id": number,
            "timestamp": f"2026-11-28T18:{number // 60 % 60:02}:{number % 60:02}+00:00",
            "source": "agent",
            "message": "Having a look." if is_model else "",
            "tool_calls": [
                {
                    "tool_call_id": f"c{number}",
                    "function_name": "bash" if is_model else "env.run",
                    "arguments": command,
                }
            ],
            "observation": {
                "results": [
                    {
                        "source_call_id": f"c{number}",
                        "content": words.replace(WORDS[0], "\n") + "\n[exit code 0, 0.10 s]",
                    }
                ]
            },
            "llm_call_count": is_model,
        }


def lay(folder: Path, number: int, *, count: int, size: int) -> None:
    """One trial's trace."""
    path = folder / f"t{number}" / TRAJECTORY
    path.parent.mkdir(parents=True)
    steps = list(entries(Random(number), count=count, size=size))  # noqa: S311 - no secret
    path.write_text(json.dumps({"schema_version": "ATIF-v1.7", "steps": steps}, indent=1))


def timed(what: str, calls: Sequence[Callable[[], object]]) -> Row:
    """How long calls take, each made once."""
    wall, cpu = [], []
    for call in calls:
        began, worked = time.perf_counter(), _worked_s()
        call()
        wall.append(1000 * (time.perf_counter() - began))
        cpu.append(1000 * (_worked_s() - worked))
    return Row(
        what=what,
        calls=len(calls),
        median_cpu_ms=round(median(cpu), 2),
        median_ms=round(median(wall), 2),
        worst_ms=round(max(wall), 2),
    )


def _worked_s() -> float:
    """Processor time of this process and of its children that ended."""
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + children.ru_utime + children.ru_stime


def resident_mb() -> float:
    """Memory of this process now."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return round(pages * os.sysconf("SC_PAGE_SIZE") / 1e6, 1)


def measure(folder: Path, *, traces: int, count: int) -> Report:
    """Read all of them in every way."""
    names = [f"t{number}" for number in range(traces)]
    desk = Desk(source="", summaries=[_summary(n, name) for n, name in enumerate(names)])
    desk.folder, desk.library = folder, TraceLibrary()
    bench, random = Bench(desk), Random(0)  # noqa: S311 - no secret

    def ask(tool: str, **arguments: object) -> Callable[[], object]:
        call = ToolCall(id="x", name=tool, arguments=json.dumps(arguments))
        return lambda: _checked(TOOLS.answer(call, bench).text)

    paths = [folder / name / TRAJECTORY for name in names]
    rows = [timed("floor: the whole file", [path.read_bytes for path in paths])]
    before = resident_mb()
    rows += [
        timed("first page of a trace", [ask("read_trace", trial=name) for name in names]),
        timed(
            "any other page",
            [
                ask("read_trace", trial=name, entry=random.randint(1, count))
                for name in names
                for _ in range(3)
            ],
        ),
        timed("outline", [ask("outline", trial=name) for name in names]),
        timed("compare_trials", [ask("compare_trials", trial=name) for name in names[:20]]),
        timed("search_traces in one trace", [_one(ask, name) for name in names[:20]]),
        timed("search_traces in all", [ask("search_traces", pattern="nowhere to be found")]),
        timed("failures of all", [ask("failures", agent="all")]),
    ]
    return Report(
        traces=traces,
        megabytes_each=round(paths[0].stat().st_size / 1e6, 2),
        entries_each=count,
        rows=tuple(rows),
        before_mb=before,
        peak_mb=round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000, 1),
    )


def _one(ask: Callable[..., Callable[[], object]], name: str) -> Callable[[], object]:
    return ask("search_traces", pattern="nowhere to be found", trial=name)


def _checked(answer: str) -> str:
    if answer.startswith("Refused"):
        raise ValueError(answer)
    return answer


def _summary(number: int, name: str) -> TraceSummary:
    return TraceSummary(
        trial=name, task="t", step=0, agent="incumbent", reward=float(number % 2 == 0),
        outcome="scored", failure="", model_calls=1, seconds=1.0,
    )  # fmt: skip


def main() -> int:
    """Print the figures; 1 where an aim is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--traces", type=int, default=100)
    parser.add_argument("--megabytes", type=float, default=1.0, help="of each trace")
    parser.add_argument("--entries", type=int, default=1_000, help="of each trace")
    parser.add_argument("--json", action="store_true")
    wish = parser.parse_args()
    with TemporaryDirectory() as place:
        for number in range(wish.traces):
            lay(Path(place), number, count=wish.entries, size=int(wish.megabytes * 1e6))
        report = measure(Path(place), traces=wish.traces, count=wish.entries)
    if wish.json:
        print(json.dumps(asdict(report)))
        return missed(report)
    print(
        f"{report.traces} traces of {report.megabytes_each} MB and {report.entries_each} entries;"
        f" {report.peak_mb} MB at most (aim: {AIM_MB}), {report.before_mb} before the first."
    )
    for row in report.rows:
        wall = f"{row.median_ms:9.2f} ms on the wall, {row.worst_ms:9.2f} worst"
        times = f"{row.median_cpu_ms:9.2f} ms, {wall}"
        print(f"{row.what:28} {row.calls:5} calls {times}")
    return missed(report)


def missed(report: Report) -> int:
    """1 where memory or a page of a trace takes more than it may, else 0."""
    pages = [row.median_cpu_ms for row in report.rows if "page" in row.what]
    return int(report.peak_mb > AIM_MB or max(pages) > AIM_MS)


if __name__ == "__main__":
    sys.exit(main())
