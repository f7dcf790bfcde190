"""Exact figures for outcomes that are passed or not."""

from scipy.special import bdtr, betaincinv  # type: ignore[import-untyped]  # SciPy ships no types

from autoloop.records import Interval, McNemar, Passes


def clopper_pearson(passes: Passes, *, level: float = 0.95) -> Interval:
    """Share that passed, with the interval that covers at least at its level whatever the truth.

    The trials must be independent, as attempts at one task are; tasks of one agent are not.
    """
    passed, trials = passes.passed, passes.trials
    failed, tail = trials - passed, (1.0 - level) / 2
    if not trials:
        return Interval(mean=0.0, low=0.0, high=1.0, n=0)
    low = float(betaincinv(passed, failed + 1, tail)) if passed else 0.0
    high = float(betaincinv(passed + 1, failed, 1.0 - tail)) if failed else 1.0
    return Interval(mean=passed / trials, low=low, high=high, n=trials)


def mcnemar(only_a: int, only_b: int) -> McNemar:
    """McNemar's exact test: were the tasks that one side alone passed dealt out by a fair coin?

    The mid-p value counts outcomes as likely as the one seen half (Fagerland et al. 2013).
    """
    n, less = only_a + only_b, min(only_a, only_b)
    if not n:
        return McNemar(only_a=0, only_b=0, p_value=1.0, mid_p=1.0)
    upto = float(bdtr(less, n, 0.5))
    seen = upto - (float(bdtr(less - 1, n, 0.5)) if less else 0.0)
    exact = min(1.0, 2.0 * upto)
    equal = seen / 2 if only_a == only_b else seen
    return McNemar(only_a=only_a, only_b=only_b, p_value=exact, mid_p=exact - equal)
