"""What a person is told before a climb, from what is recorded."""

from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from autoloop import Optimizer, RunError, SettingsError
from autoloop.app.estimate import Estimate
from autoloop.app.eval_record import EvalRecord
from autoloop.app.outlook import Spending, outlook
from autoloop.app.recorded import VerdictCost
from autoloop.records import Agent, Purpose, Split, Task, TrialKey, TrialResult, Usage
from autoloop.settings import Settings, override
from autoloop.store import SqliteStore
from tests.app.builders import (
    AGENT,
    BETTER,
    make_project,
    make_trial_of,
    record_run,
    record_trials,
)

NAME = "eval-20260301-120000"
OFFLINE = "---\nmodels: {task: offline, meta: offline}\nworkers: 2\n---\n"
SPENDING = Spending(
    trial_s=36.0, usage=Usage(prompt_tokens=1000, cost_usd=1.0), trials=10, workers=2
)
COUNTS = {Split.TRAIN: 10, Split.VALIDATION: 5, Split.HOLDOUT: 5}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project of ten tasks that asks no model outside."""
    return make_project(tmp_path / "project", tasks=10, program=OFFLINE)


def visible(project: Path) -> list[Task]:
    optimizer = Optimizer(project)
    tasks = optimizer.tasks().tasks
    splits = optimizer.splits(tasks)
    return [task for task in tasks if splits[task.name] is not Split.HOLDOUT]


def record_eval(
    project: Path, *trials: TrialResult, name: str = NAME, source: str = AGENT, model: str = ""
) -> None:
    """An evaluation that holds these trials."""
    record_trials(project, name, *trials)
    record = EvalRecord(
        agent="agent.py",
        kind="python",
        agent_source=source,
        source=str(project / "tasks"),
        split=None,
        tasks={},
        model=model or "offline",
        settings=Settings().model_dump_json(),
    )
    record.write(project / "runs" / name)


def profile(project: Path, *, purpose: Purpose = Purpose.EVAL) -> list[TrialResult]:
    """Two attempts of each visible task: one always passes, one never, the others do once."""
    found = []
    for number, task in enumerate(visible(project)):
        rewards = {0: (1.0, 1.0), 1: (0.0, 0.0)}.get(number, (1.0, 0.0))
        for attempt, reward in enumerate(rewards):
            trial = make_trial_of(task, reward=reward, attempt=attempt)
            found.append(replace(trial, key=replace(trial.key, purpose=purpose)))
    return found


def estimated(project: Path) -> Estimate:
    return Optimizer(project).estimate(run=False)


def test_recorded_trials_are_enough(project: Path) -> None:
    record_eval(project, *profile(project))

    found = estimated(project)

    tasks = visible(project)
    assert (found.trials, found.ran, found.evaluations) == (2 * len(tasks), 0, ())
    assert found.score.mean == 0.5
    assert (found.always, found.never) == ((tasks[0].name,), (tasks[1].name,))
    assert (found.trial_s, found.trial_usd, found.workers) == (9.0, 0.25, 2)


def test_tasks_that_waver_carry_most(project: Path) -> None:
    record_eval(project, *profile(project))

    shares = estimated(project).shares

    assert sum(own.share for own in shares) == pytest.approx(1.0)
    assert {own.task for own in shares[-2:]} == {task.name for task in visible(project)[:2]}


def test_few_train_tasks_are_said_to_tell_little(project: Path) -> None:
    record_eval(project, *profile(project))

    (warning,) = estimated(project).warnings

    assert "train tasks little can be known: five tasks have to get better" in warning


def test_one_attempt_each_and_tasks_without_any_are_said_to_be_a_guess(project: Path) -> None:
    record_eval(project, *(t for t in profile(project)[2:] if t.key.attempt == 0))

    left_out, guess, _ = estimated(project).warnings

    assert left_out.startswith("1 of ")
    assert "is a guess" in guess


def test_trials_of_another_model_agent_content_or_purpose_say_nothing(project: Path) -> None:
    trials = profile(project)
    changed = [replace(t, key=replace(t.key, task_digest="sha256:1")) for t in trials]
    record_eval(project, *trials, name="eval-1", model="openai/gpt-5")
    record_eval(project, *trials, name="eval-2", source=BETTER)
    record_eval(project, *changed, name="eval-3")
    record_eval(project, *profile(project, purpose=Purpose.SPOT), name="eval-4")

    with pytest.raises(RunError, match=r"No trial of this agent\.py .* '--no-run'"):
        estimated(project)


def test_a_calibration_teaches_nothing(project: Path) -> None:
    run = record_run(project, name="calibrate-20260301-120000")
    with closing(SqliteStore.open(project / "runs" / run.name)) as store:
        for trial in profile(project, purpose=Purpose.SEARCH):
            store.save_trial(trial)

    with pytest.raises(RunError):
        estimated(project)


def test_the_baseline_of_a_climb_counts_and_an_edit_that_it_kept_does_not(project: Path) -> None:
    run = record_run(project)
    with closing(SqliteStore.open(project / "runs" / run.name)) as store:
        for trial in profile(project, purpose=Purpose.SEARCH):
            store.save_trial(trial)
            store.save_trial(replace(trial, id=f"x{trial.id}", key=_of(trial, BETTER)))

    assert estimated(project).trials == len(profile(project))
    (project / "agent.py").write_text(BETTER)
    with pytest.raises(RunError):
        estimated(project)


def _of(trial: TrialResult, source: str) -> TrialKey:
    return replace(trial.key, agent=Agent(source=source).digest)


def test_the_cost_of_verdicts_is_measured_on_earlier_climbs(project: Path) -> None:
    record_run(project)
    record_eval(project, *profile(project))

    reach = estimated(project).outlook

    assert (reach.verdicts, reach.trials_per_verdict) == (2, 1.0)


@pytest.mark.parametrize(
    ("budget", "edits", "limit"),
    [
        ({"hours": None}, None, ""),
        ({"hours": None, "trials": 445}, 10, "trials"),
        ({"hours": 1.0}, 3, "hours"),
        ({"hours": None, "usd": 14.0}, 2, "usd"),
        ({"hours": 24.0, "steps": 7}, 7, "steps"),
        ({"hours": None, "trials": 3}, 0, "trials"),
    ],
)
def test_the_budget_reaches_as_far_as_its_first_limit(
    budget: dict[str, object], edits: int | None, limit: str
) -> None:
    settings = override("{}", {f"budget.{key}": value for key, value in budget.items()})

    found = outlook(settings, COUNTS, spending=SPENDING, cost=None)

    assert (found.edits, found.limit, found.verdicts) == (edits, limit, 0)


@pytest.mark.parametrize(("strategy", "edits"), [("race", 10), ("factorial", 9)])
def test_where_trials_mix_edits_a_pass_of_the_best_alone_comes_off_first(
    strategy: str, edits: int
) -> None:
    wish = {"budget.hours": None, "budget.trials": 445, "strategy": strategy}

    found = outlook(override("{}", wish), COUNTS, spending=SPENDING, cost=None)

    assert found.edits == edits


def test_what_the_meta_agent_costs_counts_once_it_is_measured() -> None:
    settings = override("{}", {"budget.hours": None, "budget.usd": 26.0})
    cost = VerdictCost(verdicts=4, trials=10.0, meta=Usage(cost_usd=4.0))

    found = outlook(settings, COUNTS, spending=SPENDING, cost=cost)

    assert (found.edits, found.trials_per_verdict) == (10, 10.0)
    assert found.price is not None
    assert found.price.usd == pytest.approx(26.0)


def test_an_estimate_from_no_attempts_is_refused(project: Path) -> None:
    with pytest.raises(SettingsError, match="'attempts' is 0: write a whole number"):
        Optimizer(project, observe=lambda _: None).estimate(attempts=0)
