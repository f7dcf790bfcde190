from pathlib import Path

import pytest

from tests.tasks.builders import find, only_problem, only_task, write_task


@pytest.mark.parametrize(
    ("toml", "key", "reason"),
    [
        (
            '[agent]\ntimeout_sec = "soon"',
            "agent.timeout_sec",
            "'soon' cannot be used here; write a number such as 60.0.",
        ),
        (
            "[agent]\ntimeout_sec = 0",
            "agent.timeout_sec",
            "0 cannot be used here; write a number above 0.",
        ),
        (
            "[verifier]\ntimeout_sec = inf",
            "verifier.timeout_sec",
            "inf cannot be used here; write a finite number, or leave the key out.",
        ),
        (
            "[environment]\ncpus = 0.5",
            "environment.cpus",
            "0.5 cannot be used here; write a whole number.",
        ),
        (
            "[environment]\nmemory_mb = -1",
            "environment.memory_mb",
            "-1 cannot be used here; write a number above 0.",
        ),
        (
            '[environment]\nmemory = "much"',
            "environment.memory",
            '\'much\' cannot be used here; write a size in quotes such as "2G" or "512M".',
        ),
        (
            "[environment]\nmemory = 2048",
            "environment.memory",
            '2048 cannot be used here; write a size in quotes such as "2G" or "512M".',
        ),
        (
            "[environment.env]\nPORT = 80",
            "environment.env.PORT",
            '80 cannot be used here; write text in quotes, such as "value".',
        ),
        (
            '[environment.env]\n"A=B" = "x"',
            "environment.env.A=B",
            "'A=B' cannot be used here; write a variable's name without =.",
        ),
        (
            '[environment]\nworkdir = "app"',
            "environment.workdir",
            "'app' cannot be used here; write an absolute path such as \"/app\".",
        ),
        (
            '[environment]\ndocker_image = ""',
            "environment.docker_image",
            "'' cannot be used here; write some text or leave the key out.",
        ),
        (
            '[environment]\nnetwork_mode = "some"',
            "environment.network_mode",
            "'some' cannot be used here; write 'public', 'no-network' or 'allowlist'.",
        ),
        (
            '[environment]\nallow_internet = "perhaps"',
            "environment.allow_internet",
            "'perhaps' cannot be used here; write true or false.",
        ),
        (
            "[environment.healthcheck]\nretries = 2",
            "environment.healthcheck.command",
            "this key is missing; write it.",
        ),
        (
            "[agent]\nuser = true",
            "agent.user",
            "True cannot be used here; write a user name in quotes or a user id.",
        ),
        (
            '[task]\nname = "noslash"',
            "task.name",
            (
                "'noslash' cannot be used here; write a name of the form \"org/name\", "
                "with letters, digits and . _ - only."
            ),
        ),
        ("agent = 1", "agent", "1 cannot be used here; write it as a table."),
        ("artifacts = 1", "artifacts", "1 cannot be used here; write a list such as [...]."),
        ("metadata = 1", "metadata", "1 cannot be used here; write it as a table."),
    ],
)
def test_a_wrong_value_is_named_with_its_key_and_what_to_write(
    tmp_path: Path, toml: str, key: str, reason: str
) -> None:
    write_task(tmp_path / "one", toml + "\n")

    entry = only_problem(tmp_path)

    assert (entry.file, entry.key, entry.reason) == ("task.toml", key, reason)


@pytest.mark.parametrize(
    ("toml", "key", "what"),
    [
        ('[[steps]]\nname = "one"', "steps", "multi-step tasks are"),
        ('[environment]\nos = "Windows"', "environment.os", "'windows' containers are"),
        ("[environment]\ngpus = 1", "environment.gpus", "GPUs are"),
        ('[environment.tpu]\ntype = "v6e"', "environment.tpu", "TPUs are"),
        ('[[environment.mcp_servers]]\nname = "x"', "environment.mcp_servers", "MCP servers are"),
        ('[environment]\nskills_dir = "/s"', "environment.skills_dir", "skills are"),
        ('[environment]\nallowed_hosts = ["a.b"]', "environment.allowed_hosts", "an allowlist of"),
        ('[environment]\nnetwork_mode = "allowlist"', "environment.network_mode", "an allowlist"),
        ('[verifier]\nenvironment_mode = "separate"', "verifier.environment_mode", "a separate"),
        ("[verifier.environment]\ncpus = 1", "verifier.environment", "a separate verifier"),
        ('[[verifier.collect]]\ncommand = "x"', "verifier.collect", "collect commands are"),
        ('[agent]\nnetwork_mode = "no-network"', "agent.network_mode", "a network policy for one"),
        ('[verifier]\nallowed_hosts = ["x"]', "verifier.allowed_hosts", "a network policy for one"),
    ],
)
def test_a_key_that_is_not_supported_yet_is_refused_by_name(
    tmp_path: Path, toml: str, key: str, what: str
) -> None:
    write_task(tmp_path / "one", toml + "\n")

    entry = only_problem(tmp_path)

    assert (entry.file, entry.key) == ("task.toml", key)
    assert entry.reason.startswith(what)
    assert "not supported yet. " in entry.reason


@pytest.mark.parametrize(
    "file",
    [
        "environment/docker-compose.yaml",
        "tests/Dockerfile",
        "tests/docker-compose.yaml",
        "trajectory.json",
    ],
)
def test_a_file_that_is_not_supported_yet_is_refused_by_name(tmp_path: Path, file: str) -> None:
    write_task(tmp_path / "one", files={file: ""})

    entry = only_problem(tmp_path)

    assert entry.file == file
    assert "not supported yet. " in entry.reason


def test_a_multi_step_task_is_refused_as_such_and_not_for_its_missing_files(tmp_path: Path) -> None:
    write_task(tmp_path / "one", '[[steps]]\nname = "a"\n', drop="instruction.md")

    assert only_problem(tmp_path).key == "steps"


def test_all_refusals_of_a_task_are_listed(tmp_path: Path) -> None:
    write_task(tmp_path / "one", "[environment]\ngpus = 2\nskills_dir = '/s'\n")

    keys = [entry.key for entry in find(tmp_path).problems]

    assert keys == ["environment.gpus", "environment.skills_dir"]


@pytest.mark.parametrize("file", ["instruction.md", "tests/test.sh", "environment/Dockerfile"])
def test_a_missing_file_is_named(tmp_path: Path, file: str) -> None:
    write_task(tmp_path / "one", drop=file)

    entry = only_problem(tmp_path)

    assert entry.file == file
    assert entry.reason.startswith("the file is missing. Write ")


def test_an_instruction_of_nothing_but_a_canary_is_empty(tmp_path: Path) -> None:
    write_task(tmp_path / "one", files={"instruction.md": "# canary\n \n"})

    assert only_problem(tmp_path).reason == "it is empty. Write what the agent is to do."


def test_bad_toml_is_named_with_its_line(tmp_path: Path) -> None:
    write_task(tmp_path / "one", "[agent]\ntimeout_sec = \n")

    entry = only_problem(tmp_path)

    assert entry.file == "task.toml"
    assert entry.reason.startswith("this is not valid TOML: ")
    assert "line 2" in entry.reason


@pytest.mark.parametrize("toml", [f"x = {'9' * 5000}", f"x = {'[' * 5000}", "x = 1\nx = 2"])
def test_toml_that_breaks_its_reader_is_a_problem_too(tmp_path: Path, toml: str) -> None:
    write_task(tmp_path / "one", toml)

    assert "not valid TOML" in only_problem(tmp_path).reason


@pytest.mark.parametrize("file", ["task.toml", "instruction.md"])
def test_a_file_that_is_not_utf_8_is_named(tmp_path: Path, file: str) -> None:
    (write_task(tmp_path / "one") / file).write_bytes(b"# \xff\n")

    entry = only_problem(tmp_path)

    assert entry.file == file
    assert entry.reason == "byte 2 is not UTF-8 text. Save the file as UTF-8."


@pytest.mark.parametrize(
    "file", ["tests/link", "environment/sub/link", "solution", "instruction.md"]
)
def test_a_link_out_of_the_task_is_a_problem(tmp_path: Path, file: str) -> None:
    link = write_task(tmp_path / "one") / file
    link.parent.mkdir(exist_ok=True)
    link.unlink(missing_ok=True)
    link.symlink_to("/etc")

    entry = only_problem(tmp_path)

    assert entry.file == file
    assert entry.reason.startswith("this link leads out of the task folder.")


def test_a_link_into_a_folder_it_lies_in_is_a_problem(tmp_path: Path) -> None:
    (write_task(tmp_path / "one") / "tests/loop").symlink_to("..")

    assert only_problem(tmp_path).reason == "this link leads to a folder it lies in. Remove it."


def test_a_link_within_the_task_is_fine(tmp_path: Path) -> None:
    (write_task(tmp_path / "one") / "tests/again.sh").symlink_to("test.sh")

    assert only_task(tmp_path).name == "one"


def test_a_folder_in_place_of_a_file_is_a_problem(tmp_path: Path) -> None:
    (write_task(tmp_path / "one", drop="instruction.md") / "instruction.md").mkdir()

    entry = only_problem(tmp_path)

    assert (entry.file, entry.reason) == (
        "instruction.md",
        "it cannot be read: Is a directory. Check the file and its permissions.",
    )
