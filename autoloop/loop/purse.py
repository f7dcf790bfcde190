"""What a conversation of the meta-agent may take of a run's budget."""

from dataclasses import dataclass

from autoloop.loop.meter import Meter
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
        left, taken = self._meter.rest(), self._meter.talk
        limits = (
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
        return next((limit.refusal for limit in limits if limit.refusal), "")
