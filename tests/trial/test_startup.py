from pathlib import Path

import pytest

from autoloop.trial.startup import MOST_BYTES, reads_startup


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
    assert reads_startup(brought(tmp_path, f"set -e\n{line}\n".encode()))


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
    assert not reads_startup(brought(tmp_path, f"set -e\n{line}\n".encode()))


def test_a_file_too_long_to_be_read_may_do_anything_and_a_picture_nothing(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()

    assert reads_startup(brought(tmp_path / "a", b"x" * (MOST_BYTES + 1)))
    assert not reads_startup(brought(tmp_path / "b", b"\0.bashrc", name="picture.png"))
