"""What calls of a model cost."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from autoloop.ports import Rates
from autoloop.records import Usage

_TIER = re.compile(r"input_cost_per_token(_above_(\d+)k_tokens)")
_MILLION = 1_000_000.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """US dollars for a million tokens."""

    input: float
    output: float
    cached: float | None = None
    """Read from the provider's cache; None: as any other input."""
    written: float | None = None
    """Written to the provider's cache; None: as any other input."""
    written_for_an_hour: float | None = None
    """The same where the cache is to last an hour; None: as `written`."""
    above: "Mapping[int, Price]" = field(default_factory=dict)
    """What holds instead when a prompt has more tokens than the key says."""

    def of(self, usage: Usage, *, written_for_an_hour: int = 0) -> float:
        """What a call cost, in dollars; the second number is a part of `usage.written_tokens`."""
        tier = max((at for at in self.above if usage.prompt_tokens > at), default=None)
        if tier is not None:
            return self.above[tier].of(usage, written_for_an_hour=written_for_an_hour)
        written = self.input if self.written is None else self.written
        hour = written if self.written_for_an_hour is None else self.written_for_an_hour
        cached = self.input if self.cached is None else self.cached
        fresh = usage.prompt_tokens - usage.cached_tokens - usage.written_tokens
        total = (
            max(fresh, 0) * self.input
            + usage.cached_tokens * cached
            + (usage.written_tokens - written_for_an_hour) * written
            + written_for_an_hour * hour
            + usage.completion_tokens * self.output
        )
        return total / _MILLION

    @property
    def rates(self) -> Rates:
        """The most that one token may cost."""
        prices = [self, *self.above.values()]
        dearest = max(
            max(price.input, price.written or 0.0, price.written_for_an_hour or 0.0)
            for price in prices
        )
        return Rates(
            prompt_usd=dearest / _MILLION,
            reply_usd=max(price.output for price in prices) / _MILLION,
        )


def read_price(entry: Mapping[str, object]) -> Price | None:
    """The price in an entry of litellm's table, or None where it has none."""
    tiers = {int(m[2]) * 1_000: m[1] for key in entry if (m := _TIER.fullmatch(key))}
    found = {at: price for at, suffix in tiers.items() if (price := _tier(entry, suffix, {}))}
    return _tier(entry, "", found)


def _tier(entry: Mapping[str, object], suffix: str, above: Mapping[int, Price]) -> Price | None:
    def figure(name: str) -> float | None:
        value = entry.get(f"{name}{suffix}")
        return value * _MILLION if isinstance(value, int | float) else None

    to_read, to_write = figure("input_cost_per_token"), figure("output_cost_per_token")
    if to_read is None or to_write is None:
        return None
    return Price(
        input=to_read,
        output=to_write,
        cached=figure("cache_read_input_token_cost"),
        written=figure("cache_creation_input_token_cost"),
        written_for_an_hour=figure("cache_creation_input_token_cost_above_1hr"),
        above=above,
    )
