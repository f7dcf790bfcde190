"""How far the budget of a climb reaches at measured costs. Rough, and said to be."""

from collections.abc import Mapping
from dataclasses import dataclass

from autoloop.app.compose import is_mixing
from autoloop.app.estimate import Outlook, Price
from autoloop.app.recorded import VerdictCost
from autoloop.records import Split, Usage
from autoloop.settings import Settings

SECONDS_PER_HOUR = 3600.0
SIMULATED_TRIALS = 40.0
"""Trials per verdict in `benchmarks/windtunnel.py`, where most edits are dropped."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Spending:
    """What trials take, as measured."""

    trial_s: float
    usage: Usage
    """Of all measured trials together."""
    trials: int
    """That were measured."""
    workers: int

    @property
    def trial_usd(self) -> float | None:
        """Dollars for a trial; None where the price is not known."""
        cost = self.usage.cost_usd
        return None if cost is None else cost / self.trials

    @property
    def trial_tokens(self) -> float:
        """Tokens for a trial."""
        return self.usage.tokens / self.trials

    def hours(self, trials: float) -> float:
        """Time for so many trials with all workers busy."""
        return trials * self.trial_s / self.workers / SECONDS_PER_HOUR

    def price(self, trials: int, *, besides_usd: float | None = 0.0) -> Price:
        """What so many trials take, and what is paid besides them; None is not known."""
        known = self.trial_usd is not None and besides_usd is not None
        usd = trials * (self.trial_usd or 0.0) + (besides_usd or 0.0) if known else None
        return Price(trials=trials, hours=self.hours(trials), usd=usd)


def outlook(
    settings: Settings,
    counts: Mapping[Split, int],
    *,
    spending: Spending,
    cost: VerdictCost | None,
) -> Outlook:
    """How many edits the budget can judge, and what ends it.

    Fixed costs, the baseline's pass and the final table, come off first; where trials run edits
    together, a pass of the best alone is part of it. What the meta-agent takes is counted in money
    and tokens once earlier climbs have measured it; its time is not.
    """
    per_verdict = cost.trials if cost else SIMULATED_TRIALS
    meta = cost.meta if cost else Usage()
    verdicts = cost.verdicts if cost else 0
    meta_usd = None if meta.cost_usd is None else meta.cost_usd / max(1, verdicts)
    passes = 2 if is_mixing(settings) else 1
    fixed = passes * (counts.get(Split.TRAIN, 0) + counts.get(Split.VALIDATION, 0))
    fixed += 2 * counts.get(Split.HOLDOUT, 0) * settings.final.attempts
    budget = settings.budget
    usd, tokens = spending.trial_usd or 0.0, spending.trial_tokens
    meta_tokens = meta.tokens / max(1, verdicts)
    rows = (
        ("trials", budget.trials, float(fixed), per_verdict),
        ("hours", budget.hours, spending.hours(fixed), spending.hours(per_verdict)),
        ("usd", budget.usd, fixed * usd, per_verdict * usd + (meta_usd or 0.0)),
        ("tokens", budget.tokens, fixed * tokens, per_verdict * tokens + meta_tokens),
        ("steps", budget.steps, 0.0, 1.0),
    )
    reach = [
        (max(0, int((most - start) / each)), name)
        for name, most, start, each in rows
        if most is not None and each > 0
    ]
    edits, limit = min(reach, default=(None, ""))
    price = None
    if edits is not None:
        trials = round(fixed + edits * per_verdict)
        price = spending.price(trials, besides_usd=None if meta_usd is None else edits * meta_usd)
    return Outlook(
        price=price,
        edits=edits,
        limit=limit,
        trials_per_verdict=per_verdict,
        verdicts=verdicts,
    )
