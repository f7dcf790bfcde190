"""AutoAgent's rule."""

from dataclasses import replace

import pytest

from autoloop.decision import PassedRule
from autoloop.records import Ask, Decision, Side, Verdict
from tests.decision.builders import TRAIN, better_by, make_evidence, scores_of, settle, spent

RULE = PassedRule()


def test_it_runs_every_train_task_once_per_side_and_no_validation() -> None:
    _, evidence = settle(RULE, make_evidence(), better_by(2))

    assert spent(evidence, Side.CANDIDATE) == spent(evidence, Side.INCUMBENT) == len(TRAIN)
    assert {score.task for score in evidence.scores} == set(TRAIN)


def test_one_more_passed_task_keeps() -> None:
    verdict, _ = settle(RULE, make_evidence(), better_by(12))

    assert verdict.decision is Decision.KEEP
    assert verdict.reason == "kept: passed 1 of 12 train tasks, 0 before"


@pytest.mark.parametrize(
    ("sizes", "decision"), [((90, 100), Decision.KEEP), ((100, 100), Decision.REVERT)]
)
def test_as_many_passed_keeps_only_what_is_simpler(
    sizes: tuple[int, int], decision: Decision
) -> None:
    verdict, _ = settle(RULE, make_evidence(sizes=sizes), lambda *_: 1.0)

    assert verdict.decision is decision


def test_almost_the_full_reward_is_not_a_pass() -> None:
    verdict, _ = settle(RULE, make_evidence(), lambda side, *_: 0.9 * (side is Side.CANDIDATE))

    assert verdict.decision is Decision.REVERT


def test_later_attempts_do_not_count() -> None:
    ours = scores_of(Side.CANDIDATE, {task: [0.0, 1.0] for task in TRAIN})
    theirs = scores_of(Side.INCUMBENT, {task: [0.0] for task in TRAIN})

    verdict = RULE.decide(replace(make_evidence(), scores=(*ours[::-1], *theirs)))

    assert isinstance(verdict, Verdict)
    assert verdict.decision is Decision.REVERT


def test_a_spent_budget_leaves_it_undecided() -> None:
    verdict = RULE.decide(replace(make_evidence(), exhausted=True))

    assert isinstance(verdict, Verdict)
    assert verdict.decision is Decision.UNDECIDED


def test_it_waits_while_all_it_wanted_is_running() -> None:
    evidence = make_evidence(free=24)
    answer = RULE.decide(evidence)

    assert isinstance(answer, Ask)
    assert RULE.decide(replace(evidence, pending=answer.wants, free=3)) == Ask(wants=())
