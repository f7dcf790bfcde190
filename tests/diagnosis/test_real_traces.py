"""Trajectories that others' agents wrote, and how a real offline trial is read."""

from pathlib import Path

import pytest

from autoloop.diagnosis.grouping import read_signs
from autoloop.ports import TrialCase
from autoloop.records import Sign, Symptom
from autoloop.records.acts import Act, read_acts
from autoloop.traces import TraceLibrary
from autoloop.traces.library import TRAJECTORY

DATA = Path(__file__).parents[3] / "shared/data/atif"
HELLO = "terminus_2_hello-world"

pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason="no recorded trajectories beside us")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / TRAJECTORY).parent.mkdir()
    return tmp_path


def laid(folder: Path, name: str) -> Path:
    (folder / TRAJECTORY).write_bytes((DATA / f"{name}.json").read_bytes())
    return folder


def acts(folder: Path, name: str) -> tuple[Act, ...]:
    trace = TraceLibrary().open(laid(folder, name))
    return read_acts(trace.entry(number + 1) for number in range(len(trace.sizes)))


def signs(folder: Path, name: str, *, failure: str = "") -> dict[Symptom, Sign]:
    home = laid(folder, name)
    case = TrialCase(
        trial=name,
        task="hello-world",
        passed=False,
        trace=lambda: TraceLibrary().open(home),
        failure=failure,
    )
    return {sign.symptom: sign for sign in read_signs(case)}


@pytest.mark.parametrize("path", sorted(DATA.glob("*.json")), ids=lambda path: path.stem)
def test_every_entry_of_every_trajectory_can_be_read(folder: Path, path: Path) -> None:
    trace = TraceLibrary().open(laid(folder, path.stem))

    shown = [trace.entry(number + 1).shown for number in range(len(trace.sizes))]

    assert [len(text) for text in shown] == list(trace.sizes)
    assert len(shown) > 1


@pytest.mark.parametrize(
    ("name", "commands"),
    [
        ("openhands_hello-world.trajectory", ["create /app/hello.txt"]),
        (
            "openhands_hello-world.trajectory.no_function_calling",
            ["cat > /app/hello.txt << 'EOF'\nHello, world!\nEOF"],
        ),
        (f"{HELLO}-timeout.trajectory", ["echo 'Hello, world!'", "sleep 5", "sleep 5"]),
        (f"{HELLO}-invalid-json.trajectory", ["printf 'Hello, world!\\n' > hello.txt"]),
        (
            f"{HELLO}-context-summarization.trajectory",
            [
                "mkdir test_dir",
                "echo 'test1' > test_dir/file1.txt",
                "echo 'test2' > test_dir/file2.txt",
                "printf 'Hello, world!\\n' > hello.txt",
                "cat hello.txt",
            ],
        ),
    ],
)
def test_commands_are_found_whoever_recorded_them(
    folder: Path, name: str, commands: list[str]
) -> None:
    assert [act.command for act in acts(folder, name)] == commands


def test_an_exit_code_that_a_tool_tells_is_read(folder: Path) -> None:
    (act,) = acts(folder, "openhands_hello-world.trajectory.no_function_calling")

    assert (act.exit_code, act.failed, act.changes) == (0, False, True)


def test_a_trial_that_was_ended_shows_its_limit(folder: Path) -> None:
    name = f"{HELLO}-timeout.trajectory"

    late = signs(folder, name, failure="AgentTimeoutError: 10 s were over")

    assert set(late) == {Symptom.TIME_LIMIT, Symptom.NOTHING_DONE}
    assert late[Symptom.TIME_LIMIT].detail == "last: sleep 5"
    assert set(signs(folder, name)) == {Symptom.TURN_LIMIT, Symptom.NOTHING_DONE}


def test_an_answer_that_was_no_json_shows(folder: Path) -> None:
    found = signs(folder, f"{HELLO}-invalid-json.trajectory")

    assert found[Symptom.BAD_CALL].entries == (2,)
    assert found[Symptom.UNCHECKED].entries == (3,)


def test_a_trial_that_looked_at_its_work_shows_nothing(folder: Path) -> None:
    assert signs(folder, f"{HELLO}-context-summarization.trajectory") == {}
    assert signs(folder, f"{HELLO}-context-summarization-linear-history.trajectory.cont-1") == {}


def test_a_file_that_nobody_looked_at_shows(folder: Path) -> None:
    assert set(signs(folder, "openhands_hello-world.trajectory")) == {Symptom.UNCHECKED}
