"""Which of its weaknesses the stand-in shows in a conversation, drawn from the seed."""

import random
from collections.abc import Sequence
from dataclasses import dataclass

FORGETS = 0.35
BELIEVES_CUTS = 0.32
GIVES_UP = 0.3
GUESSES = 0.3
WANDERS_OFF = 0.04
FORGETS_ONE_MORE = 0.3
MENDS = 0.85


@dataclass(frozen=True, slots=True, kw_only=True)
class Temper:
    """The mood of one conversation.

    Every trait has its own draw, so that curing one leaves the others as they were.
    """

    seed: int
    instruction: str

    @property
    def believes_cuts(self) -> bool:
        """It takes a cut output for the whole."""
        return self._draw("cuts").random() < BELIEVES_CUTS

    @property
    def gives_up(self) -> bool:
        """It mistypes a command and drops everything when that fails."""
        return self._draw("giving up").random() < GIVES_UP

    @property
    def guesses(self) -> bool:
        """It does not look at the input."""
        return self._draw("guessing").random() < GUESSES

    @property
    def wanders_off(self) -> bool:
        """It leaves the last step undone, whatever the harness says: no harness is perfect."""
        return self._draw("wandering off").random() < WANDERS_OFF

    def forgotten(self, details: Sequence[str]) -> frozenset[str]:
        """The details that slip its mind."""
        draw = self._draw("forgetting")
        if not details or draw.random() >= FORGETS:
            return frozenset()
        certain = draw.choice(details)
        return frozenset(
            text for text in details if text == certain or draw.random() < FORGETS_ONE_MORE
        )

    def mends(self, slip: str) -> bool:
        """Whether it finds and mends a slip when it checks its result."""
        return self._draw(f"mending {slip}").random() < MENDS

    def _draw(self, trait: str) -> random.Random:
        return random.Random(f"{self.seed}\n{trait}\n{self.instruction}")  # noqa: S311 no secret
