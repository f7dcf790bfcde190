"""What the gateway adds to a model call, and how many it carries, beside litellm's proxy server.

Three sides are asked in turn, in short rounds: the provider on loopback itself, which answers at
once (`loopback.py`), autoloop's gateway before it, litellm's proxy server before it (`sides.py`).
All processes share one core. Answers a second are those of connections that ask again as soon as
they are answered. Then no latency but waiting for the processor would be seen, so that what is
added to a call is measured with requests that come by chance, as many for each side: half of what
the slowest carried. Figures are medians over rounds, ratios medians of each round's, percentiles of
all rounds' calls. At the end the provider's own count of requests must be that of the answers.

litellm's proxy server is installed once, into an environment of its own.
"""

import argparse
import asyncio
import json
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median, quantiles

import sides
from loopback import Load
from sides import PROXY_VENV, Side

CONNECTIONS = (1, 16, 128)
SHARE = 0.5
"""Of what the slowest side carries, while latency is measured."""
WARM_UP_S = 0.3
TIMES_PROXY = 5.0
MOST_ADDED_MS = 5.0
AIMED_AT = 16


@dataclass(frozen=True, kw_only=True)
class Seen:
    """One side in one round."""

    rps: float
    cpu_ms: float
    paced_ms: Sequence[float]
    """How long each call took when requests came at the same pace for every side."""


@dataclass(frozen=True, kw_only=True)
class Row:
    """All sides at one number of connections; what gateway and proxy add, in milliseconds."""

    direct_rps: float
    autoloop_rps: float
    proxy_rps: float | None
    times_proxy: float | None
    added_p50_ms: float
    added_p99_ms: float
    proxy_added_p50_ms: float | None
    proxy_added_p99_ms: float | None
    cpu_ms: float
    """Processor time of the gateway's process for one call."""
    proxy_cpu_ms: float | None
    paced_rps: float


@dataclass(frozen=True, kw_only=True)
class Round:
    """All sides at one number of connections, once."""

    seen: dict[str, Seen]
    paced_rps: float


class Bench:
    """Asks sides; counts the answers."""

    def __init__(self, among: Sequence[Side], *, seconds: float) -> None:
        self.answered = 0
        self._sides = list(among)
        self._seconds = seconds

    def round(self, connections: int, *, stream: bool) -> Round:
        """Each side at full speed, then each at the same pace; the order moves on each time."""
        full: dict[str, tuple[Load, float]] = {}
        for side in self._sides:
            self._run(side, connections, stream=stream, seconds=WARM_UP_S)
            before = side.cpu_s()
            load = self._run(side, connections, stream=stream, seconds=self._seconds)
            full[side.name] = load, (side.cpu_s() - before) / len(load.took) * 1000
        rate = SHARE * min(load.rps for load, _ in full.values())
        paced = {
            side.name: self._run(
                side, connections, stream=stream, seconds=self._seconds, rate=rate
            ).took
            for side in self._sides
        }
        self._sides.append(self._sides.pop(0))
        seen = {
            name: Seen(
                rps=load.rps,
                cpu_ms=cpu_ms,
                paced_ms=[took * 1000 for took in paced[name]],
            )
            for name, (load, cpu_ms) in full.items()
        }
        return Round(seen=seen, paced_rps=rate)

    def _run(
        self,
        side: Side,
        connections: int,
        *,
        stream: bool,
        seconds: float,
        rate: float | None = None,
    ) -> Load:
        load = Load(
            place=side.place, connections=connections, seconds=seconds, stream=stream, rate=rate
        )
        asyncio.run(load.run())
        self.answered += len(load.took)
        return load


def row_of(rounds: Sequence[Round]) -> Row:
    """Medians over the rounds."""

    def middle(figure: Callable[[dict[str, Seen]], float]) -> float:
        return round(median(figure(one.seen) for one in rounds), 3)

    def added(side: str, percent: int) -> float:
        return round(_percentile(rounds, side, percent) - _percentile(rounds, "direct", percent), 3)

    has_proxy = "proxy" in rounds[0].seen
    return Row(
        direct_rps=middle(lambda seen: seen["direct"].rps),
        autoloop_rps=middle(lambda seen: seen["autoloop"].rps),
        proxy_rps=middle(lambda seen: seen["proxy"].rps) if has_proxy else None,
        times_proxy=middle(lambda s: s["autoloop"].rps / s["proxy"].rps) if has_proxy else None,
        added_p50_ms=added("autoloop", 50),
        added_p99_ms=added("autoloop", 99),
        proxy_added_p50_ms=added("proxy", 50) if has_proxy else None,
        proxy_added_p99_ms=added("proxy", 99) if has_proxy else None,
        cpu_ms=middle(lambda seen: seen["autoloop"].cpu_ms),
        proxy_cpu_ms=middle(lambda seen: seen["proxy"].cpu_ms) if has_proxy else None,
        paced_rps=round(median(one.paced_rps for one in rounds), 1),
    )


def _percentile(rounds: Sequence[Round], side: str, percent: int) -> float:
    """Of the calls of all rounds together."""
    took = [one for round_ in rounds for one in round_.seen[side].paced_ms]
    return quantiles(took, n=100, method="inclusive")[percent - 1]


def show(name: str, rows: dict[str, Row]) -> None:
    print(
        f"\n{name:<11}  {'answers a second':^30}   {'':>5}   {'added at half load, ms':^31}"
        f"   {'CPU of a call, ms':^18}"
    )
    print(
        f"{'connections':>11} {'direct':>10} {'autoloop':>10} {'proxy':>10}   {'times':>5}"
        f"   {'p50':>7} {'p99':>7} {'proxy p50':>10} {'p99':>7}   {'autoloop':>9} {'proxy':>8}"
    )
    for connections, row in rows.items():
        print(
            f"{connections:>11} {_n(row.direct_rps, 10, 0)} {_n(row.autoloop_rps, 10, 0)}"
            f" {_n(row.proxy_rps, 10, 0)}   {_n(row.times_proxy, 5, 1)}"
            f"   {_n(row.added_p50_ms, 7)} {_n(row.added_p99_ms, 7)}"
            f" {_n(row.proxy_added_p50_ms, 10)} {_n(row.proxy_added_p99_ms, 7)}"
            f"   {_n(row.cpu_ms, 9)} {_n(row.proxy_cpu_ms, 8)}"
        )


def _n(figure: float | None, width: int, digits: int = 2) -> str:
    return f"{'-':>{width}}" if figure is None else f"{figure:>{width},.{digits}f}"


def wishes() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=1.0, help="of each measurement")
    parser.add_argument("--connections", type=int, nargs="+", default=CONNECTIONS)
    parser.add_argument("--core", type=int, help="the core to use; by default the last one")
    parser.add_argument(
        "--urgent", action="store_true", help="before all other work of the machine; needs root"
    )
    parser.add_argument("--no-proxy", action="store_true", help="without litellm's proxy server")
    parser.add_argument(
        "--proxy-venv", type=Path, default=PROXY_VENV, help="where it is, or is to be installed"
    )
    parser.add_argument("--json", action="store_true", help="print one object instead of a table")
    return parser.parse_args()


def measured(wish: argparse.Namespace) -> dict[bool, dict[str, Row]]:
    """Rows by connections, for plain and for streamed answers."""
    with ExitStack() as stack:
        provider = stack.enter_context(sides.upstream())
        port = provider.side.place.port
        among = [provider.side]
        among.append(stack.enter_context(sides.autoloop(port, max(wish.connections))))
        if not wish.no_proxy:
            among.append(stack.enter_context(sides.proxy(port, wish.proxy_venv)))
        bench = Bench(among, seconds=wish.seconds)
        cases = [(n, stream) for n in wish.connections for stream in (False, True)]
        rounds = {case: [] for case in cases}
        asked_before = provider.asked()
        for _ in range(wish.rounds):
            for connections, stream in cases:
                rounds[connections, stream].append(bench.round(connections, stream=stream))
        asked = provider.asked() - asked_before
    if asked != bench.answered:
        raise SystemExit(f"The provider was asked {asked} times for {bench.answered} answers.")
    return {
        stream: {str(n): row_of(rounds[n, stream]) for n in wish.connections}
        for stream in (False, True)
    }


def verdict(rows: dict[str, Row]) -> Iterator[str]:
    """What became of the aims, where they can be told."""
    row = rows.get(str(AIMED_AT))
    if row is not None and row.times_proxy is not None:
        word = "reached" if row.times_proxy >= TIMES_PROXY else "MISSED"
        yield f"{row.times_proxy:.1f} times the proxy at {AIMED_AT} (aim: {TIMES_PROXY:g}): {word}"
    if row is not None:
        word = "reached" if row.added_p50_ms < MOST_ADDED_MS else "MISSED"
        yield f"p50 {row.added_p50_ms:.2f} ms added (aim: under {MOST_ADDED_MS:g}): {word}"


def go_before_others() -> None:
    """The first at the processor, within this session and among sessions."""
    os.setpriority(os.PRIO_PROCESS, 0, -20)
    group = Path("/proc/self/autogroup")
    if group.exists():
        group.write_text("-20", encoding="ascii")


def main() -> None:
    wish = wishes()
    if wish.urgent:
        go_before_others()
    if not wish.no_proxy:
        sides.install_proxy(wish.proxy_venv)
    core = max(os.sched_getaffinity(0)) if wish.core is None else wish.core
    os.sched_setaffinity(0, {core})
    plain, streamed = (measured_rows := measured(wish))[False], measured_rows[True]
    if wish.json:
        connections = {n: asdict(plain[n]) | {"streamed": asdict(streamed[n])} for n in plain}
        version = None if wish.no_proxy else sides.proxy_version(wish.proxy_venv)
        print(json.dumps({"connections": connections, "proxy_version": version}))
        return
    show("plain", plain)
    show("streamed", streamed)
    for words in verdict(plain):
        print(words)


if __name__ == "__main__":
    main()
