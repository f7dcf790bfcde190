"""What real tasks in public repositories look like (harbor.md, section 8)."""

from pathlib import Path

import pytest

from tests.tasks.builders import only_step, only_task, write_steps, write_task


@pytest.mark.parametrize("key", ["version", "schema_version"])
@pytest.mark.parametrize("value", ['"1.0"', '"1.1"', '"1.2"', '"1.3"', '"1.4"', "1.0", "1"])
def test_any_version_is_read(tmp_path: Path, key: str, value: str) -> None:
    write_task(tmp_path / "one", f"{key} = {value}\n")

    assert only_task(tmp_path).notes == ()


def test_both_version_keys_may_stand_together(tmp_path: Path) -> None:
    write_task(tmp_path / "one", 'version = "1.0"\nschema_version = "1.4"\n')

    assert only_task(tmp_path).notes == ()


def test_no_environment_table_means_the_defaults(tmp_path: Path) -> None:
    write_task(tmp_path / "one", "[agent]\n[verifier]\n")

    limits = only_task(tmp_path).environment.resources

    assert (limits.cpus, limits.memory_mb, limits.gpus) == (None, None, 0)


@pytest.mark.parametrize("old", ['memory = "2G"', 'storage = "10G"'])
def test_an_old_size_may_stand_beside_a_new_one(tmp_path: Path, old: str) -> None:
    write_task(tmp_path / "one", f"[environment]\n{old}\nmemory_mb = 2048\n")

    assert only_task(tmp_path).environment.resources.memory_mb == 2048


@pytest.mark.parametrize(
    ("size", "megabytes"), [("1G", 1024), ("512m", 512), ("65536K", 64), (" 1.5g ", 1536)]
)
def test_old_sizes_have_units(tmp_path: Path, size: str, megabytes: int) -> None:
    write_task(tmp_path / "one", f'[environment]\nmemory = "{size}"\n')

    assert only_task(tmp_path).environment.resources.memory_mb == megabytes


@pytest.mark.parametrize("timeout", ["600", "600.0", "6e2", '"600"'])
def test_a_timeout_is_a_whole_number_or_not(tmp_path: Path, timeout: str) -> None:
    write_task(tmp_path / "one", f"[agent]\ntimeout_sec = {timeout}\n")

    assert only_step(tmp_path).agent_timeout_s == 600.0


def test_tables_of_the_authors_own_are_named_once(tmp_path: Path) -> None:
    own = "[evaluation]\nmetric = 'x'\n[restrictions]\nweb = false\n[metadata.x]\ny = {z = 1}\n"
    write_task(tmp_path / "one", own)

    (note,) = only_task(tmp_path).notes

    assert note == "Unknown keys in task.toml have no effect: evaluation, restrictions."


def test_an_empty_list_of_mcp_servers_is_fine(tmp_path: Path) -> None:
    write_task(tmp_path / "one", "[environment]\nmcp_servers = []\n")

    assert only_task(tmp_path).environment.mcp_servers == ()


def test_nineteen_steps_without_an_instruction_at_the_top(tmp_path: Path) -> None:
    names = [f"{number:02}-plan" for number in range(1, 20)]
    last = "steps/19-plan/solution/solve.sh"
    folder = write_steps(tmp_path / "one", *names, files={"tests/test.sh": "", last: ""})

    task = only_task(tmp_path)

    assert [step.name for step in task.steps] == names
    assert {step.verifier.tests[0] for step in task.steps} == {folder / "tests"}
    assert [step.name for step in task.steps if step.solution] == ["19-plan"]


def test_an_instruction_at_the_top_of_a_task_with_steps_is_not_read(tmp_path: Path) -> None:
    write_steps(tmp_path / "one", "a", files={"instruction.md": "Not this.\n"})

    assert only_task(tmp_path).instruction == "Do a.\n"


def test_a_verifier_that_fetches_its_tools_is_not_our_concern(tmp_path: Path) -> None:
    script = (
        "#!/bin/bash\ncurl -LsSf https://example.org/uv | sh\nuvx --with pytest pytest /tests\n"
    )
    write_task(tmp_path / "one", files={"tests/test.sh": script})

    assert only_task(tmp_path).notes == ()


def test_windows_line_ends_are_read_as_others(tmp_path: Path) -> None:
    folder = write_task(tmp_path / "one", "[agent]\r\nuser = 'x'\r\n")
    (folder / "instruction.md").write_bytes(b"a\r\nb\r\n")

    step = only_step(tmp_path)

    assert (step.instruction, step.agent_user) == ("a\nb\n", "x")
