"""A conversation is charged as it goes on, and leaves the final table what it was to get."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from autoloop.errors import UserError
from autoloop.loop import Meter, climb
from autoloop.loop.purse import Purse
from autoloop.meta import ConversationProposer, TalkLimits
from autoloop.ports import Allowance, ProposalOutcome, StepDesk
from autoloop.records import Budget, Purpose, Split, Step, StopReason, Usage
from autoloop.testing.clocks import THEN, ManualClock
from autoloop.testing.models import ScriptedModel, reply
from autoloop.testing.proposers import edit
from tests.loop.builders import Table, agent
from tests.meta.builders import call


def tokens(count: int, usd: float | None = 0.0) -> Usage:
    return Usage(calls=1, prompt_tokens=count, cost_usd=usd)


def meter(**limits: float) -> Meter:
    budget = replace(Budget(hours=None), **limits)  # type: ignore[arg-type]
    return Meter(budget, ManualClock(), active_s=0.0, workers=1)


def test_a_conversation_may_take_its_share_of_what_is_left() -> None:
    own = meter(tokens=1_000)
    own.spend(tokens(200))
    purse = Purse(own, share=0.25)

    purse.charge(tokens(150))

    assert purse.refusal(tokens(50)) == ""
    assert purse.refusal(tokens(51)) == "its share of the run's tokens is used up"


def test_money_is_shared_in_the_same_way() -> None:
    purse = Purse(meter(usd=4.0), share=0.5)
    purse.charge(tokens(10**9, usd=1.5))

    assert purse.refusal(tokens(0, usd=0.5)) == ""
    assert purse.refusal(tokens(0, usd=0.51)) == "its share of the run's money is used up"


def test_what_trials_take_meanwhile_is_not_there_any_more() -> None:
    own = meter(tokens=1_000)
    purse = Purse(own, share=1.0)
    purse.charge(tokens(100))

    own.spend(tokens(850))

    assert purse.refusal(tokens(50)) == ""
    assert purse.refusal(tokens(51)) == (
        "nothing is left of the run's tokens but what the final table will take"
    )


def test_a_conversation_that_is_taken_up_again_has_the_share_that_it_had() -> None:
    own = meter(tokens=1_000)
    begun = Step(index=1, parent="p", started_at=THEN, open_usage=tokens(200))
    own.recall((), [begun])

    purse = Purse(own, share=0.25)

    assert own.spent == tokens(200)
    assert purse.refusal(tokens(50)) == ""
    assert purse.refusal(tokens(51)) != ""


def test_without_limits_nothing_is_refused() -> None:
    purse = Purse(meter(), share=0.01)
    purse.charge(tokens(10**12, usd=10**6))

    assert purse.refusal(tokens(10**12)) == ""


def test_an_unknown_price_is_told_at_the_first_call_where_the_budget_is_in_money() -> None:
    with pytest.raises(UserError, match="the price of a model in use is not known"):
        Purse(meter(usd=1.0), share=0.5).charge(tokens(10, usd=None))


def test_a_conversation_that_ended_is_counted_once() -> None:
    own = meter(tokens=1_000)
    own.hear(tokens(300))
    assert own.refusal() is None

    own.end_talk(tokens(400))

    assert own.spent == tokens(400)
    assert own.usage == tokens(400)


def test_what_goes_on_counts_against_the_limits_of_trials() -> None:
    own = meter(tokens=1_000)

    own.hear(tokens(1_000))

    assert own.refusal() is StopReason.TOKENS


def looks() -> Iterator[str]:
    for number in range(10**6):
        yield f"{number}"


def test_a_long_conversation_leaves_the_final_table_what_it_was_to_get() -> None:
    table = Table(
        skill=0.5,
        turns=[edit(agent(1.0))],
        budget=Budget(hours=None, tokens=40_000),
        final_attempts=3,
    )
    first = table.proposer
    each = Usage(calls=1, prompt_tokens=1_000)
    endless = ConversationProposer(
        ScriptedModel(lambda _: reply("", call("write_notebook", text=next(numbers)), usage=each)),
        limits=TalkLimits(turns=10_000),
    )
    numbers = looks()

    class Both:
        """The first step is scripted, then somebody talks for ever."""

        def propose(self, desk: StepDesk) -> ProposalOutcome:
            return (first if desk.step == 1 else endless).propose(desk)

    climb(replace(table.parts(), proposer=Both()), table.plan(), table.begun(), table.stop)

    steps = table.store.steps()
    assert {s.verdict.reason for s in steps[1:] if s.verdict} == {
        "what is left for the conversation does not pay for another answer"
    }
    assert all(s.open_usage == Usage() for s in steps)
    trials = table.store.trials()
    spent = sum((t.usage for t in trials), Usage()) + sum((s.usage for s in steps), Usage())
    assert spent.tokens <= 40_000
    assert len(table.trials(Purpose.FINAL)) == 2 * 3 * 2
    run = table.store.run()
    assert run is not None
    assert run.scores[Split.HOLDOUT].gain.n == 2


def test_a_conversation_is_charged_in_its_steps_record_while_it_goes_on() -> None:
    table = Table(turns=[edit(agent(1.0))])
    seen: list[Usage] = []

    def talking(desk: StepDesk) -> ProposalOutcome:
        for calls in (1, 2):
            desk.charge(Usage(calls=calls, prompt_tokens=100 * calls))
            seen.append(table.store.steps()[0].open_usage)
        return ProposalOutcome(proposal=edit(agent(1.0)), usage=tokens(300))

    table.turns = [talking]
    table.__post_init__()

    table.climb()

    assert [usage.prompt_tokens for usage in seen] == [100, 200]
    (step,) = table.store.steps()
    assert (step.meta_usage, step.open_usage) == (tokens(300), Usage())


def test_an_allowance_is_what_is_left_of_the_share_and_of_the_run() -> None:
    own = meter(tokens=1_024, usd=4.0)
    purse = Purse(own, share=0.5)
    assert purse.allowance() == Allowance(tokens=512, usd=2.0)

    purse.charge(tokens(256, usd=0.5))
    assert purse.allowance() == Allowance(tokens=256, usd=1.5)

    own.spend(tokens(704, usd=3.0))
    assert purse.allowance() == Allowance(tokens=64, usd=0.5)

    own.spend(tokens(100, usd=1.0))
    assert purse.allowance() == Allowance(tokens=0, usd=0.0)


@pytest.mark.parametrize("left", [1, 2, 3, 7, 1_000, 123_457, 10**9 - 1])
def test_an_allowance_is_rough_and_never_too_much(left: int) -> None:
    allowed = Purse(meter(tokens=left), share=1.0).allowance().tokens

    assert allowed is not None
    assert 0.8 * left <= allowed <= left
    assert bin(allowed).rstrip("0").count("1") <= 3


def test_without_limits_an_allowance_has_none() -> None:
    assert Purse(meter(), share=0.1).allowance() == Allowance()
