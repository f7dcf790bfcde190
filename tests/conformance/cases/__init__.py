"""All cases, by group."""

from collections.abc import Mapping

from tests.conformance.case import Case
from tests.conformance.cases import (
    agents,
    artifacts,
    breaking,
    compose,
    environments,
    found,
    handing,
    health,
    networks,
    planted,
    refusals,
    rewards,
    separate,
    steps,
    verifiers,
)

GROUPS: Mapping[str, tuple[Case, ...]] = {
    "rewards": rewards.CASES,
    "verifiers": verifiers.CASES,
    "agents": agents.CASES,
    "environments": environments.CASES,
    "health": health.CASES,
    "compose": compose.CASES,
    "steps": steps.CASES,
    "breaking": breaking.CASES,
    "separate": separate.CASES,
    "artifacts": artifacts.CASES,
    "networks": networks.CASES,
    "planted": planted.CASES,
    "handing": handing.CASES,
    "found": found.CASES,
    "refusals": refusals.CASES,
}


def all_cases() -> tuple[Case, ...]:
    """Every case, in the order of the groups."""
    return tuple(case for cases in GROUPS.values() for case in cases)
