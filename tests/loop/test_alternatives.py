"""Other edits for one hypothesis are steps of their own, tried while none before was kept."""

from collections.abc import Callable
from dataclasses import replace

from autoloop.loop.board import replay
from autoloop.ports import ProposalOutcome, StepDesk
from autoloop.records import (
    Alternative,
    Budget,
    ChangeKind,
    Decision,
    StopReason,
    Usage,
)
from autoloop.testing.proposers import edit
from autoloop.testing.strategies import ScreenStrategy
from tests.loop.builders import Table, agent, improving, sided

PAID = Usage(calls=3, prompt_tokens=500, cost_usd=0.1)


def bringing(
    source: str, *others: str, chance: float | None = 0.5
) -> Callable[[StepDesk], ProposalOutcome]:
    """A turn whose edit brings others."""

    def turn(desk: StepDesk) -> ProposalOutcome:
        proposal = replace(
            edit(source, "First way"),
            kind=ChangeKind.TOOL,
            chance=chance,
            alternatives=tuple(
                Alternative(source=other, title=f"Way {n}", chance=0.1 * n)
                for n, other in enumerate(others, start=2)
            ),
            written_on=desk.source,
        )
        return ProposalOutcome(proposal=proposal, usage=PAID, prompts="standard (1)")

    return turn


def table(*turns: Callable[[StepDesk], ProposalOutcome], steps: int) -> Table:
    return Table(turns=turns, skill=0.5, budget=Budget(hours=None, steps=steps), simplify=False)


def ways(own: Table) -> list[tuple[str, int | None, str]]:
    """Title, family and decision of each step."""
    return [
        (s.proposal.title if s.proposal else "", s.alternative_of, s.verdict.decision.value)
        for s in own.store.steps()
        if s.verdict
    ]


def test_one_at_a_time_they_are_tried_until_one_is_kept() -> None:
    last = bringing(agent(0.2))
    own = table(bringing(agent(0.0), agent(1.0), agent(0.9)), last, last, steps=3)

    own.climb()

    assert ways(own) == [
        ("First way", None, "revert"),
        ("Way 2", 1, "keep"),
        ("First way", None, "revert"),
    ]
    assert [desk.step for desk in own.proposer.desks] == [1, 3]


def test_an_alternative_has_the_hypothesis_of_the_first_and_chances_of_its_own() -> None:
    own = table(bringing(agent(0.0), agent(0.1)), steps=2)

    own.climb()

    first, second = own.store.steps()
    assert first.proposal is not None
    assert second.proposal is not None
    assert second.proposal.hypothesis == first.proposal.hypothesis
    assert (second.proposal.kind, second.proposal.chance) == (ChangeKind.TOOL, 0.2)
    assert (second.alternative_of, second.alternative) == (1, 1)
    assert (second.proposal.alternatives, second.proposal.written_on) == ((), "")
    assert (second.prompts, second.meta_usage) == ("standard (1)", Usage())


def test_when_all_were_tried_the_meta_agent_is_asked_again() -> None:
    own = Table(
        turns=[bringing(agent(0.0), agent(0.1), agent(0.2))] * 4,
        skill=0.9,
        budget=Budget(hours=None, steps=4),
        simplify=False,
    )

    own.climb()

    assert [desk.step for desk in own.proposer.desks] == [1, 4]


def beside_a_better_edit(**other: float) -> Table:
    """Step 1 changes part A, and step 4, an alternative of step 2, is to be written on it."""
    base = sided(0.1)

    def with_part(part: str, gain: float) -> str:
        return base.replace(f"{part} = 0.0", f"{part} = {gain}")

    ((part, gain),) = other.items()
    ways = (with_part("B", -0.1), with_part("D", -0.1), with_part(part, gain))
    own = Table(
        turns=[improving(A=0.6), bringing(*ways)],
        baseline=base,
        strategy=ScreenStrategy(edits=3, enough=6),
        budget=Budget(hours=None, steps=4),
        simplify=False,
    )
    own.climb()
    return own


def test_an_alternative_is_moved_onto_what_it_is_to_be_tried_with() -> None:
    own = beside_a_better_edit(C=0.3)

    last = own.store.steps()[3]

    assert (last.alternative_of, last.alternative) == (2, 2)
    assert last.proposal is not None
    assert "A = 0.6" in last.proposal.source
    assert "C = 0.3" in last.proposal.source


def test_one_that_does_not_fit_any_more_is_an_empty_step() -> None:
    own = beside_a_better_edit(A=0.3)

    last = own.store.steps()[3]

    assert last.verdict is not None
    assert last.verdict.decision is Decision.EMPTY
    assert last.verdict.reason == "alternative 2 of step 2 does not fit any more"


def test_several_in_flight_come_under_test_together_and_one_conversation_pays() -> None:
    base = sided(0.2)
    variants = [base.replace("A = 0.0", f"A = {n / 10}") for n in (1, 2, 3)]
    own = Table(
        turns=[bringing(*variants)],
        baseline=base,
        strategy=ScreenStrategy(edits=3, enough=5),
        budget=Budget(hours=None, steps=3),
        simplify=False,
    )

    own.climb()

    assert len(own.proposer.desks) == 1
    assert [s.opened for s in own.store.steps()] == [own.store.steps()[0].opened] * 3
    kept = [s for s in own.store.steps() if s.verdict and s.verdict.decision is Decision.KEEP]
    told = [s.verdict.reason for s in own.store.steps() if s.verdict and s not in kept]
    assert len(kept) == 1
    assert all("which was kept" in reason or "points" in reason for reason in told)


def test_a_guard_that_blocks_an_alternative_ends_its_step_alone() -> None:
    own = table(bringing(agent(0.0), agent(0.0), agent(1.0)), steps=3)

    own.climb()

    first, second, third = own.store.steps()
    assert second.verdict is not None
    assert second.verdict.decision is Decision.EMPTY
    assert "Step 1 tried this very program" in second.verdict.reason
    assert (third.alternative_of, third.alternative) == (1, 2)
    assert third.verdict is not None
    assert third.verdict.decision is Decision.KEEP
    assert first.alternative_of is None


def test_their_verdicts_can_be_replayed_exactly() -> None:
    base = sided(0.2)
    variants = [base.replace("A = 0.0", f"A = {n / 10}") for n in (1, 2, 3)]
    own = Table(
        turns=[bringing(*variants), improving(B=0.3)],
        baseline=base,
        strategy=ScreenStrategy(edits=2, enough=5),
        budget=Budget(hours=None, steps=4),
        simplify=False,
    )
    own.climb()

    strategy = own.parts().strategy
    replayed = list(replay(own.work().records(), strategy))

    assert len(replayed) >= 2
    assert all(one.replayed == one.recorded for one in replayed)


def test_a_resumed_run_makes_the_same_alternative_again() -> None:
    whole = table(bringing(agent(0.0), agent(1.0)), steps=2)
    whole.climb()
    own = table(bringing(agent(0.0), agent(1.0)), steps=1)
    own.climb()
    own.budget = Budget(hours=None, steps=2)
    own.store.save_run(replace(own.begun(), finished_at=None))

    run = own.climb()

    assert run.stop_reason is StopReason.STEPS
    assert ways(own) == ways(whole)
    assert len(own.proposer.desks) == 1
