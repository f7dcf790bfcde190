"""How long an answer may be for what is left."""

import pytest

from autoloop.meta.affordable import affordable_answer
from autoloop.ports import USUAL_REPLY_TOKENS, Allowance, Rates

RATES = Rates(prompt_usd=1e-6, reply_usd=1e-5)


@pytest.mark.parametrize(
    ("allowance", "rates", "most"),
    [
        (Allowance(), RATES, None),
        (Allowance(tokens=1_000_000, usd=100.0), RATES, None),
        (Allowance(tokens=12_000), RATES, 2_000),
        (Allowance(tokens=9_000), None, 0),
        (Allowance(tokens=500_000, usd=0.0602), RATES, 5_019),
        (Allowance(usd=0.005), RATES, 0),
        (Allowance(usd=0.005), None, None),
        (Allowance(usd=0.005), Rates(prompt_usd=0.0, reply_usd=0.0), None),
        (Allowance(tokens=10_000 + USUAL_REPLY_TOKENS), None, None),
    ],
)
def test_an_answer_takes_no_more_than_is_left_beside_its_prompt(
    allowance: Allowance, rates: Rates | None, most: int | None
) -> None:
    assert affordable_answer(allowance, prompt=10_000, rates=rates) == most
