"""Tasks whose instructions say nearly the same, found without comparing each with each.

Generated tasks often differ in a number or a file name only. Who has seen the trace of one knows
the way through the other, so such tasks must not end up on both sides of a split.
"""

import math
import re
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence

from autoloop.records import Task

ALIKE = 0.8
"""Least Jaccard similarity of the word 3-grams: one word changed in thirty stays above it."""
WORDS = 3


def groups_of_alike(tasks: Sequence[Task]) -> list[tuple[Task, ...]]:
    """The tasks in groups of near duplicates (most of one task), sorted by name."""
    ordered = sorted(tasks, key=lambda task: task.name)
    shingles = [shingles_of(task.instruction) for task in ordered]
    group_of = list(range(len(ordered)))
    for first, second in _alike_pairs(shingles):
        old, new = group_of[second], group_of[first]
        group_of = [new if group == old else group for group in group_of]
    members: dict[int, list[Task]] = defaultdict(list)
    for task, group in zip(ordered, group_of, strict=True):
        members[group].append(task)
    return sorted((tuple(group) for group in members.values()), key=lambda group: group[0].name)


def shingles_of(instruction: str) -> frozenset[tuple[str, ...]]:
    """The set of word 3-grams of a text in which names, paths and numbers count for nothing."""
    text = re.sub(r"`[^`\n]*`|\"[^\"\n]*\"|'[^'\n]*'", " quoted ", instruction.casefold())
    text = re.sub(r"\S*/\S+|\b[\w-]+\.\w{1,5}\b", " path ", text)
    words = re.findall(r"\w+", re.sub(r"\d+", "0", text))
    count = max(1, len(words) - WORDS + 1)
    return frozenset(tuple(words[start : start + WORDS]) for start in range(count))


def _alike_pairs(sets: Sequence[frozenset[tuple[str, ...]]]) -> list[tuple[int, int]]:
    # Sets with a Jaccard index of at least ALIKE share an element among the rarest few of each, so
    # only sets that meet in this index are compared (prefix filtering).
    frequency = Counter(element for elements in sets for element in elements)
    index: Mapping[tuple[str, ...], list[int]] = defaultdict(list)
    pairs = []
    for number, elements in enumerate(sets):
        rarest = sorted(elements, key=lambda element: (frequency[element], element))
        prefix = rarest[: len(elements) - math.ceil(ALIKE * len(elements)) + 1]
        meets = {other for element in prefix for other in index[element]}
        pairs += [(other, number) for other in sorted(meets) if _alike(sets[other], elements)]
        for element in prefix:
            index[element].append(number)
    return pairs


def _alike(first: frozenset[tuple[str, ...]], second: frozenset[tuple[str, ...]]) -> bool:
    return len(first & second) >= ALIKE * len(first | second)
