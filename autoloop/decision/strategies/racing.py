"""Trials shared out among candidates that race against one incumbent."""

from collections.abc import Iterator, Mapping
from itertools import chain

import numpy as np

from autoloop.decision.bayes.docket import Docket, first
from autoloop.records import Board, Order, Version

Lineage = tuple[int, ...]
"""Edits that are on together."""


def racing_orders(
    board: Board, dockets: Mapping[Lineage, Docket], *, free: int, incumbent_every: int
) -> Iterator[Order]:
    """As many trials as workers are free, each of whom it tells most; one in so many of nobody."""
    lineages, cases = list(dockets), list(dockets.values())
    of_incumbent = _due(board, free, every=incumbent_every)
    nobody = Version(base=board.base, off=tuple(sorted(edit.step for edit in board.open)))
    for task in first(cases[0].uncertainty(), of_incumbent):
        yield Order(version=nobody, task=board.visible[task])
    told = np.concatenate([case.information() for case in cases])
    for place in first(told, free - of_incumbent):
        line, task = divmod(place, len(board.visible))
        version = Version(base=board.base, on=lineages[line])
        yield Order(version=version, task=board.visible[task])


def _due(board: Board, free: int, *, every: int) -> int:
    """How many of the free workers are to run the incumbent."""
    versions = chain((s.version for s in board.observations), (o.version for o in board.pending))
    candidates = incumbents = 0
    for version in versions:
        if version.on:
            candidates += 1
        elif version.off:
            incumbents += 1
    wanted = (candidates + incumbents + free) // every
    return min(free, max(0, wanted - incumbents))
