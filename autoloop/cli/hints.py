"""Tasks that a person should look at, as a small table."""

from collections.abc import Sequence

from autoloop.cli.printing import points, print_table, say
from autoloop.results import TaskRecord

HEADER = ("task", "state", "passed", "rate, 95 %", "hint")


def print_hints(records: Sequence[TaskRecord]) -> None:
    """Flaky, never solved and always solved tasks with what to do about them; or nothing."""
    rows = [
        (own.task, own.state.value, f"{own.passed}/{own.trials}", points(own.rate), own.hint)
        for own in records
        if own.hint
    ]
    if rows:
        say("")
        print_table(HEADER, rows)
