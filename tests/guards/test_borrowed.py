"""Pieces of hidden code and names of hidden checks."""

import pytest

from autoloop.guards import HiddenFile, TrainTask
from autoloop.guards.borrowed import BorrowedGuard
from autoloop.guards.checks import ChecksGuard

PLAIN = 'PROMPT = "Solve it."\n\n\ndef solve(instruction, env, model):\n    pass\n'
SOLUTION = """sed -i 's/stock.get(title, 1) + copies/stock.get(title, 0) + copies/' shelf.py
python3 - <<'EOF'
for row in csv.DictReader(open("/app/in.csv"), delimiter="|"):
    if row["temp"]:
        found.setdefault(row["station"], []).append(float(row["temp"]))
EOF
"""
RENAMED = """for one in csv.DictReader(open("x"), delimiter="|"):
    if one["t"]:
        seen.setdefault(one["place"], []).append(float(one["t"]))
"""
CHECK = """def every_customer_has_a_row():
    pass


def totals_have_two_decimals():
    pass


def checks():
    yield "the header stays where it was", True
    yield "calls point to the rows left", True
"""


def task(number: int, *files: HiddenFile) -> TrainTask:
    return TrainTask(name=f"task/{number}", instruction="Do it.", hidden=files)


TASKS = (
    task(0, HiddenFile(name="solve.sh", text=SOLUTION), HiddenFile(name="check.py", text=CHECK)),
    *(task(n, HiddenFile(name="check.py", text=f"x = {n}\n")) for n in range(1, 12)),
)


def borrowed(added: str, tasks: tuple[TrainTask, ...] = TASKS) -> list[str]:
    found = BorrowedGuard(tasks).check(before=PLAIN, after=f"{PLAIN}\n{added}\n")
    return [finding.severity for finding in found]


def named(text: str) -> list[str]:
    after = f'{PLAIN}\nREVIEW = """{text}"""\n'
    return [finding.severity for finding in ChecksGuard(TASKS).check(before=PLAIN, after=after)]


@pytest.mark.parametrize(
    "added",
    [
        'TIP = "try `s/stock.get(title, 1) + copies/stock.get(title, 0) + copies/` for counters"',
        "def means(seen):\n    " + RENAMED.strip().replace("\n", "\n    "),
        f"SCRIPT = '''{RENAMED}'''",
    ],
)
def test_a_piece_of_a_solution_blocks_wherever_it_stands(added: str) -> None:
    assert borrowed(added) == ["block"]


@pytest.mark.parametrize(
    "added",
    [
        "def rows(path):\n    return list(csv.DictReader(open(path), delimiter='|'))",
        'TIP = "try sed -i for small changes"',
        "STOCK = stock.get(title, 1)",
    ],
)
def test_what_anybody_writes_passes(added: str) -> None:
    assert borrowed(added) == []


def test_code_that_two_tasks_have_is_nobodys() -> None:
    twice = (*TASKS, task(99, HiddenFile(name="solve.sh", text=SOLUTION)))

    assert borrowed(f"SCRIPT = '''{RENAMED}'''", twice) == []


def test_code_that_was_there_before_is_let_through() -> None:
    before = f"{PLAIN}\nSCRIPT = '''{RENAMED}'''\n"

    assert BorrowedGuard(TASKS).check(before=before, after=f"{before}\nA = 1\n") == ()


@pytest.mark.parametrize(
    "text",
    [
        "Every customer has a row. Totals have two decimals. The header stays where it was.",
        "- totals have two decimals?\n- does the header stay where it was?\n- calls point to rows",
    ],
)
def test_a_list_of_what_hidden_checks_are_called_blocks(text: str) -> None:
    assert named(text) == ["block"]


@pytest.mark.parametrize(
    "text",
    [
        "Check the header, the order of the rows and the decimals.",
        "Every customer has a row, if the task says so. Read the result back.",
    ],
)
def test_checks_that_fit_any_task_pass(text: str) -> None:
    assert named(text) == []
