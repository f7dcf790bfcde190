"""The Bayesian rule: what it keeps, what it drops, and what its answer may depend on."""

import random
from collections.abc import Callable
from dataclasses import replace

import pytest

from autoloop.decision import BayesRule
from autoloop.records import (
    LOSS,
    Ask,
    Chapter,
    Decision,
    Evidence,
    History,
    Score,
    Side,
    Split,
    Verdict,
    Want,
)

TRAIN = tuple(f"t{i:02}" for i in range(40))
VALIDATION = tuple(f"v{i:02}" for i in range(20))
Rate = Callable[[Side, str], float]


def rate_of(task: str) -> float:
    """The incumbent's pass rate: different for every task."""
    return random.Random(task).choice([0.02, 0.2, 0.4, 0.6, 0.9])  # noqa: S311 - no secret


def better(side: Side, task: str) -> float:
    gain = 0.35 if side is Side.CANDIDATE else 0.0
    return min(0.97, rate_of(task) + gain)


def worse(side: Side, task: str) -> float:
    return max(0.02, rate_of(task) - (0.35 if side is Side.CANDIDATE else 0.0))


def same(side: Side, task: str) -> float:
    del side
    return rate_of(task)


def by_heart(side: Side, task: str) -> float:
    """One train task in eight is solved for sure, nothing else changes."""
    learned = side is Side.CANDIDATE and task in TRAIN[::8]
    return 1.0 if learned else rate_of(task)


def score(side: Side, task: str, reward: float, *, step: int, attempt: int = 0) -> Score:
    split = Split.TRAIN if task in TRAIN else Split.VALIDATION
    return Score(side=side, task=task, split=split, attempt=attempt, reward=reward, step=step)


def begun(seed: int = 0) -> Evidence:
    """Evidence after the baseline's first three passes."""
    draw = random.Random(seed)  # noqa: S311 - no secret
    tasks = (*TRAIN, *VALIDATION)
    scores = tuple(
        score(Side.INCUMBENT, task, float(draw.random() < rate_of(task)), step=0, attempt=n)
        for n in range(3)
        for task in tasks
    )
    history = History(chapters=(Chapter(step=0, kept=False, scores=scores),))
    return Evidence(
        train=TRAIN, validation=VALIDATION, scores=(), history=history, free=8, step=1, seed=seed
    )


def settle(rate: Rate, seed: int = 0, evidence: Evidence | None = None) -> tuple[Verdict, Evidence]:
    """Run what the rule asks for until it decides."""
    draw = random.Random(seed + 1)  # noqa: S311 - no secret
    evidence = evidence or begun(seed)
    while isinstance(answer := BayesRule().decide(evidence), Ask):
        assert answer.wants, "nothing runs and the rule waits"
        new = [
            score(w.side, w.task, float(draw.random() < rate(w.side, w.task)), step=1)
            for w in answer.wants
            for _ in range(w.count)
        ]
        evidence = replace(evidence, scores=(*evidence.scores, *new))
    return answer, evidence


@pytest.mark.parametrize(
    ("rate", "least", "most"), [(better, 9, 10), (same, 0, 1), (worse, 0, 0), (by_heart, 0, 4)]
)
def test_what_helps_in_general_is_kept_and_little_else(rate: Rate, least: int, most: int) -> None:
    verdicts = [settle(rate, seed)[0].decision for seed in range(10)]

    assert least <= verdicts.count(Decision.KEEP) <= most


def test_a_hopeless_edit_costs_few_trials() -> None:
    verdict, evidence = settle(worse)

    assert verdict.decision is Decision.REVERT
    assert len(evidence.scores) <= 40


def always(side: Side, task: str) -> float:
    del side, task
    return 1.0


def near_the_ceiling(seed: int = 0) -> Evidence:
    """Evidence after five passes of a baseline that solves everything."""
    scores = tuple(
        score(Side.INCUMBENT, task, 1.0, step=0, attempt=n)
        for n in range(5)
        for task in (*TRAIN, *VALIDATION)
    )
    history = History(chapters=(Chapter(step=0, kept=False, scores=scores),))
    return replace(begun(seed), history=history)


def test_where_nothing_is_left_to_gain_an_edit_costs_few_trials() -> None:
    verdict, evidence = settle(always, evidence=near_the_ceiling())

    assert verdict.decision is Decision.REVERT
    assert "and then by little" in verdict.reason
    assert len(evidence.scores) <= 16


def test_where_nothing_is_left_to_gain_a_simpler_edit_is_still_tried_until_it_is_as_good() -> None:
    evidence = replace(near_the_ceiling(), candidate_size=80, incumbent_size=100)

    verdict, _ = settle(always, evidence=evidence)

    assert verdict.reason.startswith("kept: as good, and simpler")
    assert verdict.numbers[LOSS] <= 0.05


def test_what_the_trials_of_an_edit_cannot_settle_is_left_undecided_before_they_are_spent() -> None:
    rule, evidence = BayesRule(), begun()
    tie = tuple(
        score(Side.CANDIDATE, task, float(n % 2), step=1, attempt=n)
        for n in range(2)
        for task in TRAIN[:3]
    )
    evidence = replace(evidence, scores=tie)

    patient, hasty = rule.decide(evidence), replace(rule, cap=20).decide(evidence)

    assert isinstance(patient, Ask)
    assert isinstance(hasty, Verdict)
    assert hasty.decision is Decision.UNDECIDED


def test_the_order_of_arrival_does_not_matter() -> None:
    verdict, evidence = settle(better)

    shuffled = list(evidence.scores)
    random.Random(5).shuffle(shuffled)  # noqa: S311 - no secret

    assert BayesRule().decide(replace(evidence, scores=tuple(shuffled))) == verdict


def test_the_history_decides_by_its_content_not_by_who_holds_it() -> None:
    verdict, evidence = settle(better)
    chapters = tuple(replace(chapter) for chapter in evidence.history.chapters)

    again = replace(evidence, history=History(chapters=chapters))

    assert BayesRule().decide(again) == verdict


def test_another_failure_never_makes_an_edit_likelier_to_be_better() -> None:
    evidence = begun()
    chances = []
    for failures in range(6):
        scores = tuple(
            score(Side.CANDIDATE, "t00", 0.0, step=1, attempt=n) for n in range(failures)
        )
        some = (score(Side.CANDIDATE, "v00", 1.0, step=1), *scores)
        verdict = BayesRule().decide(replace(evidence, scores=some, exhausted=True))
        assert isinstance(verdict, Verdict)
        chances.append(verdict.numbers["p_better"])

    assert chances == sorted(chances, reverse=True)


def test_it_asks_for_as_many_trials_as_workers_are_free_and_none_twice_at_once() -> None:
    answer = BayesRule().decide(begun())

    assert isinstance(answer, Ask)
    assert sum(want.count for want in answer.wants) == 8
    assert any(want.side is Side.INCUMBENT for want in answer.wants)


def test_while_all_workers_are_busy_it_waits() -> None:
    pending = (Want(side=Side.CANDIDATE, task="t00"),)

    answer = BayesRule().decide(replace(begun(), pending=pending, free=0))

    assert isinstance(answer, Ask)
    assert answer.wants == ()


def test_an_exhausted_budget_ends_with_a_verdict_at_once() -> None:
    verdict = BayesRule().decide(replace(begun(), exhausted=True))

    assert isinstance(verdict, Verdict)
    assert verdict.decision is Decision.UNDECIDED


def test_a_simpler_edit_that_loses_nothing_is_kept() -> None:
    evidence = replace(begun(), candidate_size=80, incumbent_size=100)
    draws = [settle(same, seed, replace(evidence, seed=seed))[0] for seed in range(4)]

    assert any("as good, and simpler" in verdict.reason for verdict in draws)


def test_trials_of_a_dropped_edit_teach_about_the_incumbent() -> None:
    verdict, evidence = settle(same)
    assert verdict.decision is not Decision.KEEP
    chapter = Chapter(step=1, kept=False, scores=evidence.scores)
    later = History(chapters=(*evidence.history.chapters, chapter))

    fresh, taught = (
        BayesRule().decide(replace(begun(), history=h, step=2)) for h in (begun().history, later)
    )

    assert fresh != taught


def test_a_reason_is_a_sentence_with_chance_gain_and_trials() -> None:
    verdict, evidence = settle(better)

    assert verdict.reason.startswith("kept: ")
    assert " % sure that it helps tasks it has not seen; +" in verdict.reason
    assert verdict.reason.endswith(f"{len(evidence.scores)} trials")
