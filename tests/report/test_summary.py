"""The objects for --json."""

from autoloop.decision import Estimates
from autoloop.records import Decision, Outcome, Split
from autoloop.report import climb_summary, eval_summary
from autoloop.report.summary import EvalSummary
from tests.report.builders import (
    make_run,
    make_scores,
    make_step,
    make_task,
    make_trial,
    make_trials,
)

SUMMED_UP = {
    "run": "calm-otter",
    "steps": 2,
    "kept": 1,
    "reverted": 0,
    "undecided": 1,
    "stop_reason": "steps budget spent",
    "trials": 5,
    "invalid_trials": 1,
    "tokens": 390,
    "cost_usd": 3.0,
    "wall_s": 90.0,
    "best_commit": "c0ffee",
}


def make_eval() -> EvalSummary:
    trials = [
        make_trial("a", attempt=1, reward=0.5),
        make_trial("a"),
        make_trial("b", outcome=Outcome.FAILED, reward=0.0),
        make_trial("b", outcome=Outcome.INVALID, attempt=1),
    ]
    tasks = [make_task("a"), make_task("b"), make_task("c")]
    return eval_summary(
        tasks, trials, agent="nop", model="offline", wall_s=1.5, estimator=Estimates()
    )


def test_a_climb_is_summed_up_under_the_documented_keys() -> None:
    steps = [make_step(1), make_step(2, Decision.UNDECIDED), make_step(3, finished=False)]
    run = make_run({Split.HOLDOUT: make_scores()})

    found = climb_summary(run, steps, trials=make_trials(), best_commit="c0ffee").model_dump(
        mode="json"
    )

    assert found["scores"]["holdout"]["gain"] == {"mean": 0.45, "low": 0.1, "high": 0.7}
    assert found["scores"]["holdout"]["best"]["n"] == 8
    del found["scores"]
    assert found == SUMMED_UP


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
