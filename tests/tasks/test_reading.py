from pathlib import Path

import pytest

from autoloop.records import Artifact, Collect, McpServer, Network
from autoloop.tasks import task_checksum, task_digest
from tests.tasks.builders import find, only_problem, only_step, only_task, write_task

COMPOSED = {"environment/docker-compose.yaml": "services: {}\n"}
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
    assert task.solution_env == {"SOL": "dflt"}
    assert (task.reward_strategy, task.is_multi_step, task.trajectory) == ("mean", False, None)
    assert task.notes == ()


def test_agent_and_verifier_arrive_in_the_one_step(tmp_path: Path) -> None:
    folder = write_task(tmp_path / "one", FULL)

    step = only_step(tmp_path, HOST_VAR="h")

    assert (step.name, step.instruction) == ("", "Do it.\n")
    assert (step.agent_timeout_s, step.agent_user) == (90.0, "1000")
    assert (step.verifier.timeout_s, step.verifier.user) == (30.5, "nobody")
    assert step.verifier.env == {"LIT": "lit"}
    assert (step.verifier.tests, step.verifier.environment) == ((folder / "tests",), None)
    assert (step.workdir, step.healthcheck, step.solution, step.min_reward) == (
        None,
        None,
        None,
        {},
    )


def test_every_supported_field_of_the_environment_arrives_in_the_task(tmp_path: Path) -> None:
    folder = write_task(tmp_path / "one", FULL)

    environment = only_task(tmp_path, HOST_VAR="h").environment

    assert environment.dockerfile == folder / "environment/Dockerfile"
    assert (environment.build_timeout_s, environment.workdir) == (120.0, "/srv")
    assert environment.network == Network(mode="none")
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
    assert (task.steps[0].agent_timeout_s, task.steps[0].verifier.timeout_s) == (None, 600.0)
    assert task.environment.build_timeout_s == 600.0
    assert task.environment.network == Network(mode="public")


def test_family_goes_before_category(tmp_path: Path) -> None:
    write_task(tmp_path / "one", '[metadata]\nfamily = "logs"\ncategory = "csv"\ndifficulty = 3\n')

    task = only_task(tmp_path)

    assert (task.family, task.difficulty) == ("logs", "3")


def test_an_image_needs_no_environment_folder(tmp_path: Path) -> None:
    toml = '[environment]\ndocker_image = "debian:12"\n'
    folder = write_task(tmp_path / "one", toml, drop="environment/Dockerfile")

    environment = only_task(tmp_path).environment

    assert (environment.image, environment.dockerfile) == ("debian:12", None)
    assert (environment.folder, environment.uploads) == (folder / "environment", True)


def test_a_compose_file_is_enough_of_an_environment(tmp_path: Path) -> None:
    files = {"environment/docker-compose.yaml": "services: {}\n"}
    folder = write_task(tmp_path / "one", files=files, drop="environment/Dockerfile")

    environment = only_task(tmp_path).environment

    assert environment.compose == folder / "environment/docker-compose.yaml"
    assert (environment.image, environment.dockerfile) == (None, None)


def test_mcp_servers_skills_and_gpus_arrive_in_the_environment(tmp_path: Path) -> None:
    toml = "[environment]\nskills_dir = '/skills'\ngpus = 2\ngpu_types = ['H100']\n"
    for name, more in (("a", "url='u'"), ("b", "transport='http'\nurl='v'")):
        toml += f"[[environment.mcp_servers]]\nname='{name}'\n{more}\n"
    toml += "[[environment.mcp_servers]]\nname='c'\ntransport='stdio'\ncommand='run'\nargs=['-x']\n"
    write_task(tmp_path / "one", toml)

    task = only_task(tmp_path)

    assert (task.environment.skills_dir, task.environment.resources.gpus) == ("/skills", 2)
    assert task.environment.mcp_servers == (
        McpServer(name="a", transport="sse", url="u"),
        McpServer(name="b", transport="streamable-http", url="v"),
        McpServer(name="c", transport="stdio", command="run", args=("-x",)),
    )
    assert task.notes == ("environment.gpu_types has no effect: any GPU is taken.",)


def test_an_allowlist_arrives_in_lower_case(tmp_path: Path) -> None:
    hosts = 'allowed_hosts = ["PyPI.example.", "*.B.org", "10.0.0.0/8"]'
    write_task(tmp_path / "one", f'[environment]\nnetwork_mode = "allowlist"\n{hosts}\n')

    network = only_task(tmp_path).environment.network

    assert network == Network(mode="allowlist", hosts=("pypi.example", "*.b.org", "10.0.0.0/8"))


def test_a_phase_may_have_a_network_policy_of_its_own(tmp_path: Path) -> None:
    agent = "[agent]\nnetwork_mode = 'allowlist'\nallowed_hosts = ['a.b']\n"
    write_task(tmp_path / "one", agent + "[verifier]\nnetwork_mode = 'no-network'\n")

    step = only_step(tmp_path)

    assert step.agent_network == Network(mode="allowlist", hosts=("a.b",))
    assert step.verifier.network == Network(mode="none")


def test_a_phase_without_a_policy_leaves_it_to_the_environment(tmp_path: Path) -> None:
    write_task(tmp_path / "one", "[environment]\nallow_internet = false\n")

    step = only_step(tmp_path)

    assert (step.agent_network, step.verifier.network) == (None, None)


def test_artifacts_are_paths_or_tables(tmp_path: Path) -> None:
    table = "{source = '/d', destination = 'd2', exclude = ['*.tmp'], service = ' side '}"
    toml = f"artifacts = ['out.txt', {table}, {{source='/e', destination=''}}]"
    write_task(tmp_path / "one", toml, files=COMPOSED)

    assert only_step(tmp_path).artifacts == (
        Artifact(source="out.txt"),
        Artifact(source="/d", destination="d2", exclude=("*.tmp",), service="side"),
        Artifact(source="/e"),
    )


def test_commands_to_collect_arrive_in_the_verifier(tmp_path: Path) -> None:
    toml = "[[verifier.collect]]\ncommand='dump'\n"
    toml += "[[verifier.collect]]\ncommand='x'\nservice='db'\ntimeout_sec=3\nuser=5\n"
    write_task(tmp_path / "one", toml, files=COMPOSED)

    assert only_step(tmp_path).verifier.collect == (
        Collect(command="dump"),
        Collect(command="x", service="db", timeout_s=3.0, user="5"),
    )


def test_a_service_that_no_file_can_define_is_refused(tmp_path: Path) -> None:
    write_task(tmp_path / "one", "artifacts = [{source = '/d', service = 'side'}]")

    problem = only_problem(tmp_path)

    assert (problem.file, problem.key) == ("task.toml", "artifacts")
    assert "'side'" in problem.reason


def test_a_trajectory_beside_the_instruction_is_known(tmp_path: Path) -> None:
    folder = write_task(tmp_path / "one", files={"trajectory.json": '{"steps": [{}]}'})

    assert only_task(tmp_path).trajectory == folder / "trajectory.json"


@pytest.mark.parametrize("key", ["cpus", "memory_mb", "storage_mb"])
def test_a_limit_of_zero_is_no_limit(tmp_path: Path, key: str) -> None:
    write_task(tmp_path / "one", f"[environment]\n{key} = 0\n")

    assert getattr(only_task(tmp_path).environment.resources, key) is None


def test_texts_that_are_left_empty_are_not_given(tmp_path: Path) -> None:
    toml = "[environment]\ndocker_image = ''\nworkdir = ''\nskills_dir = ''\n[agent]\nuser = ''\n"
    write_task(tmp_path / "one", toml)

    task = only_task(tmp_path)

    environment = task.environment
    assert (environment.image, environment.workdir, environment.skills_dir) == (None, None, None)
    assert task.steps[0].agent_user is None


def test_legacy_keys_still_work(tmp_path: Path) -> None:
    toml = (
        'version = "1.0"\n[environment]\nmemory = "2G"\nstorage = "512M"\nallow_internet = false\n'
    )
    write_task(tmp_path / "one", toml)

    environment = only_task(tmp_path).environment

    assert (environment.resources.memory_mb, environment.resources.storage_mb) == (2048, 512)
    assert environment.network == Network(mode="none")


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

    assert only_task(tmp_path).environment.network == Network(mode="public")


def test_unknown_keys_are_named_once_with_what_was_perhaps_meant(tmp_path: Path) -> None:
    toml = "[agent]\ntimeout_secs = 1.0\n[nonsense]\nx = 1\n[metadata.deep]\ny = 2\n"
    write_task(tmp_path / "one", toml + "[[verifier.collect]]\ncommand = 'x'\nusr = 'y'\n")

    (note,) = only_task(tmp_path).notes

    assert "nonsense" in note
    assert "agent.timeout_secs (did you mean timeout_sec?)" in note
    assert "verifier.collect[0].usr (did you mean user?)" in note
    assert "deep" not in note


def test_what_public_tasks_leave_empty_is_accepted(tmp_path: Path) -> None:
    toml = "artifacts = []\nsteps = []\n[environment]\nmcp_servers = []\ngpus = 0\nos = 'Linux'\n"
    toml += "allowed_hosts = []\n[verifier]\ncollect = []\nenvironment_mode = 'shared'\n"
    write_task(tmp_path / "one", toml)

    assert only_task(tmp_path).notes == ()


def test_a_legacy_size_that_is_no_text_has_no_effect(tmp_path: Path) -> None:
    write_task(tmp_path / "one", "[environment]\nmemory = 2048\n")

    task = only_task(tmp_path)

    assert task.environment.resources.memory_mb is None
    assert task.notes == ('environment.memory has no effect: it is no text such as "2G".',)


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


def test_the_solution_is_known_when_it_has_a_script(tmp_path: Path) -> None:
    folder = write_task(tmp_path / "one", files={"solution/solve.sh": "true\n"})

    assert only_step(tmp_path).solution == folder / "solution"


def test_checksum_and_digest_are_those_of_the_folder(tmp_path: Path) -> None:
    folder = write_task(tmp_path / "one")

    task = only_task(tmp_path)

    assert (task.digest, task.checksum) == (task_digest(folder), task_checksum(folder))
