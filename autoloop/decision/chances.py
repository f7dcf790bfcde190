"""Verdicts of rules that know how sure they are, in words and numbers."""

from collections.abc import Mapping
from dataclasses import dataclass

from autoloop.records import LOSS, Decision, Interval, Verdict

UNLIKELY = 12.5
"""Percent; whoever is likelier to help was reverted since it helps by little."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Virtue:
    """For what an edit without a clear gain is kept."""

    words: str
    """What it is besides being as good, such as `simpler`."""
    loss: float
    """Chance that it loses more than is allowed."""


def say_chance(
    decision: Decision,
    chance: float,
    *,
    gain: Interval,
    trials: int,
    numbers: Mapping[str, float] | None = None,
    virtue: Virtue | None = None,
) -> Verdict:
    """Such as `kept: 97 % sure that it helps tasks it has not seen; +6 points, between …`.

    Args:
        decision: What becomes of the edit.
        chance: Chance that it helps in general.
        gain: Expected gain in mean reward on tasks nobody has looked at.
        trials: Trials that said something of it.
        numbers: Further ones to record.
        virtue: For what an edit is kept, where that is not its gain.
    """
    known = {
        "p_better": chance,
        "gain": gain.mean,
        "gain_low": gain.low,
        "gain_high": gain.high,
        "trials": float(trials),
        **(numbers or {}),
    }
    if virtue and decision is Decision.KEEP:
        known[LOSS] = virtue.loss
    seen = (
        f"{100 * gain.mean:+.0f} points, between {100 * gain.low:+.0f} and {100 * gain.high:+.0f}"
    )
    reason = f"{_opening(decision, 100 * chance, virtue)}; {seen}; {trials} trials"
    return Verdict(decision=decision, reason=reason, numbers=known)


def _opening(decision: Decision, chance: float, virtue: Virtue | None) -> str:
    """What became of the edit, and how sure that is in percent."""
    if decision is Decision.REVERT:
        little = "" if chance < UNLIKELY else ", and then by little"
        return f"reverted: only {chance:.0f} % likely to help tasks it has not seen{little}"
    if decision is Decision.UNDECIDED:
        return f"undecided, so reverted: {chance:.0f} % likely to help tasks it has not seen"
    if virtue:
        return f"kept: as good, and {virtue.words}"
    return f"kept: {chance:.0f} % sure that it helps tasks it has not seen"
