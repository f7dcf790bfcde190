"""Harbor as another program: found, asked, and read; here a script plays it."""

import os
import sys
from pathlib import Path

import pytest

from autoloop.app.reference import HarborAnswer, find_harbor, harbor_version, run_oracle
from autoloop.errors import SettingsError
from autoloop.tasks import find_tasks
from tests.app.builders import make_task
from tests.loop.builders import make_task as make_record

PLAYED = """\
#!/bin/bash
# Plays a Python with Harbor: its version, or one run of it.
case "$2" in *version*) echo 0.24.0; exit ;; esac
while [ $# -gt 0 ]; do
    case "$1" in --jobs-dir) jobs="$2" ;; --job-name) job="$2" ;; esac
    shift
done
mkdir -p "$jobs/$job/t1__1234567"
{act}
"""
RESULT = "echo '{}' > \"$jobs/$job/t1__1234567/result.json\""


def player(folder: Path, act: str) -> Path:
    """A program that is asked in Harbor's place."""
    path = folder / "python"
    path.write_text(PLAYED.replace("{act}", act))
    path.chmod(0o755)
    return path


def ask(folder: Path, act: str) -> HarborAnswer:
    return run_oracle(player(folder, act), make_record("t1"))


def test_rewards_are_read_from_its_result(tmp_path: Path) -> None:
    given = '{"verifier_result": {"rewards": {"a": 1, "b": 0.5}}, "task_name": "t1"}'

    assert ask(tmp_path, RESULT.replace("{}", given)) == HarborAnswer(rewards={"a": 1.0, "b": 0.5})


def test_an_exception_without_a_reward_is_a_remark(tmp_path: Path) -> None:
    told = r'{"exception_info": {"exception_type": "E", "exception_message": "no\nway"}}'

    assert ask(tmp_path, RESULT.replace("{}", told)) == HarborAnswer(remark="E: no")


def test_a_job_that_ends_before_any_trial_leaves_its_last_error(tmp_path: Path) -> None:
    words = "echo '│ ValueError: not supported here │'; echo '╰──────╯'; exit 1"

    assert ask(tmp_path, words).remark == "ValueError: not supported here"
    assert ask(tmp_path, "true").remark == "It printed nothing."


def test_a_result_that_is_none_is_a_remark(tmp_path: Path) -> None:
    assert "cannot be read" in ask(tmp_path, RESULT.replace("{}", "[1]")).remark


def test_its_telemetry_is_off(tmp_path: Path) -> None:
    assert ask(tmp_path, "echo Error: $HARBOR_TELEMETRY").remark == "Error: off"


def test_a_python_that_has_it_can_be_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    python = player(tmp_path, "true")

    assert find_harbor(str(python)) == python
    monkeypatch.setenv("AUTOLOOP_HARBOR_PYTHON", str(python))
    assert find_harbor() == python
    assert harbor_version(python) == "0.24.0"
    assert find_harbor("none") is None


@pytest.mark.parametrize("named", ["/nowhere/python", "/bin/false"])
def test_a_python_without_it_is_refused(named: str) -> None:
    with pytest.raises(SettingsError, match="is no Python with Harbor"):
        find_harbor(named)


def test_where_there_is_none_none_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AUTOLOOP_HARBOR_PYTHON", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(sys, "path", [])

    assert find_harbor() is None


def test_the_command_harbor_leads_to_its_python(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    python = player(tmp_path, "true")
    (tmp_path / "harbor").touch(mode=0o755)
    monkeypatch.delenv("AUTOLOOP_HARBOR_PYTHON", raising=False)
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin:/usr/bin")
    monkeypatch.setattr(sys, "path", [])

    assert find_harbor() == python


@pytest.mark.docker
@pytest.mark.slow
@pytest.mark.usefixtures("engine")
def test_the_real_one_rewards_a_solution(tmp_path: Path) -> None:
    python = os.environ.get("AUTOLOOP_HARBOR_PYTHON")
    if not python:
        pytest.skip("AUTOLOOP_HARBOR_PYTHON names no Python 3.12 or later with harbor installed.")
    make_task(tmp_path / "amber", "amber", files={"task.toml": 'version = "1.0"\n'})

    (task,) = find_tasks(tmp_path / "amber").tasks

    assert run_oracle(Path(python), task) == HarborAnswer(rewards={"reward": 1.0})
