"""What k attempts at one task are good for, estimated without bias from n of them.

Both count the subsets of k among the n attempts that were made, of which c passed: pass@k of Chen
et al. 2021 (arXiv 2107.03374), and pass^k of tau-bench (arXiv 2406.12045).
"""

from math import comb

from autoloop.records import Passes


def pass_any(passes: Passes, k: int) -> float:
    """pass@k: the share of subsets of k attempts with at least one that passed."""
    return 1.0 - _share(passes.trials - passes.passed, passes.trials, k)


def pass_all(passes: Passes, k: int) -> float:
    """pass^k: the share of subsets of k attempts that all passed."""
    return _share(passes.passed, passes.trials, k)


def _share(chosen: int, n: int, k: int) -> float:
    """Share of subsets of k among n that lie within the chosen ones."""
    if not 1 <= k <= n:
        raise ValueError(f"k is {k!r}: it must lie between 1 and the {n} attempts there are.")
    return comb(chosen, k) / comb(n, k)
