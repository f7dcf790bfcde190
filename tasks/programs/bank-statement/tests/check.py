"""Checks what was left behind: one line per check, then the reward."""

import json
import subprocess
from pathlib import Path

REWARD = Path("/logs/verifier/reward.txt")
PROBE = """
import json, sys
sys.path.insert(0, {folder!r})
{setup}
results = []
for case in json.loads(sys.argv[1]):
    try:
        results.append(repr(eval(case)))
    except Exception as error:
        results.append(type(error).__name__)
print("RESULTS " + json.dumps(results))
"""


def outcomes(folder, setup, cases):
    """What the program answers to expressions, each as text or as the name of its error."""
    probe = PROBE.format(folder=folder, setup=setup)
    command = ["/usr/bin/python3", "-B", "-I", "-c", probe, json.dumps(cases)]
    run = subprocess.run(command, capture_output=True, text=True, timeout=20, cwd=folder)
    line = run.stdout.strip().splitlines()[-1]
    return json.loads(line.removeprefix("RESULTS "))


def all_right(folder, setup, expected):
    """Every expression has its expected outcome."""
    got = outcomes(folder, setup, list(expected))
    for case, result in zip(expected, got):
        if result != expected[case]:
            print(f"  {case}: {result}, expected {expected[case]}")
    return got == list(expected.values())


def own_tests_pass(folder):
    """The project's tests, as they are now, run by pytest."""
    command = ["/usr/bin/python3", "-B", "-m", "pytest", "-q", "-p", "no:cacheprovider"]
    run = subprocess.run(command, capture_output=True, text=True, timeout=40, cwd=folder)
    return run.returncode == 0


def unchanged(path, original):
    """A file still reads as it was handed out."""
    return Path(path).read_text() == original


def verdict(checks):
    """Run the checks, print their outcome, write the reward."""
    passed = True
    for check in checks:
        name = check.__name__.replace("_", " ")
        try:
            good = bool(check())
            why = ""
        except Exception as error:  # whatever the agent left behind must not stop the verdict
            good, why = False, f" ({type(error).__name__}: {error})"
        print(("PASS " if good else "FAIL ") + name + why)
        passed = passed and good
    REWARD.write_text("1\n" if passed else "0\n")


TESTS = {
    "/app/tests/conftest.py": 'import sys\nfrom pathlib import Path\n\nsys.path.insert(0, str(Path(__file__).parent.parent))\n',
    "/app/tests/test_reading.py": 'import pytest\n\nfrom bank.reading import Entry, between, cents, read\n\n\ndef test_cents_of_plain_amounts():\n    assert cents("12,34") == 1234\n    assert cents("7") == 700\n    assert cents("0,5") == 50\n\n\ndef test_cents_of_large_amounts():\n    assert cents("1.234,50") == 123450\n\n\ndef test_cents_of_signed_amounts():\n    assert cents("-950,00") == -95000\n    assert cents("+3,10") == 310\n\n\ndef test_lines():\n    assert read(["2025-03-01; Rent; -950,00"]) == [Entry("2025-03-01", "Rent", -95000)]\n\n\ndef test_blank_lines_and_comments():\n    assert read(["", "# March", "2025-03-02;Tea;-3,20", "  "]) == [Entry("2025-03-02", "Tea", -320)]\n\n\ndef test_broken_line():\n    with pytest.raises(ValueError):\n        read(["2025-03-02;Tea"])\n\n\ndef test_both_days_are_included():\n    entries = [Entry(f"2025-03-0{n}", "x", n) for n in range(1, 8)]\n    assert [e.cents for e in between(entries, "2025-03-02", "2025-03-05")] == [2, 3, 4, 5]\n',
    "/app/tests/test_reports.py": 'from bank.reading import Entry\nfrom bank.reports import balance, by_month, largest, lowest, overdrawn\n\nENTRIES = [\n    Entry("2025-03-01", "Rent", -95000),\n    Entry("2025-03-03", "Wage", 240000),\n    Entry("2025-03-20", "Shoes", -8900),\n    Entry("2025-04-01", "Rent", -95000),\n]\n\n\ndef test_balance():\n    assert balance(ENTRIES) == 41100\n    assert balance(ENTRIES, 1000) == 42100\n\n\ndef test_balance_of_nothing():\n    assert balance([], 77) == 77\n\n\ndef test_by_month():\n    assert by_month(ENTRIES) == {"2025-03": 136100, "2025-04": -95000}\n\n\ndef test_lowest():\n    assert lowest(ENTRIES) == -95000\n    assert lowest(ENTRIES, 100000) == 5000\n    assert lowest([Entry("2025-03-01", "Gift", 500)], 20) == 20\n\n\ndef test_largest():\n    assert [e.text for e in largest(ENTRIES, 2)] == ["Wage", "Rent"]\n    assert len(largest(ENTRIES)) == 3\n\n\ndef test_overdrawn():\n    assert overdrawn(ENTRIES, 94999)\n    assert not overdrawn(ENTRIES, 95000)\n    assert not overdrawn(ENTRIES, 0, 95000)\n',
}
EXPECTED = {
    'overdrawn(E, 500)': 'False',
    'overdrawn(E, 499)': 'True',
    'overdrawn(E, 501)': 'False',
    'overdrawn([], 0)': 'False',
    'read(["#x", " ", "2025-01-01;a;1"])': "[Entry(day='2025-01-01', text='a', cents=100)]",
    'read(["", ""])': '[]',
    'lowest(E)': '-500',
    'cents("-2.000,05")': '-200005',
    'balance(E, 9)': '-291',
}


def the_tests_are_unchanged():
    return all(unchanged(path, text) for path, text in TESTS.items())


def the_tests_pass():
    return own_tests_pass('/app')


def the_program_answers_rightly_where_the_tests_do_not_look():
    return all_right('/app', 'from bank.reading import Entry, between, cents, read\nfrom bank.reports import *\nE = [Entry("2025-01-01", "a", -500), Entry("2025-01-02", "b", 200)]', EXPECTED)


def the_version_is_raised():
    return outcomes("/app", "import bank", ["bank.VERSION"]) == ["'2.0.3'"]


def the_news_begin_with_the_new_line():
    return Path("/app/NEWS").read_text().splitlines() == [
        "- 2.0.3 balances and limits mended",
        "- 2.0.2 largest entries",
        "- 2.0.1 comments in statements",
    ]


def the_repaired_files_are_named():
    return Path("/app/repaired.txt").read_text().split() == ["reading.py", "reports.py"]


verdict(
    [
        the_tests_are_unchanged,
        the_tests_pass,
        the_program_answers_rightly_where_the_tests_do_not_look,
        the_version_is_raised,
        the_news_begin_with_the_new_line,
        the_repaired_files_are_named,
    ]
)
