"""Verdicts from records equal those that fell live, in the real loop."""

import pytest

from autoloop.loop import replay
from autoloop.records import CONFLICT, Budget
from tests.decision.strategies.builders import STRATEGIES, SURE
from tests.loop.builders import Table, improving, sided

TURNS = (
    improving("Look twice", A=0.5),
    improving("Be hasty", B=-0.2),
    improving("Plan first", C=0.2),
    improving("Look thrice", A=0.6),
    improving("Do nothing", D=0.0001),
)


def climbed(name: str, *, workers: int) -> Table:
    table = Table(
        turns=TURNS,
        baseline=sided(0.3),
        budget=Budget(hours=None, steps=len(TURNS), trials=260),
        workers=workers,
        strategy=STRATEGIES[name],
        simplify=False,
    )
    table.climb()
    return table


@pytest.mark.parametrize("workers", [1, 3])
@pytest.mark.parametrize("name", SURE)
def test_every_verdict_can_be_replayed_from_the_records(name: str, workers: int) -> None:
    table = climbed(name, workers=workers)

    replayed = list(replay(table.work().records(), STRATEGIES[name]))

    own = [s for s in table.store.steps() if s.verdict and CONFLICT not in s.verdict.numbers]
    assert sorted(r.step.index for r in replayed) == [step.index for step in own]
    assert len(replayed) >= 3
    assert all(r.recorded == r.replayed for r in replayed)
