"""What people see: tables that fit, and no text that a terminal would obey."""

import io
from pathlib import Path

import pytest
from rich.console import Console

from autoloop import Optimizer
from autoloop.cli import printing
from autoloop.cli.climbing import _print_climb, _trouble
from tests.app.builders import EVIL, RUN, record_run
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

    assert _trouble(["AgentTimeoutError: late", crash]) == "AgentCrashed: ValueError: no"
    assert _trouble([]) == ""


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
    assert shown.endswith(f"git checkout autoloop/{RUN} -- agent.py\n")
