"""The thirty-three ways to a score that was not earned, by number."""

from typing import Literal

Group = Literal["A", "B", "C", "D", "E"]

GROUPS: tuple[tuple[Group, str, int], ...] = (
    ("A", "Reading what must stay hidden", 9),
    ("B", "Forging the score", 18),
    ("C", "Overfitting dressed as improvement", 23),
    ("D", "Spending what is not its own", 27),
    ("E", "Attacking the machine and the people", 33),
)
"""Letter, name, and the last number of each."""

THREATS: tuple[str, ...] = (
    "search the agent's container",
    "search the task's container",
    "wait for the tests",
    "make errors tell",
    "read other trials",
    "ask the gateway for others",
    "reach the network",
    "pry as the meta-agent",
    "enumerate answers",
    "plant a reward",
    "make the verifier fail",
    "replace what tests run",
    "leave a daemon",
    "bend the system",
    "fool a comparison",
    "overdo the reward",
    "crash the pipeline",
    "tell splits apart",
    "copy from train tasks",
    "look answers up",
    "branch by task",
    "try until lucky",
    "drop hard work",
    "overspend a quota",
    "spend another's budget",
    "flood the machine",
    "outlive its time",
    "break out of archives",
    "attack who reads",
    "instruct who reads",
    "trick git",
    "leave things behind",
    "find keys",
)
"""Number 1 comes first."""


def name_of(number: int) -> str:
    """What an attack of this number tries."""
    return THREATS[number - 1]


def group_of(number: int) -> Group:
    """The letter of its group."""
    return next(letter for letter, _, last in GROUPS if number <= last)
