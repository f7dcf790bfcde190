"""What commands do, by their words."""

import pytest

from autoloop.records.commands import ends_with_a_look, writes


@pytest.mark.parametrize(
    "command",
    ["cat /app/a.csv", "ls -la", "sqlite3 a.db .schema", "python3 - <<'X'\nprint(1)\nX", "ls 2>&1"],
)
def test_a_command_that_changes_nothing_is_a_look(command: str) -> None:
    assert not writes(command)


@pytest.mark.parametrize(
    "command",
    [
        "sort a > b",
        "echo x >>'/app/y'",
        "mkdir -p /app/out",
        "python3 - <<'X'\nopen('/app/y', 'w')\nX",
        "python3 - <<'X'\nbook.save('/app/b.xlsx')\nX",
        "sqlite3 a.db 'UPDATE t SET x = 1'",
    ],
)
def test_a_command_that_changes_something_is_work(command: str) -> None:
    assert writes(command)


@pytest.mark.parametrize(
    "command",
    ["sort a > b && cat b", "mv a b; ls -l b", "touch a\ntest -s a", "make x && git diff --stat"],
)
def test_a_command_may_look_at_what_it_made(command: str) -> None:
    assert ends_with_a_look(command)


@pytest.mark.parametrize("command", ["sort a > b", "cat a > b", "python3 - <<'X'\nwrite()\nX", ""])
def test_a_command_that_ends_in_work_looked_at_nothing(command: str) -> None:
    assert not ends_with_a_look(command)
