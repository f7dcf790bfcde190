from pathlib import Path

import pytest

from autoloop.trial.habits import MOST_BYTES, habits_of


def brought(folder: Path, text: bytes, *, name: str = "test.sh") -> list[Path]:
    path = folder / "deep" / name
    path.parent.mkdir()
    path.write_bytes(text)
    return [folder]


@pytest.mark.parametrize(
    "line",
    [
        "source ~/.bashrc",
        ". /root/.profile",
        "bash -lc 'pytest /tests'",
        "bash --login -c true",
        "su - app -c pytest",
        "sudo -iu app pytest",
        "export BASH_ENV=/etc/environment",
        'subprocess.run(["bash", "-lc", command])',
        "#!/bin/zsh",
    ],
)
def test_tests_that_read_what_people_s_shells_read_are_told(tmp_path: Path, line: str) -> None:
    assert habits_of(brought(tmp_path, f"set -e\n{line}\n".encode())).reads_startup


@pytest.mark.parametrize(
    "line",
    [
        "bash /tests/run.sh",
        "pytest --rootdir=/tests /tests/test_state.py -rA",
        "bash -c 'pytest /tests'",
        "apt-get install -y curl",
        "cat /app/profile.json | jq -r .name",
    ],
)
def test_other_tests_are_not(tmp_path: Path, line: str) -> None:
    assert not habits_of(brought(tmp_path, f"set -e\n{line}\n".encode())).reads_startup


def test_a_file_too_long_to_be_read_may_do_anything_and_a_picture_nothing(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()

    assert habits_of(brought(tmp_path / "a", b"x" * (MOST_BYTES + 1))).reads_startup
    assert not habits_of(brought(tmp_path / "b", b"\0.bashrc", name="picture.png")).reads_startup


def test_what_tests_import_and_run_is_read(tmp_path: Path) -> None:
    text = b"import requests, yaml as y\nfrom numpy.linalg import norm\n# uvx pytest; npx x\n"

    habits = habits_of(brought(tmp_path, text))

    assert {"requests", "yaml", "numpy"} <= habits.imports
    assert habits.runs_uv
    assert habits.runs_node_tools
    assert not habits.runs_pytest


@pytest.mark.parametrize("line", ["python3 -m pytest /tests", '[sys.executable, "-m", "pytest"]'])
def test_tests_by_pytest_as_a_module_are_told_from_those_by_its_name(
    tmp_path: Path, line: str
) -> None:
    assert habits_of(brought(tmp_path, line.encode())).runs_pytest
