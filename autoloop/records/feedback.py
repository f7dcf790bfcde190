"""What a verifier's output says of one trial, as far as the owner of the tasks lets it be told."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckResult:
    """One check of a verifier: its name, and no value of it."""

    name: str
    passed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Feedback:
    """What is told of a verifier's output besides the reward."""

    checks: tuple[CheckResult, ...] = ()
    output: str = ""
    """The end of what it printed; empty unless everything may be told."""
