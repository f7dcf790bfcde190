"""Builders for cases: the files of a task, and what is expected, in few words."""

from collections.abc import Mapping

from autoloop.records import Outcome
from tests.conformance.case import Expect, StepEnd

Files = Mapping[str, str | bytes | None]

BASE = "autoloop/base:bookworm"
DOCKERFILE = f"FROM {BASE}\nWORKDIR /app\n"
LIMITS = "[agent]\ntimeout_sec = 120.0\n[verifier]\ntimeout_sec = 120.0\n"
SOLVE = "echo solved > /app/solved.txt"
LOOK = """import socket, struct
ways = [line.split()[2] for line in open("/proc/net/route") if line.split()[1] == "00000000"]
said = "silent" if ways else "cut"
for way in ways:
    try:
        socket.create_connection((socket.inet_ntoa(struct.pack("=L", int(way, 16))), 9), timeout=4)
    except ConnectionRefusedError:
        said = "open"
    except OSError:
        pass
print(said)
"""
"""A program that says whether a way leads outside, and whether the machine there answers.

A machine under load may be silent for some seconds, so silence is no proof of anything.
"""
ONE = "echo 1 > /logs/verifier/reward.txt"
ZERO = "echo 0 > /logs/verifier/reward.txt"


def task(
    toml: str = LIMITS,
    *,
    test: str | None = ONE,
    solve: str | None = SOLVE,
    dockerfile: str | None = DOCKERFILE,
    more: Mapping[str, str | bytes | None] | None = None,
) -> Mapping[str, str | bytes]:
    """The files of a task, where None leaves one out; scripts get their first line here."""
    files = {
        "task.toml": toml,
        "instruction.md": "Do it.\n",
        "environment/Dockerfile": dockerfile,
        "solution/solve.sh": script(solve),
        "tests/test.sh": script(test),
        **(more or {}),
    }
    return {name: data for name, data in files.items() if data is not None}


def script(body: str | None) -> str | None:
    """A bash script with this body."""
    return None if body is None or body.startswith("#!") else f"#!/bin/bash\n{body}\n"


def holds(*conditions: str) -> str:
    """A test.sh whose reward is 1 where all of these shell commands succeed, and 0 elsewhere."""
    lines = "".join(
        f"if {{ {condition}; }}; then :; else echo 'broken: line {number}'; good=0; fi\n"
        for number, condition in enumerate(conditions, start=1)
    )
    return f'good=1\n{lines}echo "$good" > /logs/verifier/reward.txt'


def scored(reward: float = 1.0, **more: float) -> Expect:
    """A trial with this reward and nothing to remark."""
    return Expect(rewards={"reward": reward, **more})


def failed(kind: str, *says: str) -> Expect:
    """A trial that is the agent's fault, or that of the task's tests: it counts as 0."""
    return Expect(outcome=Outcome.FAILED, failure=kind, says=says)


def invalid(kind: str, *says: str) -> Expect:
    """A trial that says nothing about the agent."""
    return Expect(outcome=Outcome.INVALID, failure=kind, says=says)


def refused(*says: str) -> Expect:
    """A task that is refused when it is read, with these words about it."""
    return Expect(outcome=None, says=says)


def ends(*rewards: float) -> tuple[StepEnd, ...]:
    """Steps that ended with these rewards."""
    return tuple(StepEnd(rewards={"reward": reward}) for reward in rewards)


def give(reward: float | str) -> str:
    """A test.sh that writes this reward."""
    return f"echo {reward} > /logs/verifier/reward.txt"


def step(
    name: str, test: str | None, solve: str | None = "true", more: Files | None = None
) -> Files:
    """The files of one step; None leaves one out."""
    own = {
        "instruction.md": f"Do step {name}.\n",
        "tests/test.sh": script(test),
        "solution/solve.sh": script(solve),
        **(more or {}),
    }
    return {f"steps/{name}/{file}": data for file, data in own.items()}


def tables(*names: str, **more: str) -> str:
    """The `[[steps]]` of these names, with lines more for some of them."""
    return "".join(f'[[steps]]\nname = "{name}"\n{more.get(name, "")}' for name in names)


def steps(toml: str, *parts: Files, **more: str | None) -> Mapping[str, str | bytes]:
    """The files of a task of these steps; `more` are files of the task, by name without ending."""
    names = {
        "instruction": "instruction.md",
        "tests": "tests/test.sh",
        "solution": "solution/solve.sh",
    }
    files: dict[str, str | bytes | None] = {names[key]: data for key, data in more.items()}
    for part in parts:
        files |= part
    files = {"instruction.md": None, **files}
    return task(toml, test=None, solve=None, more=files)
