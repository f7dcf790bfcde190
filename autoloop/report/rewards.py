"""Means of what verifiers reward, where they reward more than one thing."""

from collections.abc import Mapping, Sequence
from statistics import fmean


def means_by_key(rewards: Sequence[Mapping[str, float]]) -> dict[str, float]:
    """Mean of each key over attempts; where an attempt lacks it, it earned nothing."""
    keys = sorted({key for own in rewards for key in own})
    return {key: fmean(own.get(key, 0.0) for own in rewards) for key in keys}


def means_over_tasks(means: Sequence[Mapping[str, float]]) -> dict[str, float]:
    """Mean of each key over the tasks that have it: tasks need not share their keys."""
    keys = sorted({key for own in means for key in own})
    return {key: fmean(own[key] for own in means if key in own) for key in keys}
