"""Tables and frames."""

from dataclasses import replace

import pandas as pd

from autoloop.records import Interval, Split, StepResult
from autoloop.report import final_table, progress_of, step_rows, task_table, trial_rows
from autoloop.report.figures import points
from tests.report.builders import (
    make_run,
    make_scores,
    make_step,
    make_steps_trial,
    make_trial,
    make_trials,
)


def test_the_final_table_has_a_row_per_scored_split_in_their_order() -> None:
    run = make_run({Split.HOLDOUT: make_scores(), Split.TRAIN: make_scores()})

    table = final_table(run)

    assert [row[0] for row in table.rows] == ["train", "holdout"]
    assert table.rows[0][1:] == (
        "8",
        "35.0 [20.0, 50.0]",
        "80.0 [60.0, 90.0]",
        "+45.0 [+10.0, +70.0]",
    )


def test_an_interval_without_tasks_is_not_measured() -> None:
    assert points(Interval(mean=0.0, low=0.0, high=1.0, n=0)) == "not measured"


def test_tasks_of_other_splits_stay_out_of_the_task_table() -> None:
    trials = make_trials()

    table = task_table(progress_of([make_step(1)], trials), trials)

    assert table.rows == (("t1", "100 (1x)", "100 (1x)"), ("t2", "0 (1x)", "100 (1x)"))


def test_named_steps_stand_below_their_task() -> None:
    trials = [make_steps_trial(plan=1.0, build=0.0), make_steps_trial(plan=0.5, attempt=1)]

    rows = task_table(progress_of([], trials), trials).rows

    assert [(row[0], row[1]) for row in rows] == [
        ("t1", "100 (2x)"),
        ("t1, step plan", "75 (2x)"),
        ("t1, step build", "0 (1x)"),
    ]


def test_a_step_with_several_rewards_names_them() -> None:
    step = StepResult(name="plan", rewards={"speed": 0.5, "size": 1.0})
    trials = [replace(make_trial(), steps=(step, StepResult(name="ship")))]

    rows = task_table(progress_of([], trials), trials).rows

    assert [row[1] for row in rows[1:]] == ["size 100, speed 50 (1x)", "0 (1x)"]


def test_a_frame_has_a_column_for_every_further_reward_key() -> None:
    trials = [replace(make_trial(), rewards={"reward": 1.0, "speed": 0.5}), make_trial("t2")]

    rows = trial_rows(trials)

    assert [row["reward_speed"] for row in rows] == [0.5, None]
    assert "reward_reward" not in rows[0]


def test_rows_make_a_data_frame() -> None:
    trials = pd.DataFrame(trial_rows(make_trials()))
    steps = pd.DataFrame(step_rows([make_step(1)], make_trials()))

    assert len(trials) == 6
    assert trials["reward"].isna().sum() == 1
    assert steps.loc[0, "train_gain"] == 0.5
