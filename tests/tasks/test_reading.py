from pathlib import Path

from tests.tasks.builders import find, only_problem, only_task, write_task

FULL = """
schema_version = "1.4"
[task]
name = "org/pretty-name"
[metadata]
category = "csv"
difficulty = "hard"
[agent]
timeout_sec = 90
user = 1000
[verifier]
timeout_sec = 30.5
user = "nobody"
[verifier.env]
LIT = "lit"
[solution.env]
SOL = "${HOST_SOL:-dflt}"
[environment]
build_timeout_sec = 120.0
cpus = 2
memory_mb = 512
storage_mb = 1024
workdir = "/srv"
network_mode = "no-network"
[environment.env]
HOST = "${HOST_VAR}"
PART = "x${HOST_VAR}y"
[environment.healthcheck]
command = "true"
interval_sec = 0.5
retries = 7
"""


def test_every_supported_field_of_task_toml_arrives_in_the_task(tmp_path: Path) -> None:
    write_task(tmp_path / "one", FULL)

    task = only_task(tmp_path, HOST_VAR="h")

    assert (task.name, task.family, task.difficulty) == ("org/pretty-name", "csv", "hard")
    assert (task.agent_timeout_s, task.agent_user) == (90.0, "1000")
    assert (task.verifier_timeout_s, task.verifier_user) == (30.5, "nobody")
    assert task.verifier_env == {"LIT": "lit"}
    assert task.solution_env == {"SOL": "dflt"}
    assert task.notes == ()


def test_every_supported_field_of_the_environment_arrives_in_the_task(tmp_path: Path) -> None:
    folder = write_task(tmp_path / "one", FULL)

    environment = only_task(tmp_path, HOST_VAR="h").environment

    assert environment.dockerfile == folder / "environment/Dockerfile"
    assert (environment.build_timeout_s, environment.workdir) == (120.0, "/srv")
    assert environment.network == "none"
    assert environment.env == {"HOST": "h", "PART": "x${HOST_VAR}y"}
    limits = environment.resources
    assert (limits.cpus, limits.memory_mb, limits.storage_mb) == (2, 512, 1024)
    check = environment.healthcheck
    assert check is not None
    assert (check.command, check.interval_s, check.timeout_s, check.retries) == ("true", 0.5, 30, 7)


def test_an_empty_task_toml_means_harbors_defaults(tmp_path: Path) -> None:
    write_task(tmp_path / "shelf" / "one", "# nothing\n")

    task = only_task(tmp_path)

    assert (task.name, task.family, task.difficulty) == ("shelf/one", "shelf", "unknown")
    assert (task.agent_timeout_s, task.verifier_timeout_s) == (None, 600.0)
    assert task.environment.build_timeout_s == 600.0
    assert task.environment.network == "public"


def test_family_goes_before_category(tmp_path: Path) -> None:
    write_task(tmp_path / "one", '[metadata]\nfamily = "logs"\ncategory = "csv"\ndifficulty = 3\n')

    task = only_task(tmp_path)

    assert (task.family, task.difficulty) == ("logs", "3")


def test_an_image_needs_no_environment_folder(tmp_path: Path) -> None:
    toml = '[environment]\ndocker_image = "debian:12"\n'
    write_task(tmp_path / "one", toml, drop="environment/Dockerfile")

    environment = only_task(tmp_path).environment

    assert (environment.image, environment.dockerfile) == ("debian:12", None)


def test_legacy_keys_still_work(tmp_path: Path) -> None:
    toml = (
        'version = "1.0"\n[environment]\nmemory = "2G"\nstorage = "512M"\nallow_internet = false\n'
    )
    write_task(tmp_path / "one", toml)

    environment = only_task(tmp_path).environment

    assert (environment.resources.memory_mb, environment.resources.storage_mb) == (2048, 512)
    assert environment.network == "none"


def test_a_legacy_size_may_stand_beside_an_equal_new_one(tmp_path: Path) -> None:
    write_task(tmp_path / "one", '[environment]\nmemory = "2G"\nmemory_mb = 2048\n')

    assert only_task(tmp_path).environment.resources.memory_mb == 2048


def test_a_legacy_size_that_contradicts_the_new_one_is_a_problem(tmp_path: Path) -> None:
    write_task(tmp_path / "one", '[environment]\nmemory = "1G"\nmemory_mb = 2048\n')

    entry = only_problem(tmp_path)

    assert entry.key == "environment"
    assert entry.reason == "`memory` says 1024 MB but `memory_mb` says 2048; keep `memory_mb` only."


def test_network_mode_goes_before_allow_internet(tmp_path: Path) -> None:
    toml = '[environment]\nallow_internet = false\nnetwork_mode = "public"\n'
    write_task(tmp_path / "one", toml)

    assert only_task(tmp_path).environment.network == "public"


def test_unknown_keys_are_named_once_with_what_was_perhaps_meant(tmp_path: Path) -> None:
    toml = "[agent]\ntimeout_secs = 1.0\n[nonsense]\nx = 1\n[metadata.deep]\ny = 2\n"
    write_task(tmp_path / "one", toml)

    (note,) = only_task(tmp_path).notes

    assert "nonsense" in note
    assert "agent.timeout_secs (did you mean timeout_sec?)" in note
    assert "deep" not in note


def test_artifacts_are_accepted_with_a_note(tmp_path: Path) -> None:
    write_task(tmp_path / "one", 'artifacts = ["/app/x", {source = "/app/y"}]\n')

    (note,) = only_task(tmp_path).notes

    assert note == "artifacts are not collected yet; this does not change the reward."


def test_what_public_tasks_leave_empty_is_accepted(tmp_path: Path) -> None:
    toml = "artifacts = []\n[environment]\nmcp_servers = []\ngpus = 0\nos = 'Linux'\n[verifier]\n"
    write_task(tmp_path / "one", toml + "collect = []\nenvironment_mode = 'shared'\n")

    assert only_task(tmp_path).notes == ()


def test_a_phase_may_repeat_the_network_policy_of_the_environment(tmp_path: Path) -> None:
    write_task(tmp_path / "one", '[agent]\nnetwork_mode = "public"\n')

    assert only_task(tmp_path).environment.network == "public"


def test_canary_lines_and_the_blank_lines_after_them_are_stripped(tmp_path: Path) -> None:
    text = "<!-- harbor-canary GUID 1 -->\n# another CANARY line\n\nReal\n\n# canary stays\n"
    write_task(tmp_path / "one", files={"instruction.md": text})

    assert only_task(tmp_path).instruction == "Real\n\n# canary stays\n"


def test_an_instruction_without_canary_keeps_its_end(tmp_path: Path) -> None:
    write_task(tmp_path / "one", files={"instruction.md": "Do `x`  \nthen y\n\n"})

    assert only_task(tmp_path).instruction == "Do `x`  \nthen y\n\n"


def test_a_variable_that_is_not_set_is_a_problem_of_its_task_alone(tmp_path: Path) -> None:
    write_task(tmp_path / "bad", '[verifier.env]\nKEY = "${NOT_SET}"\n')
    write_task(tmp_path / "good")

    found = find(tmp_path)

    (entry,) = found.problems
    assert (entry.folder.name, entry.key) == ("bad", "verifier.env.KEY")
    assert "'NOT_SET' is not set" in entry.reason
    assert [task.name for task in found.tasks] == ["good"]


def test_the_solution_folder_is_known_when_it_has_a_script(tmp_path: Path) -> None:
    folder = write_task(tmp_path / "one", files={"solution/solve.sh": "true\n"})

    task = only_task(tmp_path)

    assert task.solution_folder == folder / "solution"
    assert task.tests_folder == folder / "tests"
