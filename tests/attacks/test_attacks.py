"""Every attack that is shipped, played in Docker against the real stack."""

import pytest

from autoloop.redteam import Ground
from autoloop.redteam.attacks.reaching import REACHING
from autoloop.redteam.suite import after
from tests.attacks.conftest import PLAYS, Key, RowOf, name_of

# All are on their way from the first one on, so that one waits for others, too.
pytestmark = [pytest.mark.docker, pytest.mark.timeout(1200)]


@pytest.mark.parametrize("key", PLAYS, ids=name_of)
def test_an_attack_gains_nothing_and_is_impossible_or_seen(
    row_of: RowOf, open_side: str | None, key: Key
) -> None:
    if PLAYS[key] in REACHING and open_side is not None:
        pytest.skip(f"Here is no fence: {open_side}.")
    row = row_of(key)

    assert row.result != "gained", row.evidence
    assert set(PLAYS[key].rules) <= set(row.rules), row
    assert row.result == ("detected" if PLAYS[key].rules else "impossible"), row


def test_afterwards_honest_trials_score_one_and_all_trials_can_be_read(ground: Ground) -> None:
    said, sound = after(ground)

    assert sound, said
