"""The files of a trial and its job, as Harbor lays them out."""

import json
import os
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from autoloop.records import (
    Agent,
    Environment,
    Failure,
    Message,
    Outcome,
    Purpose,
    StepResult,
    ToolCall,
    TraceEvent,
    TrialFinding,
    TrialResult,
    Verifier,
)
from autoloop.testing.models import reply
from autoloop.trial.atif import AtifAgent, trajectory
from autoloop.trial.layout import JobFolders, job_name
from tests.trial.builders import (
    NOON,
    SPAN,
    asked,
    make_request,
    make_result,
    make_step,
    make_task,
    ran,
)

CRASH = Failure(kind="AgentCrashed", message="agent.py failed: ü")
GONE = Failure(kind="EngineError", message="The engine is gone.")


def read(path: Path) -> dict[str, Any]:  # a document of Harbor's
    document: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return document


def finish(jobs: JobFolders, *results: TrialResult, agent: Agent | None = None) -> Path:
    """Let trials begin and end in a job; the job's folder."""
    request = make_request(agent=agent)
    for result in results:
        jobs.finish(request, result, jobs.trial_folder(request, result.id))
    return jobs.root / "step-001"


def evaluation(job: Path) -> dict[str, Any]:
    (only,) = read(job / "result.json")["stats"]["evals"].values()
    return dict(only)


@pytest.fixture
def jobs(tmp_path: Path) -> JobFolders:
    return JobFolders(tmp_path / "jobs", model="prov/some/model")


@pytest.mark.parametrize(
    ("purpose", "name"),
    [
        (Purpose.SEARCH, "step-003"),
        (Purpose.SPOT, "step-003-spot"),
        (Purpose.FINAL, "final"),
        (Purpose.EVAL, "eval"),
    ],
)
def test_a_job_is_named_after_what_its_trials_are_for(purpose: Purpose, name: str) -> None:
    assert job_name(make_request(purpose=purpose, step=3)) == name


def test_a_trial_has_its_folders_before_it_starts(jobs: JobFolders) -> None:
    folder = jobs.trial_folder(make_request(), "sum__1")

    assert sorted(path.name for path in folder.iterdir()) == [
        "agent",
        "artifacts",
        "config.json",
        "verifier",
    ]


def test_a_result_names_rewards_agent_model_and_times(jobs: JobFolders) -> None:
    job = finish(jobs, make_result("sum__1", rewards={"reward": 0.5, "style": 1.0}))

    result = read(job / "sum__1" / "result.json")
    assert result["verifier_result"] == {"rewards": {"reward": 0.5, "style": 1.0}}
    assert result["agent_info"]["model_info"] == {"name": "some/model", "provider": "prov"}
    assert result["agent_result"]["n_input_tokens"] == 90
    assert result["started_at"] == "2026-03-01T12:00:00Z"
    assert result["exception_info"] is None
    assert not (job / "sum__1" / "exception.txt").exists()


def test_a_failure_is_written_as_an_exception(jobs: JobFolders) -> None:
    job = finish(jobs, make_result("sum__1", outcome=Outcome.FAILED, failure=CRASH))

    result = read(job / "sum__1" / "result.json")
    assert result["exception_info"]["exception_type"] == "AgentCrashed"
    text = (job / "sum__1" / "exception.txt").read_text(encoding="utf-8")
    assert text == "AgentCrashed: agent.py failed: ü\n"


def test_a_job_adds_up_its_trials(jobs: JobFolders) -> None:
    job = finish(
        jobs,
        make_result("sum__1", rewards={"reward": 1.0}),
        make_result("sum__2", outcome=Outcome.FAILED, failure=CRASH),
        make_result("sum__3", outcome=Outcome.INVALID, failure=GONE),
    )

    assert evaluation(job) == {
        "n_trials": 1,
        "n_errors": 2,
        "metrics": [{"mean": 0.5}],
        "reward_stats": {"reward": {"1.0": ["sum__1"]}},
        "exception_stats": {"AgentCrashed": ["sum__2"], "EngineError": ["sum__3"]},
    }


def test_a_job_goes_on_where_an_earlier_process_left_it(jobs: JobFolders) -> None:
    finish(jobs, make_result("sum__1", rewards={"reward": 1.0}))
    later = JobFolders(jobs.root, model=jobs.model)

    job = finish(later, make_result("sum__2", rewards={"reward": 0.0}))

    assert read(job / "result.json")["n_total_trials"] == 2
    assert evaluation(job)["metrics"] == [{"mean": 0.5}]


def test_a_result_that_a_power_cut_damaged_does_not_stop_a_job(jobs: JobFolders) -> None:
    job = finish(jobs, make_result("sum__1"))
    (job / "sum__1" / "result.json").write_text("")

    finish(JobFolders(jobs.root, model=jobs.model), make_result("sum__2"))

    assert read(job / "result.json")["n_total_trials"] == 1


STEPS = (
    StepResult(name="one", rewards={"reward": 1.0}, phases={"agent_execution": SPAN}),
    StepResult(name="two", failure=CRASH, phases={"agent_execution": SPAN, "verifier": SPAN}),
)


def test_a_task_of_several_steps_has_a_result_for_each(jobs: JobFolders) -> None:
    request = make_request(task=make_task(steps=(make_step("one"), make_step("two"))))
    result = replace(make_result("sum__1", rewards={"reward": 0.5}), steps=STEPS)
    folder = jobs.trial_folder(request, result.id)

    jobs.finish(request, result, folder)

    written = read(folder / "result.json")
    one, two = written["step_results"]
    assert sorted(path.name for path in folder.iterdir()) == ["config.json", "result.json"]
    assert (one["step_name"], one["verifier_result"]) == ("one", {"rewards": {"reward": 1.0}})
    assert two["exception_info"]["exception_type"] == "AgentCrashed"
    assert two["verifier"]["finished_at"] == "2026-03-01T12:00:09.500000Z"
    assert written["verifier_environment_mode"] is None


def test_the_place_of_the_verifier_is_named(jobs: JobFolders) -> None:
    own = Environment(folder=Path(), dockerfile=None, image="i")
    steps = (make_step(verifier=Verifier(tests=(), environment=own)),)
    request = make_request(task=make_task(steps=steps))
    folder = jobs.trial_folder(request, "sum__1")

    jobs.finish(request, make_result("sum__1"), folder)

    assert read(folder / "result.json")["verifier_environment_mode"] == "separate"


def test_reference_agents_have_no_model(jobs: JobFolders) -> None:
    job = finish(jobs, make_result("sum__1"), agent=Agent(kind="oracle"))

    assert list(read(job / "result.json")["stats"]["evals"]) == ["oracle__adhoc"]
    assert read(job / "sum__1" / "result.json")["agent_info"]["model_info"] is None


def test_no_file_is_ever_seen_half_written(jobs: JobFolders) -> None:
    job = finish(jobs, make_result("sum__1"), make_result("sum__2"))

    assert not list(job.rglob(".*"))


VALIDATE = """
import sys
from pathlib import Path
from harbor.models.job.config import JobConfig
from harbor.models.job.result import JobResult
from harbor.models.trajectories import Trajectory
from harbor.models.trial.config import TrialConfig
from harbor.models.trial.result import TrialResult

job = Path(sys.argv[1])
JobConfig.model_validate_json((job / "config.json").read_text())
JobResult.model_validate_json((job / "result.json").read_text())
trials = sorted(path.parent for path in job.glob("*/result.json"))
results = []
for trial in trials:
    TrialConfig.model_validate_json((trial / "config.json").read_text())
    results.append(TrialResult.model_validate_json((trial / "result.json").read_text()))
    Trajectory.model_validate_json((trial / "agent" / "trajectory.json").read_text())
print(len(trials))
"""


def harbor_python() -> str:
    """An interpreter that has harbor; the test is skipped where there is none."""
    python = os.environ.get("AUTOLOOP_HARBOR_PYTHON")
    if not python:
        pytest.skip("AUTOLOOP_HARBOR_PYTHON names no Python 3.12 or later with harbor installed.")
    return python


def test_harbor_itself_reads_every_file(jobs: JobFolders) -> None:
    python = harbor_python()
    timeout = Failure(kind="AgentTimeoutError", message="agent.py was ended.")
    results = [
        make_result("sum__1", rewards={"reward": 1.0, "style": 0.5}),
        make_result("sum__2", rewards={"reward": 0.0}, failure=timeout),
        make_result("sum__3", outcome=Outcome.FAILED, failure=CRASH),
        replace(make_result("sum__4", outcome=Outcome.INVALID, failure=GONE), steps=STEPS),
    ]
    job = finish(jobs, *results)
    finish(jobs, make_result("sum__5"), agent=Agent(kind="nop"))
    for trial in job.glob("sum__*"):
        write_rich_trace(trial)

    done = subprocess.run(
        [python, "-c", VALIDATE, job], capture_output=True, text=True, check=False
    )

    assert done.stderr == ""
    assert done.stdout == "5\n"


def write_rich_trace(trial: Path) -> None:
    """A trajectory with every kind of step."""
    task = Message(role="user", content="Add it up.")
    calls = [ToolCall(id=f"c{n}", name="bash", arguments=a) for n, a in enumerate(["{}", "no"])]
    asking = Message(role="assistant", content="Hm.", tool_calls=tuple(calls))
    told = Message(role="tool", content="a.txt", tool_call_id="c1")
    lost = Message(role="tool", content="lost", tool_call_id="c7")
    events: list[TraceEvent] = [
        replace(asked(task), reply=reply("Hm.", *calls)),
        ran("ls", stdout="a.txt"),
        asked(task, asking, told, lost, Message(role="system", content="Hurry.")),
        asked(task, answer=None, refusal="No calls are left."),
    ]
    agent = AtifAgent(name="agent-01", version="1", model_name="prov/model")
    built = trajectory(trial.name, tuple(events), agent=agent, instruction="x", at=NOON)
    (trial / "agent" / "trajectory.json").write_text(built.text(), encoding="utf-8")


def test_integrity_stands_in_the_metadata_and_harbors_own_words_stay(jobs: JobFolders) -> None:
    odd = TrialFinding(rule="shadowing", severity="suspicious", evidence="It shadows 're'.")
    result = replace(make_result(), verification="fresh", findings=(odd,))

    job = finish(jobs, result)

    document = read(job / result.id / "result.json")
    metadata = document["agent_result"]["metadata"]
    assert (metadata["integrity"], metadata["verification"]) == ("suspicious", "fresh")
    assert metadata["findings"] == [
        {"rule": "shadowing", "severity": "suspicious", "evidence": "It shadows 're'."}
    ]
    assert document["verifier_environment_mode"] == "shared"
