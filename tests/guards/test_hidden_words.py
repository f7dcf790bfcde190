import pytest

from autoloop.guards import HiddenFile, HiddenWordsGuard, TrainTask
from autoloop.guards.hidden_words import MOST_NUMBERS
from autoloop.records import Finding

PLAIN = 'PROMPT = "Solve it."\n\n\ndef solve(instruction, env, model):\n    pass\n'
EXPECTED = "city,revenue\nLeuven,1527.32\nOstend,79470.5\nGhent and around,84214\n"
CHECK = (
    "import csv\n\n\ndef checks():\n"
    '    yield "totals", sum(row.amount for row in found if row.city != "Namur") == 91734.2\n'
    '    yield "codes", sorted(row.code for row in found) == sorted(["QX-7731", "QX-9112"])\n'
)
TASK = TrainTask(
    name="sqlite/city-revenue",
    instruction="Write the revenue of each city to /app/revenue.csv. Ostend comes last.",
    hidden=(
        HiddenFile(name="expected.csv", text=EXPECTED),
        HiddenFile(name="check.py", text=CHECK),
    ),
)


def check(addition: str, *, before: str = PLAIN) -> tuple[Finding, ...]:
    return HiddenWordsGuard([TASK]).check(before=before, after=f"{before}\n{addition}\n")


def severities(addition: str) -> list[str]:
    return [finding.severity for finding in check(addition)]


@pytest.mark.parametrize(
    "addition",
    [
        'HINT = "Leuven 1527.32"',
        "VALUES = {'a': 79470.5, 'b': 84214}",
        'HINT = "QX-" + "7731, QX-" + "9112"',
        'HINT = "1527.32 for " + "nevueL"[::-1]',
        'HINT = "ghent and around 84214"',
        f"X = {CHECK.splitlines()[4]!r}",
    ],
)
def test_two_values_or_a_whole_line_block(addition: str) -> None:
    assert severities(addition) == ["block"]


@pytest.mark.parametrize("addition", ["X = 1527.32", 'X = "Leuven"', "X = 84214", "X = 1527"])
def test_a_single_short_value_says_nothing_so_that_nobody_can_try_values(addition: str) -> None:
    assert severities(addition) == []


def test_a_few_plain_words_may_come_together_by_accident() -> None:
    assert severities("X = 'Leuven, Namur'") == []


def test_a_word_that_the_instruction_has_is_not_hidden() -> None:
    assert severities('X = "Ostend and revenue"') == []


def test_a_finding_tells_nothing_of_what_is_hidden() -> None:
    (finding,) = check('A = 1\nHINT = "Leuven 1527.32"')

    assert finding.line == 8
    for hidden in ("Leuven", "1527", "Ghent", "expected", "check.py", "sqlite", "city", "revenue"):
        assert hidden.lower() not in finding.message.lower()


def test_more_numbers_than_anybody_needs_are_refused_before_any_is_looked_up() -> None:
    numbers = ", ".join(f"{n}7.31" for n in range(1_001, 1_002 + MOST_NUMBERS))

    (alone,) = check(f"X = [{numbers}]")
    (right,) = check(f"X = [{numbers}, 1527.32, 79470.5, 84214, 91734.2]")

    assert alone.severity == "block"
    assert alone.message.partition(" odd")[2] == right.message.partition(" odd")[2]


def test_what_the_program_held_before_is_let_through() -> None:
    before = f'{PLAIN}\nHINT = "Leuven 1527.32"\n'

    assert not check("X = 'Leuven, 1527.32 again'", before=before)


def test_lines_that_many_tasks_share_are_nobodys() -> None:
    shared = "passed = sorted(map(str, found)) == sorted(map(str, wanted)) and len(found) > 3\n" * 2
    tasks = [
        TrainTask(name=f"t{n}", instruction="", hidden=(HiddenFile(name="c.py", text=shared),))
        for n in range(12)
    ]

    assert not HiddenWordsGuard(tasks).check(before=PLAIN, after=f"{PLAIN}\nX = {shared!r}\n")


def test_one_value_of_each_of_three_tasks_is_a_table_of_answers() -> None:
    sums = ("48213.75", "90517.2", "13377.31")
    tasks = [
        TrainTask(
            name=f"sums/{number}",
            instruction="Add it up.",
            hidden=(HiddenFile(name="expected.txt", text=f"{value}\n"),),
        )
        for number, value in enumerate(sums)
    ]
    guard = HiddenWordsGuard(tasks)

    def worst(text: str) -> list[str]:
        after = f'{PLAIN}NOTES = """{text}"""\n'
        return [finding.severity for finding in guard.check(before=PLAIN, after=after)]

    assert worst("; ".join(sums)) == ["block"]
    assert worst("; ".join(sums[:2])) == ["warn"]
