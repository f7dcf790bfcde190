"""When a reward is taken for the work of a program that the tests ran, and when it is not."""

import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from autoloop.records import CommandResult
from autoloop.trial.forgery import (
    MARK,
    Ended,
    Known,
    changed_since,
    refuse_killed,
    written_beside,
)
from autoloop.trial.rewards import RewardProblem
from tests.trial.builders import PaperContainer

PLAIN = "test -e /app/x && echo 1 > /logs/verifier/reward.txt || echo 0 > /logs/verifier/reward.txt"
RUNS = "\nmkdir -p /logs/verifier; pytest --ctrf /logs/verifier/ctrf.json /tests\n"
ALONE = {
    "plainly": PLAIN + RUNS,
    "as a variable": 'reward=1; echo "$reward" > /logs/verifier/reward.txt; echo "{reward}"',
    "with a key": 'print({"reward": 1}["reward"])\nopen("/logs/verifier/reward.txt", "w")',
}
HONEST = {
    "both named": PLAIN + "; echo '{}' > /logs/verifier/reward.json",
    "an ending put in": PLAIN + "; for e in json txt; do echo 1 > /logs/verifier/reward.$e; done",
    "a name put together": PLAIN + '\nopen(f"/logs/verifier/reward.{ending}", "w")',
    "parts of a name": PLAIN + '\n(folder / ("reward" + ending)).write_text("1")',
    "a folder in a variable": PLAIN + "\nOUT=/logs/verifier\n",
    "a folder that is copied to": PLAIN + "; cp -r /opt/out/. /logs/verifier/",
    "parts of a folder": PLAIN + '\nPath("/logs", "verifier", name).touch()',
    "a package that writes": f"uvx harbor-rewardkit /tests || {PLAIN}",
    "a copy of several": PLAIN + "; cp /tmp/out/reward.* /logs/verifier/kept",
}


def beside(folder: Path, code: str, *, text: object = b"0", **more: object) -> list[str]:
    """Findings where reward.json gives 1 and reward.txt what it is said to."""
    (folder / "tests").mkdir()
    (folder / "tests" / "test.sh").write_text(code)
    (folder / "image").mkdir()
    for name, data in more.items():
        (folder / "image" / name).write_text(str(data))
    rewards = {"reward": 1.0}
    (folder / "reward.json").write_text(json.dumps(rewards))
    container = PaperContainer({"/logs/verifier/reward.txt": text} if text is not None else {})
    known = Known(folders=(folder / "tests", folder / "image"), texts=("x",), rule="auto")
    return [f.rule for f in written_beside(rewards, container, folder, known=known)]


@pytest.mark.parametrize("code", ALONE.values(), ids=ALONE.keys())
def test_a_better_reward_in_a_file_that_nothing_names_is_planted(tmp_path: Path, code: str) -> None:
    assert beside(tmp_path, code) == ["planted-reward"]


def test_so_it_is_where_the_tests_cannot_write_their_own(tmp_path: Path) -> None:
    assert beside(tmp_path, PLAIN, text=object()) == ["planted-reward"]


@pytest.mark.parametrize("code", HONEST.values(), ids=HONEST.keys())
def test_tests_that_may_name_both_files_may_write_both(tmp_path: Path, code: str) -> None:
    assert beside(tmp_path, code) == []


@pytest.mark.parametrize("text", [b"1", b"1.5", b"none", None])
def test_a_reward_beside_that_is_no_better_says_nothing(tmp_path: Path, text: object) -> None:
    assert beside(tmp_path, PLAIN, text=text) == []


def test_a_program_of_the_image_may_write_the_other_file(tmp_path: Path) -> None:
    grader = "echo '{}' > /logs/verifier/reward.json"

    assert beside(tmp_path, f"/opt/grade || {PLAIN}", grade=grader) == []


@pytest.mark.parametrize("name", ["grader.zip", "grader.whl"])
def test_what_cannot_be_seen_through_may_name_anything(tmp_path: Path, name: str) -> None:
    assert beside(tmp_path, PLAIN, **{name: "x"}) == []


SAID = f"{MARK}-{MARK}=0{MARK}"
State = tuple[str, dict[str, bytes]]
SAME: Mapping[str, State] = {
    "the same": (SAID, {"reward.txt": b"0\n"}),
    "zero bytes, which no shell tells of": (SAID, {"reward.txt": b"\x000\n"}),
    "what is no text": (f"{MARK}-{MARK}=\ufffd{MARK}", {"reward.txt": b"\xff"}),
    "none": (f"{MARK}-{MARK}-{MARK}", {}),
    "what the shell could not read": (f"{MARK}?{MARK}-{MARK}", {"reward.json": b"{}"}),
    "what does not count": (
        f"{MARK}={{}}{MARK}-{MARK}",
        {"reward.json": b"{}", "reward.txt": b"1"},
    ),
}
OTHERS: Mapping[str, State] = {
    "another": (SAID, {"reward.txt": b"1\n"}),
    "one that was not there": (f"{MARK}-{MARK}-{MARK}", {"reward.txt": b"1"}),
    "one that counts first": (SAID, {"reward.txt": b"0", "reward.json": b"{}"}),
    "one that is gone": (f"{MARK}={{}}{MARK}=1{MARK}", {"reward.txt": b"1"}),
    "others' words for the shell's": (f"{SAID}-{MARK}", {"reward.txt": b"0"}),
}


def changed(folder: Path, state: State) -> list[list[str]]:
    """Severities of what is found, with the files copied out and without."""
    said, files = state
    ended = Ended.of(CommandResult(exit_code=0, stdout=said))
    container = PaperContainer({f"/logs/verifier/{name}": data for name, data in files.items()})
    for name, data in files.items():
        (folder / name).write_bytes(data)
    assert ended is not None
    return [
        [f.severity for f in changed_since(ended, container, place)] for place in (folder, None)
    ]


@pytest.mark.parametrize("state", SAME.values(), ids=SAME.keys())
def test_a_reward_that_is_as_the_tests_left_it_is_theirs(tmp_path: Path, state: State) -> None:
    assert changed(tmp_path, state) == [[], []]


@pytest.mark.parametrize("state", OTHERS.values(), ids=OTHERS.keys())
def test_a_reward_that_changed_after_the_tests_ended_is_planted(
    tmp_path: Path, state: State
) -> None:
    assert changed(tmp_path, state) == [["tampered"], ["tampered"]]


def test_what_was_too_large_to_be_copied_out_is_asked_for(tmp_path: Path) -> None:
    ended = Ended.of(CommandResult(exit_code=0, stdout=SAID))
    container = PaperContainer({"/logs/verifier/reward.txt": b"1"})

    assert ended is not None
    assert [f.severity for f in changed_since(ended, container, tmp_path)] == ["tampered"]


def test_tests_that_end_by_a_signal_of_their_own_have_said_so() -> None:
    ended = Ended.of(CommandResult(exit_code=143, stdout=SAID))

    refuse_killed(CommandResult(exit_code=143, stdout=SAID), ended)
    refuse_killed(CommandResult(exit_code=127, stdout=""), None)
    with pytest.raises(RewardProblem, match="ended from inside") as problem:
        refuse_killed(CommandResult(exit_code=137, stdout=""), None)
    assert problem.value.kind == "VerifierEndedError"
