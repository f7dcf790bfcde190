"""What a conversation of the meta-agent may take of a run's budget."""

import math
from dataclasses import dataclass

from autoloop.loop.meter import Meter
from autoloop.ports import Allowance
from autoloop.records import Usage

SHARE = "its share of the run's {what} is used up"
ALL = "nothing is left of the run's {what} but what the final table will take"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Limit:
    """What may be taken of one thing, and what was taken; amounts of the conversation alone."""

    what: str
    share: float | None
    """Of what was left when it began; None: there is no limit."""
    left: float | None
    """Of the run, now."""
    taken: float
    expected: float

    @property
    def refusal(self) -> str:
        if self.left is not None and self.left < self.expected:
            return ALL.format(what=self.what)
        if self.share is not None and self.taken + self.expected > self.share:
            return SHARE.format(what=self.what)
        return ""

    @property
    def room(self) -> float | None:
        """The most that more calls may take; None: there is no limit."""
        share = None if self.share is None else self.share - self.taken
        return min((most for most in (self.left, share) if most is not None), default=None)


class Purse:
    """Charges one conversation as it goes on, and says when it is too dear. One thread only.

    It may take a share of what was left of the budget when it began; whatever happens, what was
    kept back for the final table stays. Reasons hold no figures: they would tell what hidden tasks
    took.
    """

    def __init__(self, meter: Meter, *, share: float) -> None:
        self._meter = meter
        left, heard = meter.rest(), meter.talk
        # A conversation that is taken up again has paid for a part of itself.
        self._tokens = None if left.tokens is None else share * (left.tokens + heard.tokens)
        self._usd = None if left.usd is None else share * (left.usd + (heard.cost_usd or 0.0))

    def charge(self, usage: Usage) -> None:
        """Count what the conversation has taken so far."""
        self._meter.hear(usage)

    def refusal(self, expected: Usage) -> str:
        """Why a call that takes about so much is not paid for; empty if it is."""
        return next((limit.refusal for limit in self._limits(expected) if limit.refusal), "")

    def allowance(self) -> Allowance:
        """The most that is still paid for, rounded down to what tells little."""
        rooms = {limit.what: _roughly(limit.room) for limit in self._limits(Usage())}
        tokens = rooms["tokens"]
        return Allowance(tokens=None if tokens is None else int(tokens), usd=rooms["money"])

    def _limits(self, expected: Usage) -> tuple[_Limit, ...]:
        left, taken = self._meter.rest(), self._meter.talk
        return (
            _Limit(
                what="tokens",
                share=self._tokens,
                left=left.tokens,
                taken=taken.tokens,
                expected=expected.tokens,
            ),
            _Limit(
                what="money",
                share=self._usd,
                left=left.usd,
                taken=taken.cost_usd or 0.0,
                expected=expected.cost_usd or 0.0,
            ),
            _Limit(what="time", share=None, left=left.hours, taken=0.0, expected=0.0),
        )


def _roughly(amount: float | None) -> float | None:
    """An amount rounded down by a fifth at most; nothing of what is overdrawn."""
    if amount is None or amount <= 0:
        return None if amount is None else 0.0
    unit = 2.0 ** (math.frexp(amount)[1] - 3)
    return math.floor(amount / unit) * unit
