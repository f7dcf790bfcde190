"""What became of attacks that were played on autoloop itself."""

from dataclasses import dataclass
from typing import Literal

AttackPlace = Literal["fresh", "shared"]
AttackResult = Literal["impossible", "detected", "gained"]


@dataclass(frozen=True, slots=True, kw_only=True)
class AttackRow:
    """What became of one attack in one place."""

    number: int
    group: str
    name: str
    channel: str
    place: AttackPlace
    """Where the tests ran."""
    result: AttackResult
    rules: tuple[str, ...]
    """Of the findings that were recorded, notes left out."""
    evidence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AttackReport:
    """What became of all attacks."""

    rows: tuple[AttackRow, ...]
    afterwards: str
    """What an honest trial and the run's records are like after all that."""
    sound: bool
    """Whether that is as it should be."""

    def count(self, result: AttackResult) -> int:
        """How many attacks ended so."""
        return sum(row.result == result for row in self.rows)
