"""A kept edit is looked at once more; that costs what it costs and changes no verdict."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from autoloop.ports import AuditOutcome
from autoloop.records import Budget, Notice, Step, StopReason, TrialResult, Usage
from autoloop.testing.proposers import edit
from tests.loop.builders import RUN, Table, agent

PRICE = Usage(calls=1, prompt_tokens=900, completion_tokens=100, cost_usd=0.5)


@dataclass
class Alarmed:
    """An auditor that calls everything tampered."""

    asked: list[tuple[Step, int, bool]] = field(default_factory=list)

    def kept(self, step: Step, trials: Sequence[TrialResult], *, may_ask: bool) -> AuditOutcome:
        self.asked.append((step, len(trials), may_ask))
        return AuditOutcome(notice="It tampered.", usage=PRICE)


def test_only_kept_edits_are_audited_with_their_commit_on_the_branch() -> None:
    auditor = Alarmed()
    budget = Budget(hours=None, steps=2)
    table = Table(turns=[edit(agent(1.0)), edit(agent(0.1))], budget=budget, auditor=auditor)

    table.climb()

    ((step, trials, may_ask),) = auditor.asked
    assert (step.index, step.candidate) == (1, table.workspace.tip(RUN))
    assert 0 < trials < len(table.store.trials())
    assert may_ask


def test_what_an_audit_finds_is_told_and_changes_no_verdict() -> None:
    table = Table(turns=[edit(agent(1.0))], auditor=Alarmed())

    table.climb()

    assert table.decisions() == ["keep"]
    assert "It tampered." in [notice.text for notice in table.observer.of(Notice)]


def test_what_an_opinion_costs_is_the_steps_and_the_budgets() -> None:
    plain, audited = (
        Table(turns=[edit(agent(1.0))]),
        Table(turns=[edit(agent(1.0))], auditor=Alarmed()),
    )

    plain.climb()
    audited.climb()

    (before,), (after,) = plain.store.steps(), audited.store.steps()
    assert after.meta_usage == before.meta_usage + PRICE


def test_an_opinion_counts_against_the_limit() -> None:
    budget = Budget(hours=None, tokens=40_000)
    auditor = Alarmed()
    table = Table(
        turns=[edit(agent(0.9)), *[edit(agent(0.0))] * 99], budget=budget, auditor=auditor
    )

    run = table.climb()

    spent = sum(step.meta_usage.tokens for step in table.store.steps())
    assert run.stop_reason in (StopReason.TOKENS, StopReason.NO_PROPOSALS)
    assert spent >= PRICE.tokens
