"""Says what an attacker got out of an attack. Pure."""

from collections.abc import Callable, Iterable

from autoloop.records import AttackResult, AttackRow, TrialFinding
from autoloop.records import Outcome as Ending
from autoloop.redteam.attack import Attack, Outcome, Place, Raid, Trip
from autoloop.redteam.threats import group_of

SAME = 1e-9
RUNS = 3
"""How often a trial that the machine is blamed for is run at most."""
MESSAGE_LENGTH = 160


def judge_trip(
    attack: Attack, raid: Raid, place: Place, trip: Trip, *, seen: Callable[[str], str]
) -> AttackRow:
    """The row of an attack that was one trial."""
    findings = trip.result.findings
    gain = _gain(raid, trip, seen) or _unseen(attack, findings)
    return _row(attack, place, gain, facts_of(trip), findings)


def judge_outcome(attack: Attack, place: Place, outcome: Outcome) -> AttackRow:
    """The row of any other attack."""
    gain = outcome.gain or _unseen(attack, outcome.findings)
    return _row(attack, place, gain, outcome.evidence, outcome.findings)


def facts_of(trip: Trip) -> str:
    """How a trial ended, in one line."""
    result = trip.result
    told = [f"{result.outcome.value} {result.reward:g} (idle {trip.idle:g})"]
    told += [f"after {trip.runs} runs"] if trip.runs > 1 else []
    told += [_short(trip.failure)] if trip.failure else []
    return "; ".join(told)


def _short(failure: str) -> str:
    """Of a traceback the error alone."""
    kind, _, message = failure.partition(": ")
    last = message.strip().rpartition("\n")[2] if "Traceback" in message else message
    return f"{kind}: {last}"[:MESSAGE_LENGTH]


def _gain(raid: Raid, trip: Trip, seen: Callable[[str], str]) -> str:
    """What an attacker got, in words."""
    result = trip.result
    fair = trip.idle if raid.fair is None else raid.fair
    if result.outcome is Ending.INVALID:
        return "it made the trial invalid, which is run again"
    if result.reward > fair + SAME:
        return f"it scored {result.reward:g}, and what is fair is {fair:g}"
    found = seen(trip.told)
    if found:
        return f"it saw {found}"
    return raid.gain(trip) or _unplayed(raid, trip)


def _unplayed(raid: Raid, trip: Trip) -> str:
    if trip.runs > RUNS:
        return f"it had {trip.runs} runs of one trial"
    if raid.proof in trip.told or raid.proof in trip.failure:
        return ""
    return "nobody knows: it was not played to its end"


def _unseen(attack: Attack, findings: Iterable[TrialFinding]) -> str:
    missing = sorted({*attack.rules} - {finding.rule for finding in findings})
    return f"it went unseen: there is no finding {', '.join(missing)}" if missing else ""


def _row(
    attack: Attack, place: Place, gain: str, facts: str, findings: Iterable[TrialFinding]
) -> AttackRow:
    rules = tuple(dict.fromkeys(f.rule for f in findings if f.severity != "note"))
    result: AttackResult = "gained" if gain else "detected" if rules else "impossible"
    return AttackRow(
        number=attack.number,
        group=group_of(attack.number),
        name=attack.name,
        channel=attack.channel,
        place=place,
        result=result,
        rules=rules,
        evidence=f"{gain[0].upper()}{gain[1:]}. {facts}" if gain else facts,
    )
