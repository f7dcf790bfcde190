"""The objects for --json."""

from dataclasses import replace
from pathlib import Path

import pytest

from autoloop.decision import Estimates
from autoloop.records import Agent, Decision, Outcome, Purpose, Split, TaskProblem
from autoloop.report import ClimbFacts, EvalFacts, Sides, climb_summary, eval_summary
from autoloop.report.summary import EvalSummary
from tests.report.builders import (
    make_proposal,
    make_run,
    make_scores,
    make_step,
    make_steps_task,
    make_steps_trial,
    make_task,
    make_trial,
    make_trials,
)

BEST = Agent(source=make_proposal(1).source).digest
BAD = TaskProblem(folder=Path("/tasks/d"), file="task.toml", key="agent", reason="It is wrong.")
SUMMED_UP = {
    "run": "calm-otter",
    "steps": 2,
    "kept": 1,
    "reverted": 0,
    "undecided": 1,
    "stop_reason": "steps budget spent",
    "trials": 5,
    "invalid_trials": 1,
    "reused_trials": 0,
    "tokens": 390,
    "cost_usd": 3.0,
    "lost_calls": 0,
    "wall_s": 90.0,
    "best_commit": "c0ffee",
    "success_rate": None,
    "selection_minus_holdout": None,
    "expected_worthless": {"kept": 1, "judged": 0, "expected": 0.0},
    "integrity": {
        "suspicious_trials": 0,
        "tampered_trials": 0,
        "flagged_candidates": 0,
        "findings": [],
    },
    "audit": [],
}


def make_eval() -> EvalSummary:
    trials = [
        make_trial("a", attempt=1, reward=0.5),
        make_trial("a"),
        make_trial("b", outcome=Outcome.FAILED, reward=0.0),
        make_trial("b", outcome=Outcome.INVALID, attempt=1),
    ]
    tasks = [make_task("a"), make_task("b"), make_task("c")]
    facts = EvalFacts(run="eval-1", agent="nop", model="offline", wall_s=1.5, problems=(BAD,))
    return eval_summary(tasks, trials, facts=facts, estimator=Estimates())


def test_a_climb_is_summed_up_under_the_documented_keys() -> None:
    steps = [make_step(1), make_step(2, Decision.UNDECIDED), make_step(3, finished=False)]
    run = make_run({Split.HOLDOUT: make_scores()})

    facts = ClimbFacts(best_commit="c0ffee", estimator=Estimates())
    found = climb_summary(run, steps, trials=make_trials(), facts=facts).model_dump(mode="json")

    assert found["scores"]["holdout"]["gain"] == {"mean": 0.45, "low": 0.1, "high": 0.7}
    assert found["scores"]["holdout"]["best"]["n"] == 8
    for key in ("scores", "best", "tasks"):
        del found[key]
    assert found == SUMMED_UP


def test_reused_trials_are_counted_and_cost_nothing() -> None:
    first, *others = make_trials()
    trials = [replace(first, reused_from="eval-1"), *others]

    facts = ClimbFacts(best_commit="c0ffee", estimator=Estimates())
    found = climb_summary(make_run(), [], trials=trials, facts=facts)

    assert (found.trials, found.reused_trials) == (5, 1)
    assert (found.tokens, found.cost_usd) == (75, 1.25)


def test_with_both_sides_known_the_final_trials_have_a_success_rate() -> None:
    final = [
        make_trial("h", agent=agent, reward=reward, split=Split.HOLDOUT)
        for agent, reward in (("b" * 16, 0.0), (BEST, 1.0))
    ]
    trials = [replace(t, key=replace(t.key, purpose=Purpose.FINAL)) for t in final]
    sides = Sides(baseline="b" * 16, best=BEST)
    facts = ClimbFacts(best_commit="c0ffee", estimator=Estimates(), sides=sides)

    found = climb_summary(make_run(), [make_step(1)], trials=trials, facts=facts)

    assert found.success_rate is not None
    assert (found.success_rate.baseline, found.success_rate.best) == (0.0, 1.0)


def test_invalid_trials_are_counted_apart_and_never_scored() -> None:
    found = make_eval()

    assert (found.trials, found.invalid_trials, found.success_rate) == (3, 1, 1 / 3)
    assert found.score.mean == 0.375
    assert found.score.n == 2


def test_each_task_says_how_its_attempts_went() -> None:
    a, b, c = make_eval().per_task

    assert (a.rewards, a.mean, a.passed, a.failures) == ([1.0, 0.5], 0.75, 1, [])
    assert b.failures == ["AgentCrashed: It fell over."] * 2
    assert (c.attempts, c.mean, c.split) == (0, None, None)


def test_what_was_left_out_is_told_with_file_key_and_reason() -> None:
    assert make_eval().left_out == ["/tasks/d/task.toml, key 'agent': It is wrong."]


def test_each_reward_key_has_its_mean_and_an_attempt_without_it_earned_nothing() -> None:
    trials = [
        replace(make_trial("a"), rewards={"speed": 0.5, "size": 1.0}),
        replace(make_trial("a", attempt=1), rewards={"speed": 1.0}),
        replace(make_trial("b"), rewards={"speed": 0.25}),
    ]
    facts = EvalFacts(run="eval-1", agent="nop", model="", wall_s=1.0)

    found = eval_summary(
        [make_task("a"), make_task("b")], trials, facts=facts, estimator=Estimates()
    )

    assert found.per_task[0].by_key == {"size": 0.5, "speed": 0.75}
    assert found.by_key == {"size": 0.5, "speed": 0.5}
    assert found.per_task[0].steps == []


def test_each_step_counts_the_attempts_that_came_so_far() -> None:
    task = make_steps_task("plan", "build", "ship")
    trials = [make_steps_trial(plan=1.0, build=0.5), make_steps_trial(plan=0.0, attempt=1)]
    facts = EvalFacts(run="eval-1", agent="nop", model="", wall_s=1.0)

    (found,) = eval_summary([task], trials, facts=facts, estimator=Estimates()).per_task

    assert [(s.name, s.attempts, s.by_key) for s in found.steps] == [
        ("plan", 2, {"reward": 0.5}),
        ("build", 1, {"reward": 0.5}),
        ("ship", 0, {}),
    ]


def test_an_evaluation_has_pass_rates_and_families_with_intervals() -> None:
    tasks = [replace(make_task(name), difficulty=name) for name in "ab"]
    trials = [
        *(make_trial("a", attempt=i) for i in range(3)),
        *(make_trial("b", attempt=i, reward=float(i == 0)) for i in range(2)),
    ]
    facts = EvalFacts(run="eval-1", agent="agent.py", model="", wall_s=1.0)

    found = eval_summary(tasks, trials, facts=facts, estimator=Estimates())

    assert (found.success_rate, found.success.mean) == (0.8, 0.8)
    assert [(at.k, at.any.mean, at.all.mean) for at in found.passes] == [
        (1, 0.75, 0.75),
        (2, 1, 0.5),
    ]
    assert [(g.name, g.tasks, g.trials) for g in found.families] == [("csv", 2, 5)]
    assert [(g.name, g.success.mean) for g in found.difficulties] == [("a", 1.0), ("b", 0.5)]
    assert found.difficulties[0].success.low < 0.9


def test_each_task_has_its_exact_rate_and_its_state() -> None:
    trials = [make_trial("a", attempt=i, reward=float(i == 0)) for i in range(2)]
    facts = EvalFacts(run="eval-1", agent="agent.py", model="", wall_s=1.0)

    a, b = eval_summary(
        [make_task("a"), make_task("b")], trials, facts=facts, estimator=Estimates()
    ).per_task

    assert (a.state, b.state) == ("flaky", "untried")
    assert (a.rate.mean, a.rate.n) == (0.5, 2)
    assert a.rate.low == pytest.approx(0.0126, abs=1e-4)
    assert "tasks check --repeat" in a.hint


@pytest.mark.parametrize("agent", ["oracle", "nop"])
def test_reference_agents_give_no_hints_about_tasks(agent: str) -> None:
    trials = [make_trial("a", attempt=i, reward=0.0) for i in range(5)]
    facts = EvalFacts(run="eval-1", agent=agent, model="", wall_s=1.0)

    (a,) = eval_summary([make_task("a")], trials, facts=facts, estimator=Estimates()).per_task

    assert (a.state, a.hint) == ("never solved", "")


def test_a_climb_tells_how_its_best_did_where_trials_of_it_are_known() -> None:
    trials = [*make_trials(), make_trial("t2", agent=BEST, attempt=1, reward=0.0)]
    spot = make_trial("t1", agent=BEST, attempt=9, reward=0.0)
    spot = replace(spot, key=replace(spot.key, purpose=Purpose.SPOT))
    facts = ClimbFacts(best_commit="c", estimator=Estimates(), tasks=(make_task("t1"),))

    found = climb_summary(make_run(), [make_step(1)], trials=[*trials, spot], facts=facts)

    assert list(found.best) == [Split.TRAIN, Split.VALIDATION]
    train = found.best[Split.TRAIN]
    assert (train.all.tasks, train.all.trials, train.all.success.mean) == (2, 3, 2 / 3)
    assert [(g.name, g.tasks) for g in train.families] == [("csv", 1)]
    assert [own.task for own in found.tasks] == ["secret", "t1", "t2"]
