"""Evaluations on a real engine: bad tasks, several rewards, steps, more attempts."""

from importlib.util import find_spec
from pathlib import Path

import pytest

from autoloop import Optimizer, RunError, TaskError
from autoloop.records.installing import install_command
from autoloop.sandbox.cli import DockerCli
from tests.app.builders import make_project, make_task
from tests.cli.conftest import autoloop

pytestmark = [pytest.mark.docker, pytest.mark.slow, pytest.mark.usefixtures("engine")]

BROKEN = {"environment/Dockerfile": "FROM autoloop/base:bookworm\nRUN exit 7\n"}
WRONG = {"task.toml": "[agent]\ntimeout_sec = 'soon'\n"}
FLAKY = {
    "tests/test.sh": "#!/bin/bash\n"
    "test -f /app/amber.txt || { echo 0 > /logs/verifier/reward.txt; exit; }\n"
    'echo "{\\"reward\\": 0.$RANDOM}" > /logs/verifier/reward.json\n'
}
KEYS = {
    "tests/test.sh": "#!/bin/bash\n"
    'echo \'{"speed": 0.5, "size": 1}\' > /logs/verifier/reward.json\n'
}
STEPS = {
    "task.toml": 'multi_step_reward_strategy = "mean"\n'
    '[environment]\nallow_internet = false\n[[steps]]\nname = "plan"\n[[steps]]\nname = "build"\n'
}
GOOD_STEP = "#!/bin/bash\necho 1 > /logs/verifier/reward.txt\n"
COMPOSE = {
    "environment/docker-compose.yaml": "services:\n  main:\n    build: {context: .}\n"
    "  helper:\n    image: autoloop/base:bookworm\n    command: sleep infinity\n"
}
BAD_STEP = "#!/bin/bash\necho 0 > /logs/verifier/reward.txt\n"


def make_steps(folder: Path) -> Path:
    """A task of two steps: doing nothing passes the first."""
    files = dict(STEPS)
    for name, test in (("plan", GOOD_STEP), ("build", BAD_STEP)):
        files[f"steps/{name}/instruction.md"] = f"Do {name}.\n"
        files[f"steps/{name}/tests/test.sh"] = test
    task = make_task(folder, "steps", files=files)
    for name in ("tests/test.sh", "instruction.md", "solution/solve.sh"):
        (task / name).unlink()
    (task / "tests").rmdir()
    (task / "solution").rmdir()
    return task


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project of two good tasks."""
    return make_project(tmp_path / "project", tasks=2)


def test_bad_tasks_are_reported_and_the_others_evaluated(project: Path) -> None:
    make_task(project / "tasks/broken", "broken", files=BROKEN)
    make_task(project / "tasks/wrong", "wrong", files=WRONG)

    done = autoloop("eval", "--agent", "oracle", "--json", cwd=project)

    assert done.code == 4
    assert (done.json["tasks"], done.json["score"]["mean"]) == (2, 1.0)
    assert len(done.json["left_out"]) == 2
    assert "tasks/wrong/task.toml, key 'agent.timeout_sec': 'soon' cannot be used" in done.err
    assert "tasks/broken/environment/Dockerfile: " in done.err
    assert done.err.index("Left out") < done.err.index("prepared 3 of 3")


def test_strict_refuses_before_anything_runs_and_lists_all(project: Path) -> None:
    make_task(project / "tasks/broken", "broken", files=BROKEN)
    make_task(project / "tasks/cracked", "cracked", files=BROKEN | {"environment/x": "x"})
    (project / "program.md").write_text("---\ntasks: strict\n---\n")

    done = autoloop("eval", "--agent", "oracle", cwd=project)

    done.assert_refused()
    for name in ("broken", "cracked"):
        assert f"tasks/{name}/environment/Dockerfile" in done.err
    assert "tasks: skip" in done.err
    assert not (project / "runs").exists()


def test_a_climb_is_strict_unless_told_otherwise(tmp_path: Path) -> None:
    models = "models: {task: offline, meta: offline}"
    project = make_project(tmp_path / "p", tasks=6, program=f"---\n{models}\n---\n")
    make_task(project / "tasks/broken", "broken", files=BROKEN)

    refused = autoloop("climb", "--trials", "1", cwd=project)
    (project / "program.md").write_text(f"---\n{models}\ntasks: skip\n---\n")
    climbed = autoloop("climb", "--trials", "1", "--json", cwd=project)

    refused.assert_refused()
    assert "tasks/broken/environment/Dockerfile" in refused.err
    assert (climbed.code, climbed.json["stop_reason"]) == (0, "trials budget spent")
    assert "Left out: " in climbed.err
    assert "broken" not in Optimizer(project).run().record.splits


def test_attempts_are_added_to_an_evaluation(project: Path) -> None:
    first = autoloop("eval", "--agent", "oracle", "--json", cwd=project).json

    more = autoloop("eval", "--add", first["run"], "--attempts", "3", "--json", cwd=project)
    again = autoloop("eval", "--add", first["run"], "--attempts", "2", "--json", cwd=project)

    assert (more.code, more.json["run"], more.json["trials"]) == (0, first["run"], 6)
    assert more.json["agent"] == "oracle"
    assert [task["attempts"] for task in more.json["per_task"]] == [3, 3]
    assert again.json["trials"] == 6
    assert again.json["wall_s"] > more.json["wall_s"] > first["wall_s"]


def test_what_changed_since_is_evaluated_anew_and_what_is_gone_is_named(project: Path) -> None:
    first = Optimizer(project, observe=lambda _: None).eval(agent="nop")
    (project / "tasks/amber/instruction.md").write_text("Something else.\n")

    more = autoloop("eval", "--add", first.folder.name, "--attempts", "2", "--json", cwd=project)
    (project / "tasks/amber/task.toml").write_text("[")

    assert "earlier trials do not count: amber" in more.err
    assert (more.json["trials"], len(list(first.folder.glob("jobs/eval/*/")))) == (4, 5)
    with pytest.raises(TaskError, match=r"(?s)are gone from .*: amber.*not valid TOML"):
        Optimizer(project, observe=lambda _: None).eval(add=first.folder.name)


def test_an_evaluation_that_is_not_there_is_named(project: Path) -> None:
    with pytest.raises(RunError, match=r"There is no evaluation 'eval-1' .* Latest: none yet"):
        Optimizer(project, observe=lambda _: None).eval(add="eval-1")


def test_every_reward_key_and_every_step_is_told(project: Path) -> None:
    make_task(project / "tasks/amber", "amber", files=KEYS)
    make_steps(project / "tasks/steps")

    done = autoloop("eval", "--agent", "nop", "--json", cwd=project).json

    tasks = {task["task"]: task for task in done["per_task"]}
    assert tasks["amber"]["by_key"] == {"size": 1.0, "speed": 0.5}
    assert tasks["amber"]["mean"] == 0.75
    assert [(s["name"], s["by_key"]) for s in tasks["steps"]["steps"]] == [
        ("plan", {"reward": 1.0}),
        ("build", {"reward": 0.0}),
    ]
    assert tasks["steps"]["mean"] == 0.5


def test_the_reward_that_counts_is_a_setting(project: Path) -> None:
    make_task(project / "tasks/amber", "amber", files=KEYS)
    optimizer = Optimizer(project, observe=lambda _: None, reward="speed", tasks_folder="tasks")

    evaluation = optimizer.eval(agent="nop", tasks=project / "tasks/amber")

    assert [trial.reward for trial in evaluation.trials] == [0.5]


def test_harbors_environments_need_harbor(project: Path) -> None:
    if find_spec("harbor") is not None:
        pytest.skip("This Python has Harbor.")
    (project / "program.md").write_text("---\nengine: harbor\n---\n")

    done = autoloop("eval", "--agent", "nop", cwd=project)

    done.assert_refused()
    assert install_command("harbor") in done.err


def test_nothing_is_started_on_a_disk_that_is_nearly_full(project: Path) -> None:
    (project / "program.md").write_text("---\nmin_free_gb: 1e6\n---\n")

    done = autoloop("eval", "--agent", "nop", cwd=project)

    done.assert_refused(code=3)
    assert "nothing is started with less than 1e+06 GB" in done.err


def test_a_resumed_climb_needs_every_task_it_began_with(tmp_path: Path) -> None:
    splits = "{train: [birch, cedar], validation: [dune, ember], holdout: [amber, fjord]}"
    front = f"models: {{task: offline, meta: offline}}\ntasks: skip\nsplits: {splits}\n"
    project = make_project(tmp_path / "p", program=f"---\n{front}---\n")
    Optimizer(project, observe=lambda _: None).climb(trials=1)
    make_task(project / "tasks/amber", "amber", files=BROKEN)

    done = autoloop("resume", "--trials", "9", cwd=project)

    done.assert_refused()
    assert "tasks/amber/environment/Dockerfile" in done.err
    assert "needs every task that it began with" in done.err


def test_gc_counts_the_images_it_removed(project: Path) -> None:
    done = autoloop("gc", "--images", "1000000", "--json", cwd=project)

    assert done.code == 0, done.err
    assert done.json["runs"] == []
    assert done.json.keys() == {"containers", "runs", "images", "freed_bytes"}


def test_a_check_finds_what_is_flaky_and_what_does_not_build(project: Path) -> None:
    make_task(project / "tasks/amber", "amber", files=FLAKY)
    make_task(project / "tasks/broken", "broken", files=BROKEN)
    optimizer = Optimizer(project, observe=lambda _: None)

    proofs = {p.task: p for p in optimizer.check_tasks(repeat=3, harbor="none")}

    assert (proofs["birch"].sound, proofs["birch"].oracle_rewards) == (True, (1.0, 1.0, 1.0))
    assert proofs["amber"].flaky
    assert "flaky: the same solution was rewarded" in proofs["amber"].problem
    assert (proofs["broken"].sound, proofs["broken"].oracle) == (False, None)
    assert "Dockerfile" in proofs["broken"].problem


def test_a_check_measures_builds_images_and_trials(project: Path) -> None:
    done = autoloop("tasks", "check", "tasks/birch", "--harbor", "none", "--json", cwd=project)

    (proof,) = done.json
    assert done.code == 0, done.err
    assert proof["build_s"] >= 0
    assert 20 < proof["image_mb"] < 2000
    assert 0 < proof["trial_s"] < 60
    assert (proof["offline"], proof["same_in_harbor"]) == (None, None)


def test_a_compose_project_is_checked_likewise(project: Path) -> None:
    if not DockerCli().has("compose"):
        pytest.skip("The docker command line has no compose plugin.")
    make_task(project / "tasks/amber", "amber", files=COMPOSE)
    optimizer = Optimizer(project, observe=lambda _: None)

    (proof,) = optimizer.check_tasks(project / "tasks/amber", offline=True, harbor="none")

    assert (proof.sound, proof.offline) == (True, True)
    assert proof.image_mb is not None


def test_a_build_that_needs_the_network_is_found_out(project: Path) -> None:
    reach = "RUN python3 -c \"import socket; socket.create_connection(('192.0.2.1', 80), 2)\" || "
    for word, end in (("amber", "true"), ("birch", "test -d /sys/class/net/eth0")):
        text = f"FROM autoloop/base:bookworm\n{reach}{end}\nWORKDIR /app\n"
        make_task(project / "tasks" / word, word, files={"environment/Dockerfile": text})
    optimizer = Optimizer(project, observe=lambda _: None)

    amber, birch = optimizer.check_tasks(offline=True, harbor="none")

    assert (amber.offline, birch.offline) == (True, False)
    assert "offline: " in birch.problem
    assert birch.sound
