"""Figures in words: an interval in points, and how likely an edit helps."""

from collections.abc import Mapping

from autoloop.records import Chance, Interval, Verdict

MOST_TOLD = 3
"""Edits under test whose chances are told in one line."""


def points(interval: Interval, *, signed: bool = False) -> str:
    """An interval in points of a hundred, such as `62.5 [41.0, 80.2]`."""
    if not interval.n:
        return "not measured"
    sign = "+" if signed else ""
    low, mean, high = (100 * x + 0.0 for x in (interval.low, interval.mean, interval.high))
    return f"{mean:{sign}.1f} [{low:{sign}.1f}, {high:{sign}.1f}]"


def chances(verdict: Verdict) -> str:
    """How likely an edit helps, and its gain with interval, where the verdict has them."""
    numbers = verdict.numbers
    parts = []
    if "p_better" in numbers:
        parts.append(f"P(better) {100 * numbers['p_better']:.0f} %")
    if {"gain", "gain_low", "gain_high"} <= numbers.keys():
        gain = Interval(
            mean=numbers["gain"], low=numbers["gain_low"], high=numbers["gain_high"], n=1
        )
        parts.append(f"gain {points(gain, signed=True)} points")
    if parts and "trials" in numbers:
        parts.append(f"{numbers['trials']:.0f} trials")
    return ", ".join(parts)


def likeliest(known: Mapping[int, Chance]) -> str:
    """P(better) of edits under test by step, the likeliest first; empty while there is none."""
    ranked = sorted(known.items(), key=lambda own: (-own[1].p_better, own[0]))
    told = [
        f"{step}: {100 * own.p_better:.0f} % ({own.trials} trials)"
        for step, own in ranked[:MOST_TOLD]
    ]
    others = len(ranked) - len(told)
    rest = f" and {others} others" if others else ""
    return f"P(better) of step {', '.join(told)}{rest}" if told else ""
