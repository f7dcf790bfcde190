"""A verdict that is asked for again is the same but for the last digits of the arithmetic."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from autoloop.app.deciding import _redecided
from autoloop.loop import Replayed
from autoloop.records import Decision, Step, Verdict

STEP = Step(index=1, parent="0" * 40, started_at=datetime(2026, 1, 1, tzinfo=UTC))
VERDICT = Verdict(decision=Decision.KEEP, reason="kept", numbers={"gain_low": -0.0233161})


@pytest.mark.parametrize(
    ("again", "expected"),
    [
        (VERDICT, "same"),
        (replace(VERDICT, numbers={"gain_low": -0.0233161 + 1e-15}), "same"),
        (replace(VERDICT, numbers={"gain_low": -0.0233}), "other"),
        (replace(VERDICT, numbers={}), "other"),
        (replace(VERDICT, decision=Decision.REVERT), "other"),
        (None, "other"),
    ],
)
def test_verdicts_are_compared_by_decision_and_figures(
    again: Verdict | None, expected: str
) -> None:
    found = _redecided(Replayed(step=STEP, recorded=VERDICT, replayed=again))

    assert found.same is (expected == "same")
