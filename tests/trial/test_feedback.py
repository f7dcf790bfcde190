"""What is told of a verifier: names that stand in the tests' own code, and whether they passed."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from autoloop.records import CheckResult, Failure, Feedback, StepResult
from autoloop.trial import read_feedback
from autoloop.trial.feedback import CHECKS, Level
from tests.trial.builders import make_result

CODE = {
    "test_outputs.py": "import x\n\n\nclass TestAll:\n    def test_rows(self):\n        pass\n\n\n"
    "async def test_header():\n    pass\n\n\ndef test_port_8080():\n    pass\n",
    "test.sh": 'echo "ok 1 - the file is there"\necho \'{"rows_right": 1}\'\necho 4f9a31bc\n',
    "expected.txt": "test_secret\nthe answer\nanswer_key\n",
}


def told(
    folder: Path,
    printed: str = "",
    *,
    level: Level = "checks",
    report: object = None,
    rewards: Mapping[str, float] | None = None,
) -> Feedback:
    write(folder / "tests", CODE)
    write(folder / "verifier", {"test-stdout.txt": printed})
    if report is not None:
        write(folder / "verifier", {"ctrf.json": json.dumps(report)})
    result = make_result(rewards=rewards)
    return read_feedback(folder, result, tests={"": (folder / "tests",)}, level=level)


def write(folder: Path, files: Mapping[str, str]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (folder / name).write_text(text)


def checks(feedback: Feedback) -> dict[str, bool]:
    return {check.name: check.passed for check in feedback.checks}


def ctrf(*tests: tuple[str, str]) -> object:
    found = [{"name": n, "status": s, "message": "secret", "duration": 1} for n, s in tests]
    return {"results": {"tool": {"name": "pytest"}, "summary": {}, "tests": found}}


def test_lines_of_pytest_are_told_without_parameters_and_assertions(tmp_path: Path) -> None:
    printed = (
        "tests/test_outputs.py::TestAll::test_rows[secret 1] PASSED   [ 33%]\n"
        "../tests/test_outputs.py::test_header FAILED\nE   assert 'secret' == 'other'\n"
        "FAILED ../tests/test_outputs.py::test_header - AssertionError: secret\n"
    )

    assert checks(told(tmp_path, printed)) == {"test_rows": True, "test_header": False}


def test_a_line_made_to_keep_a_pattern_busy_is_passed_over(tmp_path: Path) -> None:
    assert told(tmp_path, "x.py::a[" * 120_000 + "]" * 40_000) == Feedback()


def test_a_check_with_parameters_passed_when_all_of_them_did(tmp_path: Path) -> None:
    lines = [f"test_outputs.py::test_rows[{n}] {w}" for n, w in ((1, "PASSED"), (2, "FAILED"))]

    assert checks(told(tmp_path, "\n".join(lines))) == {"test_rows": False}


def test_a_report_wins_over_what_was_printed(tmp_path: Path) -> None:
    report = ctrf(
        ("test_outputs.py::test_rows", "passed"),
        ("test_outputs.py::test_header[x]", "failed"),
        ("test_outputs.py::test_port_8080", "skipped"),
    )

    feedback = told(tmp_path, "test_outputs.py::test_rows FAILED\n", report=report)

    assert checks(feedback) == {"test_rows": True, "test_header": False}


def test_lines_of_the_test_anything_protocol_are_told(tmp_path: Path) -> None:
    assert checks(told(tmp_path, "1..1\nnot ok 1 - the file is there # secret\n")) == {
        "the file is there": False
    }


def test_keys_of_the_rewards_are_checks(tmp_path: Path) -> None:
    rewards = {"reward": 0.5, "rows_right": 1.0}

    assert checks(told(tmp_path, rewards=rewards)) == {"rows_right": True}


@pytest.mark.parametrize(
    "printed",
    [
        "test_outputs.py::test_secret PASSED",
        "ok 1 - the answer",
        "ok 2 - nobody wrote this",
        "not ok",
        "PASSED",
        "\x00" * 50,
    ],
)
def test_what_does_not_stand_in_the_tests_code_is_not_told(tmp_path: Path, printed: str) -> None:
    feedback = told(tmp_path, printed, rewards={"reward": 0.0, "answer_key": 1.0, "SECRET": 1.0})

    assert feedback == Feedback()


def test_what_looks_like_a_value_in_a_name_is_hidden(tmp_path: Path) -> None:
    printed = "test_outputs.py::test_port_8080 PASSED\nok 1 - 4f9a31bc\nok 2 - echo 4f9a31bc\n"

    assert checks(told(tmp_path, printed)) == {"test_port_#": True, "echo #": True}


def test_a_score_is_told_without_checks(tmp_path: Path) -> None:
    assert told(tmp_path, "test_outputs.py::test_rows PASSED", level="score") == Feedback()


def test_where_all_may_be_told_the_end_of_the_output_is(tmp_path: Path) -> None:
    feedback = told(tmp_path, "x" * 10_000 + "\nE   assert 3 == 4\n", level="full")

    assert feedback.output.endswith("E   assert 3 == 4")
    assert len(feedback.output) < 5_000


def test_the_verifiers_trouble_is_told_only_where_all_may_be(tmp_path: Path) -> None:
    failure = Failure(kind="RewardFileEmptyError", message="secret stderr")
    result = make_result(failure=failure)

    said = {
        level: read_feedback(tmp_path, result, tests={}, level=level)
        for level in ("checks", "full")
    }

    assert said["checks"] == Feedback()
    assert said["full"].output == "RewardFileEmptyError: secret stderr"


def test_steps_are_told_apart(tmp_path: Path) -> None:
    result = replace(make_result(), steps=(StepResult(name="plan"), StepResult(name="build")))
    write(tmp_path / "tests", CODE)
    for step, word in (("plan", "PASSED"), ("build", "FAILED")):
        text = f"test_outputs.py::test_rows {word}\n"
        write(tmp_path / "steps" / step / "verifier", {"test-stdout.txt": text})

    tests: Mapping[str, Sequence[Path]] = dict.fromkeys(("plan", "build"), (tmp_path / "tests",))
    feedback = read_feedback(tmp_path, result, tests=tests, level="checks")

    assert checks(feedback) == {"plan: test_rows": True, "build: test_rows": False}


@pytest.mark.parametrize("report", [None, 3, {"results": 3}, {"results": {"tests": [{}]}}, []])
def test_a_broken_report_is_none(tmp_path: Path, report: object) -> None:
    feedback = told(tmp_path, "test_outputs.py::test_rows PASSED", report=report)

    assert checks(feedback) == {"test_rows": True}


def test_links_are_not_followed(tmp_path: Path) -> None:
    (tmp_path / "outside").write_text("test_outputs.py::test_rows PASSED")
    (tmp_path / "verifier").mkdir()
    (tmp_path / "verifier" / "test-stdout.txt").symlink_to(tmp_path / "outside")
    write(tmp_path / "tests", CODE)

    tests = {"": (tmp_path / "tests",)}
    assert read_feedback(tmp_path, make_result(), tests=tests, level="full") == Feedback()


def test_many_checks_are_cut_at_a_limit(tmp_path: Path) -> None:
    names = [f"test_{chr(97 + n // 26)}{chr(97 + n % 26)}" for n in range(200)]
    write(tmp_path / "tests", {"test_many.py": "\n".join(f"def {n}(): ..." for n in names)})
    write(tmp_path / "verifier", {"test-stdout.txt": "\n".join(f"t.py::{n} PASSED" for n in names)})

    tests = {"": (tmp_path / "tests",)}
    feedback = read_feedback(tmp_path, make_result(), tests=tests, level="checks")

    assert len(feedback.checks) == CHECKS
    assert feedback.checks[0] == CheckResult(name="test_aa", passed=True)


def test_a_trial_that_left_nothing_says_nothing(tmp_path: Path) -> None:
    assert read_feedback(tmp_path, make_result(), tests={}, level="full") == Feedback()
