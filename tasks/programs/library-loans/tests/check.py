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
    "/app/tests/test_catalog.py": 'from library import Catalog\n\n\ndef make():\n    catalog = Catalog()\n    catalog.add("Dune")\n    catalog.add("Dune Messiah", 2)\n    catalog.add("Emma", 3)\n    return catalog\n\n\ndef test_copies_add_up():\n    catalog = make()\n    catalog.add("Dune", 4)\n    assert catalog.copies("Dune") == 5\n    assert catalog.copies("Dune Messiah") == 2\n    assert catalog.copies("Ulysses") == 0\n\n\ndef test_one_copy_unless_said():\n    assert make().copies("Dune") == 1\n\n\ndef test_search_in_any_case():\n    assert make().search("dune") == ["Dune", "Dune Messiah"]\n    assert make().search("EMM") == ["Emma"]\n',
    "/app/tests/test_loans.py": 'from datetime import date\n\nimport pytest\n\nfrom library import Catalog, Desk\n\nMAY_1 = date(2025, 5, 1)\n\n\n@pytest.fixture\ndef desk():\n    catalog = Catalog()\n    catalog.add("Dune", 2)\n    catalog.add("Emma")\n    return Desk(catalog)\n\n\ndef test_available(desk):\n    desk.lend("Ida", "Dune", MAY_1)\n    assert desk.available("Dune") == 1\n    assert desk.available("Emma") == 1\n\n\ndef test_no_copy_left(desk):\n    assert desk.lend("Ida", "Emma", MAY_1)\n    assert not desk.lend("Ben", "Emma", MAY_1)\n\n\ndef test_overdue(desk):\n    desk.lend("Ida", "Dune", MAY_1)\n    desk.lend("Ben", "Dune", date(2025, 5, 10))\n    assert desk.overdue(date(2025, 5, 22)) == []\n    assert desk.overdue(date(2025, 5, 23)) == ["Ida"]\n    assert desk.overdue(date(2025, 6, 23)) == ["Ben", "Ida"]\n\n\ndef test_fee(desk):\n    desk.lend("Ida", "Dune", MAY_1)\n    assert desk.give_back("Ida", "Dune", date(2025, 5, 25)) == 60\n\n\ndef test_no_fee_in_time(desk):\n    desk.lend("Ida", "Dune", MAY_1)\n    assert desk.give_back("Ida", "Dune", date(2025, 5, 22)) == 0\n\n\ndef test_most_fee(desk):\n    desk.lend("Ida", "Emma", MAY_1)\n    assert desk.give_back("Ida", "Emma", date(2025, 12, 1)) == 500\n\n\ndef test_not_lent(desk):\n    with pytest.raises(KeyError):\n        desk.give_back("Ida", "Dune", MAY_1)\n',
    "/app/tests/conftest.py": 'import sys\nfrom pathlib import Path\n\nsys.path.insert(0, str(Path(__file__).parent.parent))\n',
}
BROKEN = '"""The books the library owns."""\n\n\nclass Catalog:\n    """Titles with the number of copies."""\n\n    def __init__(self):\n        self._copies = {}\n\n    def add(self, title, copies=1):\n        """More copies of a title."""\n        self._copies[title] = self._copies.get(title, 1) + copies\n\n    def copies(self, title):\n        """How many copies the library owns; 0 for an unknown title."""\n        return self._copies.get(title, 0)\n\n    def search(self, word):\n        """Titles holding the word, in any case, sorted."""\n        return sorted(title for title in self._copies if word.lower() in title.lower())\n'
EXPECTED = {
    'owned(1)': "(1, ['B'])",
    'owned(2, 3)': "(5, ['B'])",
    'owned()': '(0, [])',
    'owned(1, 1, 1, 1)': "(4, ['B'])",
    'fee(1, 1)': '0',
    'fee(1, 10)': '0',
    'fee(1, 22)': '0',
    'fee(1, 23)': '20',
    'fee(2, 5)': '280',
    'fee(2, 20)': '500',
    'late(1, 20)': '([], 0)',
    'late(1, 25)': "(['x'], 0)",
    'late(2, 1)': "(['x', 'y'], 0)",
}


def the_tests_are_unchanged():
    return all(unchanged(path, text) for path, text in TESTS.items())


def the_tests_pass():
    return own_tests_pass('/app')


def the_program_answers_rightly_where_the_tests_do_not_look():
    return all_right('/app', 'from datetime import date\nfrom library import Catalog, Desk\ndef fee(month, day):\n    catalog = Catalog(); catalog.add("A", 2); desk = Desk(catalog)\n    desk.lend("x", "A", date(2025, 1, 1))\n    return desk.give_back("x", "A", date(2025, month, day))\ndef owned(*adds):\n    catalog = Catalog()\n    for count in adds:\n        catalog.add("B", count)\n    return catalog.copies("B"), catalog.search("b")\ndef late(month, day):\n    catalog = Catalog(); catalog.add("A", 2); desk = Desk(catalog)\n    desk.lend("x", "A", date(2025, 1, 1)); desk.lend("y", "A", date(2025, 1, 9)); desk.lend("z", "A", date(2025, 1, 9))\n    return desk.overdue(date(2025, month, day)), desk.available("A")', EXPECTED)


def the_broken_file_was_saved():
    return unchanged("/app/library/catalog.py.orig", BROKEN)


def the_changed_file_is_named():
    return Path("/app/where.txt").read_text().strip() in {"/app/library/catalog.py", "library/catalog.py"}


verdict(
    [
        the_tests_are_unchanged,
        the_tests_pass,
        the_program_answers_rightly_where_the_tests_do_not_look,
        the_broken_file_was_saved,
        the_changed_file_is_named,
    ]
)
