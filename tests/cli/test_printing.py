"""What people see: tables that fit, and no text that a terminal would obey."""

import io
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from autoloop import Optimizer
from autoloop.cli import printing
from autoloop.cli.climbing import _print_climb
from autoloop.cli.evaluation import last_trouble, print_evaluation
from autoloop.records import Failure, Purpose, Split, StepResult
from tests.app.builders import BETTER, EVIL, RUN, make_trial, record_run, record_trials
from tests.cli.conftest import Command

OBEYED = ("\x1b", "\x07", "\u202e")
LONG = "a-rather-long-name-of-a-task/with-parts"


def terminal(monkeypatch: pytest.MonkeyPatch, *, width: int) -> io.StringIO:
    """Replace the terminal by one of this width; what is printed on it."""
    screen = io.StringIO()
    console = Console(file=screen, force_terminal=True, width=width, color_system=None)
    monkeypatch.setattr(printing, "out", console)
    return screen


@pytest.mark.parametrize("command", ["log", "show 1", "diff", "status"])
def test_nothing_that_a_terminal_obeys_is_printed(
    project: Path, run: Command, command: str
) -> None:
    record_run(project, title=EVIL)

    done = run(*command.split())

    assert done.code == 0
    assert not any(character in done.out for character in OBEYED)


def test_markup_in_a_title_is_text(project: Path, run: Command) -> None:
    record_run(project, title=EVIL)

    assert "[red]and[/red] \N{REPLACEMENT CHARACTER}reversed" in run("log").out


def test_lines_for_other_programs_are_not_broken(recorded: Path, run: Command) -> None:
    record_run(recorded, name="long-1", title="word " * 60)

    lines = run("log", "long-1").out.splitlines()

    assert len(lines) == 3
    assert not any(line.endswith(" ") for line in lines)


def test_a_terminal_breaks_long_texts_but_no_names(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = terminal(monkeypatch, width=70)

    printing.print_table(("task", "trouble"), [(LONG, "it went wrong " * 9)])

    lines = screen.getvalue().splitlines()
    assert lines[1].startswith(LONG)
    assert len(lines) > 3
    assert all(len(line) <= 70 for line in lines)


def test_a_wide_terminal_shows_everything_on_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = terminal(monkeypatch, width=200)

    printing.print_table(("task", "trouble"), [(LONG, "it went wrong " * 9)])

    assert len(screen.getvalue().splitlines()) == 2


def test_a_table_without_rows_is_its_header(capsys: pytest.CaptureFixture[str]) -> None:
    printing.print_table(("step", "verdict"), [])

    assert capsys.readouterr().out == "step  verdict\n"


def test_the_trouble_of_a_task_is_the_last_line_of_its_last_failure() -> None:
    crash = "AgentCrashed: agent.py failed: Traceback:\n  line 3\nValueError: no"

    assert last_trouble(["AgentTimeoutError: late", crash]) == "AgentCrashed: ValueError: no"
    assert last_trouble([]) == ""


def test_status_counts_in_words(recorded: Path, run: Command) -> None:
    assert (recorded / "runs").is_dir()

    out = run("status").out

    assert out.startswith(f"{RUN}: steps budget spent. 2 steps: 1 kept, 1 reverted.\n")
    assert "4 trials (1 invalid), 275 tokens, 2.25 USD, 1.5 minutes." in out


def test_windows_line_ends_are_line_ends(capsys: pytest.CaptureFixture[str]) -> None:
    printing.say("one\r\ntwo\rthree")

    assert capsys.readouterr().out == "one\ntwo\N{REPLACEMENT CHARACTER}three\n"


def test_the_end_of_a_climb_says_how_to_take_the_best(
    recorded: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _print_climb(Optimizer(recorded).run())

    shown = capsys.readouterr().out
    assert "holdout" in shown
    assert "2 steps: 1 kept, 1 reverted, 0 undecided. 4 trials (1 invalid)" in shown
    assert "Tasks, by the trials of all candidates: 1 always solved, 1 mixed." in shown
    assert shown.endswith(f"git checkout autoloop/{RUN} -- agent.py\n")


def test_the_end_of_a_climb_says_how_reliable_the_best_is_on_holdout(
    recorded: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = (make_trial("cedar", source=BETTER, attempt=i, reward=float(i > 0)) for i in range(2))
    final = (
        replace(t, split=Split.HOLDOUT, key=replace(t.key, purpose=Purpose.FINAL)) for t in found
    )
    record_trials(recorded, RUN, *final)

    _print_climb(Optimizer(recorded).run())

    shown = capsys.readouterr().out
    assert "The best passes 50.0 [0.0, 100.0] of 100 holdout trials; pass@2 100.0 [" in shown
    assert "pass^2 0.0 [" in shown


def test_a_trace_names_what_each_step_was_rewarded(project: Path, run: Command) -> None:
    late = Failure(kind="AgentTimeoutError", message="It took too long.")
    steps = (
        StepResult(name="plan", rewards={"reward": 1.0, "speed": 0.5}),
        StepResult(name="build", failure=late),
    )
    record_trials(project, RUN, replace(make_trial("amber"), steps=steps))

    out = run("trace", "amber").out

    assert "step plan: reward 1, speed 0.5\n" in out
    assert "step build: no reward (AgentTimeoutError: It took too long.)\n" in out


CLEAN = {"suspicious_trials": 0, "tampered_trials": 0, "flagged_candidates": 0, "findings": []}
SCORE = {"mean": 0.5, "low": 0.1, "high": 0.9, "n": 1}


def _facts(**changes: Any) -> dict[str, Any]:  # noqa: ANN401 - parts of a JSON document
    """What an evaluation of one task prints."""
    task = {
        "task": "amber",
        "family": "text",
        "passed": 1,
        "attempts": 2,
        "rate": SCORE | {"n": 2},
        "state": "flaky",
        "hint": "",
        "mean": 0.5,
        "failures": [],
        "by_key": {"reward": 0.5},
        "steps": [],
        **changes,
    }
    group = {"name": "text", "tasks": 1, "trials": 2, "score": SCORE, "success": SCORE}
    return {
        "agent": "nop",
        "tasks": 1,
        "trials": 2,
        "invalid_trials": 0,
        "reused_trials": 0,
        "wall_s": 3.0,
        "score": SCORE,
        "success": SCORE,
        "passes": [{"k": 1, "any": SCORE, "all": SCORE}],
        "families": [group | {"passes": []}],
        "difficulties": [],
        "by_key": task["by_key"],
        "per_task": [task],
        "integrity": CLEAN,
        "left_out": [],
    }


def test_an_evaluation_is_a_table_and_a_score(capsys: pytest.CaptureFixture[str]) -> None:
    print_evaluation(_facts(), Path("/p/runs/eval-1"))

    header, row, _, success, score = capsys.readouterr().out.splitlines()
    assert header.split() == ["task", "family", "passed", "rate,", "95", "%", "mean", "trouble"]
    assert row.split() == ["amber", "text", "1/2", "50.0", "[10.0,", "90.0]", "0.50"]
    assert success == "Success: 50.0 [10.0, 90.0] points of all trials."
    assert score.startswith("nop: 50.0 [10.0, 90.0] points over 1 tasks, 2 trials (0 invalid)")


def test_reused_trials_are_counted_where_there_are_any(capsys: pytest.CaptureFixture[str]) -> None:
    print_evaluation({**_facts(), "reused_trials": 1}, Path("/p/runs/eval-1"))

    assert "2 trials (0 invalid, 1 reused)" in capsys.readouterr().out


def test_steps_and_further_reward_keys_have_tables(capsys: pytest.CaptureFixture[str]) -> None:
    steps = [{"name": "plan", "attempts": 2, "by_key": {"speed": 0.25, "reward": 1.0}}]

    print_evaluation(_facts(steps=steps, by_key={"speed": 0.25}), Path("/p"))

    out = capsys.readouterr().out
    assert "amber  plan  2         speed 0.25, reward 1.00" in out
    assert "amber  speed 0.25\nall    speed 0.25\n" in out


def test_what_was_left_out_is_counted(capsys: pytest.CaptureFixture[str]) -> None:
    print_evaluation(_facts() | {"left_out": ["x"]}, Path("/p"))

    assert "1 tasks were left out; the reasons stand above." in capsys.readouterr().out


def test_several_attempts_have_a_table_of_both_pass_rates(
    capsys: pytest.CaptureFixture[str],
) -> None:
    passes = [{"k": k, "any": SCORE, "all": SCORE} for k in range(1, 10)]

    print_evaluation(_facts() | {"passes": passes}, Path("/p"))

    out = capsys.readouterr().out
    rows = out.partition("all pass (pass^k)\n")[2].splitlines()
    assert [row.split()[0] for row in rows[:6]] == ["1", "2", "3", "5", "8", "9"]


def test_families_have_a_table_where_there_are_several(capsys: pytest.CaptureFixture[str]) -> None:
    facts = _facts()
    group = facts["families"][0]
    passes = [{"k": 2, "any": SCORE, "all": SCORE | {"mean": 0.25}}]

    families = [group, group | {"name": "csv", "passes": passes}]

    print_evaluation(facts | {"families": families, "passes": passes * 2}, Path("/p"))

    out = capsys.readouterr().out
    row = next(line for line in out.splitlines() if line.startswith("csv"))
    assert "k=2 50.0 [10.0, 90.0]  k=2 25.0 [10.0, 90.0]" in row


def test_tasks_to_look_at_have_a_table_with_a_hint(capsys: pytest.CaptureFixture[str]) -> None:
    print_evaluation(_facts(hint="see whether it wavers"), Path("/p"))

    assert "amber  flaky  1/2     50.0 [10.0, 90.0]  see whether it wavers\n" in (
        capsys.readouterr().out
    )
