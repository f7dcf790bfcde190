"""What the command line says of failures."""

from pathlib import Path

import pytest

from autoloop import Optimizer
from tests.app.builders import AGENT, BETTER, RUN, make_trial, record_trials
from tests.app.test_auditing import write_trace
from tests.cli.conftest import Command


@pytest.fixture
def traced(recorded: Path) -> Path:
    """A run whose best agent failed twice without a look at its work, and passed with one."""
    trials = [make_trial("cedar", source=BETTER, step=1, attempt=n, reward=0.0) for n in range(2)]
    record_trials(recorded, RUN, *trials)
    failed = {trial.id for trial in trials}
    for trial in Optimizer(recorded).run().trials:
        commands = ["ls", "sort a > b"] if trial.id in failed else ["sort a > b", "cat b"]
        write_trace(recorded, trial, *commands, said="Done.")
    return recorded


@pytest.mark.usefixtures("traced")
def test_failed_trials_of_the_best_agent_are_grouped(run: Command) -> None:
    done = run("failures")

    assert done.code == 0
    assert done.out.startswith(f"{RUN}: 2 failed and 2 passing train trials of the best agent.")
    assert "no check before finishing  2 (100%)  0 (0%)   1" in done.out
    assert "cedar__0000001 3" in done.out


def test_without_a_symptom_a_failed_trial_is_named(traced: Path, run: Command) -> None:
    odd = make_trial("birch", source=BETTER, step=1, attempt=7, reward=0.0)
    record_trials(traced, RUN, odd)
    write_trace(traced, odd, "sort a > b", "cat b", said="Done.")

    assert f"1 failed without any of these: {odd.id}" in run("failures").out


@pytest.mark.usefixtures("traced")
def test_the_json_has_symptoms_rates_and_places(run: Command) -> None:
    found = run("failures", RUN, "--json").json

    assert (found["run"], found["agents"], found["failed"], found["passed"]) == (RUN, "best", 2, 2)
    (group,) = found["groups"]
    assert group["symptom"] == "no check before finishing"
    assert group["words"] == "Finished without looking at what it last wrote."
    assert (group["failed_share"], group["passed_share"], group["tasks"]) == (1.0, 0.0, 1)
    assert group["sightings"][0] == {
        "trial": "cedar__0000001",
        "task": "cedar",
        "entries": [3],
        "detail": "sort a > b",
    }


def test_trials_of_every_agent_are_looked_at_when_asked(traced: Path, run: Command) -> None:
    first = make_trial("amber", source=AGENT, attempt=8, reward=0.0)
    record_trials(traced, RUN, first)
    write_trace(traced, first, "ls", said="Done.")

    said = run("failures", "--all").out

    assert "train trials of all agents" in said
    assert "nothing done" in said
    assert "nothing done" not in run("failures").out


@pytest.mark.usefixtures("recorded")
def test_a_run_that_is_not_there_is_refused(run: Command) -> None:
    run("failures", "nowhere").assert_refused()
