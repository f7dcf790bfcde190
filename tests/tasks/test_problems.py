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
            "-1 cannot be used here; write a number of at least 0.",
        ),
        (
            '[environment]\nmemory = "much"',
            "environment.memory",
            '\'much\' cannot be used here; write a size in quotes such as "2G" or "512M".',
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
            '[task]\nname = "a/b"\nversion = ""',
            "task.version",
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
        (
            '[environment.env]\nA = "\\u0000"',
            "environment.env.A",
            "'\\x00' cannot be used here; write it without NUL characters.",
        ),
        (
            '[environment]\nos = "macos"',
            "environment.os",
            "'macos' cannot be used here; write 'linux' or 'windows'.",
        ),
        (
            '[agent]\nallowed_hosts = ["a"]',
            "agent",
            '`allowed_hosts` goes with network_mode = "allowlist" only; write that too.',
        ),
        (
            '[environment]\nallow_internet = false\nallowed_hosts = ["a"]',
            "environment",
            '`allowed_hosts` goes with network_mode = "allowlist" only; write that too.',
        ),
        (
            '[environment]\nnetwork_mode = "allowlist"\nallowed_hosts = ["a", "http://b"]',
            "environment.allowed_hosts[1]",
            (
                "'http://b' cannot be used here; write a host name, *.host, an IP address or a "
                "CIDR range such as 10.0.0.0/8, without scheme, port and path."
            ),
        ),
        (
            '[[environment.mcp_servers]]\nname = "a"',
            "environment.mcp_servers[0]",
            "`url` is needed for the transport 'sse'; write it.",
        ),
        (
            '[[environment.mcp_servers]]\nname = "a"\ntransport = "stdio"',
            "environment.mcp_servers[0]",
            "`command` is needed for the transport 'stdio'; write it.",
        ),
        (
            '[verifier]\nenvironment_mode = "shared"\n[verifier.environment]\ncpus = 1',
            "verifier",
            (
                '`environment_mode` is "shared", so the table `environment` would not be used; '
                "leave out one of them."
            ),
        ),
        (
            '[[verifier.collect]]\ncommand = "x"\nservice = "-x"',
            "verifier.collect[0].service",
            (
                "'-x' cannot be used here; write the name of a compose service, with letters, "
                "digits and . _ -."
            ),
        ),
        (
            'artifacts = ["/app/../x"]',
            "artifacts[0].source",
            "'/app/../x' cannot be used here; write a path in the container in which no .. stands.",
        ),
        (
            'artifacts = [{source = "/x", destination = "manifest.json"}]',
            "artifacts[0].destination",
            (
                "'manifest.json' cannot be used here; write another path; manifest.json lists what "
                "was collected."
            ),
        ),
        (
            'artifacts = [{source = "x", service = "db"}]',
            "artifacts[0]",
            "`source` is 'x'; in the service 'db' it must be absolute.",
        ),
        (
            "artifacts = [1]",
            "artifacts[0]",
            (
                "1 cannot be used here; write a path in quotes, or a table such as "
                '{source = "/app/out"}.'
            ),
        ),
        ("[[steps]]\nmin_reward = 1", "steps[0].name", "this key is missing; write it."),
        (
            '[[steps]]\nname = "a"\nmin_reward = "high"',
            "steps[0].min_reward.reward",
            "'high' cannot be used here; write a number such as 60.0.",
        ),
        (
            '[[steps]]\nname = "a/b"',
            "steps[0].name",
            "'a/b' cannot be used here; write the name of a folder below steps/, such as 01-plan.",
        ),
        (
            '[[steps]]\nname = "a"\n[[steps]]\nname = "A"',
            None,
            "the steps 'a' and 'A' would share a folder; give each a name of its own.",
        ),
        ("agent = 1", "agent", "1 cannot be used here; write it as a table."),
        ("artifacts = 1", "artifacts", "1 cannot be used here; write a list such as [...]."),
        ("metadata = 1", "metadata", "1 cannot be used here; write it as a table."),
    ],
)
def test_a_wrong_value_is_named_with_its_key_and_what_to_write(
    tmp_path: Path, toml: str, key: str | None, reason: str
) -> None:
    write_task(tmp_path / "one", toml + "\n")

    entry = only_problem(tmp_path)

    assert (entry.file, entry.key, entry.reason) == ("task.toml", key, reason)


@pytest.mark.parametrize("destination", ["/y", "a/../b", "a\\\\b", "."])
def test_an_artifact_stays_below_the_folder_for_artifacts(tmp_path: Path, destination: str) -> None:
    artifact = f'{{source = "/x", destination = "{destination}"}}'
    write_task(tmp_path / "one", f"artifacts = [{artifact}]\n")

    entry = only_problem(tmp_path)

    assert entry.key == "artifacts[0].destination"
    assert "write a path below artifacts/" in entry.reason


@pytest.mark.parametrize(
    ("toml", "key", "what"),
    [
        ('[environment]\nos = "Windows"', "environment.os", "windows containers are"),
        ('[environment.tpu]\ntype = "v6e"', "environment.tpu", "TPUs are"),
        ('[ios]\ndevice_type = "iPhone-16"', "ios", "computer use is"),
        ('[verifier.environment]\nos = "windows"', "verifier.environment.os", "windows containers"),
    ],
)
def test_what_is_not_supported_is_refused_by_name(
    tmp_path: Path, toml: str, key: str, what: str
) -> None:
    write_task(tmp_path / "one", toml + "\n")

    entry = only_problem(tmp_path)

    assert (entry.file, entry.key) == ("task.toml", key)
    assert entry.reason.startswith(what)
    assert " not supported. " in entry.reason


def test_all_refusals_of_a_task_are_listed(tmp_path: Path) -> None:
    write_task(tmp_path / "one", "[environment]\nos = 'windows'\n[environment.tpu]\ntype = 'x'\n")

    keys = [entry.key for entry in find(tmp_path).problems]

    assert keys == ["environment.os", "environment.tpu"]


@pytest.mark.parametrize("file", ["instruction.md", "tests/test.sh", "environment/Dockerfile"])
def test_a_missing_file_is_named(tmp_path: Path, file: str) -> None:
    write_task(tmp_path / "one", drop=file)

    entry = only_problem(tmp_path)

    assert entry.file == file
    assert entry.reason.startswith("the file is missing. Write ")


def test_a_folder_in_place_of_the_test_is_a_problem(tmp_path: Path) -> None:
    (write_task(tmp_path / "one", drop="tests/test.sh") / "tests/test.sh").mkdir(parents=True)

    assert only_problem(tmp_path).file == "tests/test.sh"


@pytest.mark.parametrize("text", ["no JSON", "[]", "{}", '{"steps": []}', "[" * 9999])
def test_a_trajectory_that_is_none_is_a_problem(tmp_path: Path, text: str) -> None:
    write_task(tmp_path / "one", files={"trajectory.json": text})

    entry = only_problem(tmp_path)

    assert (entry.file, entry.key) == ("trajectory.json", None)
    assert entry.reason.startswith("this is no trajectory in ATIF")


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
    "file",
    [
        "tests/link",
        "solution",
        "instruction.md",
        "task.toml",
        "trajectory.json",
        "environment",
        "environment/Dockerfile",
    ],
)
def test_a_link_out_of_the_task_is_a_problem(tmp_path: Path, file: str) -> None:
    link = write_task(tmp_path / "one") / file
    if link.is_dir():
        link.rename(tmp_path / "gone")
    link.unlink(missing_ok=True)
    link.symlink_to("/etc/passwd")

    entry = only_problem(tmp_path)

    assert entry.file == file
    assert entry.reason.startswith("this link leads out of the task folder.")


def test_a_link_into_a_folder_it_lies_in_is_a_problem(tmp_path: Path) -> None:
    (write_task(tmp_path / "one") / "tests/loop").symlink_to("..")

    assert only_problem(tmp_path).reason == "this link leads to a folder it lies in. Remove it."


def test_links_that_lead_round_in_a_circle_are_a_problem(tmp_path: Path) -> None:
    folder = write_task(tmp_path / "one", files={"tests/a/x": "", "tests/b/x": ""})
    (folder / "tests/a/b").symlink_to("../b")
    (folder / "tests/b/a").symlink_to("../a")

    assert "this link leads to a folder it lies in." in find(tmp_path).problems[0].reason


@pytest.mark.parametrize("target", ["/etc/hostname", "/", "."])
def test_links_in_the_build_context_are_left_alone(tmp_path: Path, target: str) -> None:
    (write_task(tmp_path / "one") / "environment/link").symlink_to(target)

    assert only_task(tmp_path).checksum


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
