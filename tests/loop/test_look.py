"""A look at the holdout: paired trials that no other purpose counts."""

from dataclasses import replace

from autoloop.loop import Lab, Looked, Meter, look
from autoloop.records import Agent, Budget, Purpose, Split
from tests.loop.builders import Table, agent

BASELINE, BEST = Agent(source=agent(0.0)), Agent(source=agent(1.0))


def lab(table: Table) -> Lab:
    """A lab whose tasks are the holdout's."""
    plan = table.plan()
    names = plan.names(Split.HOLDOUT)
    meter = Meter(Budget(hours=None), table.clock, active_s=0.0, workers=2)
    plan = replace(plan, tasks={name: plan.tasks[name] for name in names})
    return Lab(table.parts(), plan, meter, table.stop)


def looked(table: Table, *, attempts: int = 1) -> Looked:
    return look(lab(table), baseline=BASELINE, best=BEST, attempts=attempts)


def test_both_sides_run_on_every_holdout_task() -> None:
    found = looked(Table(), attempts=2)

    assert dict(found.baseline) == {"holdout/h0": [0.0, 0.0], "holdout/h1": [0.0, 0.0]}
    assert dict(found.best) == {"holdout/h0": [1.0, 1.0], "holdout/h1": [1.0, 1.0]}


def test_a_second_look_runs_only_what_is_missing() -> None:
    table = Table()
    looked(table)

    looked(table)

    assert len(table.runner.requests) == 4


def test_a_looks_trials_are_of_a_purpose_of_their_own() -> None:
    table = Table()
    looked(table)

    assert {trial.key.purpose for trial in table.store.trials()} == {Purpose.LOOK}


def test_the_final_table_runs_its_own_trials() -> None:
    table = Table()
    looked(table)
    before = len(table.runner.requests)

    table.open_holdout()

    later = table.runner.requests[before:]
    assert {r.task.name for r in later if r.purpose is Purpose.FINAL} == {
        "holdout/h0",
        "holdout/h1",
    }
