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
    "/app/test_durations.py": 'import unittest\n\nfrom durations import add, clock, fits, longest, parse, spell\n\n\nclass ParseTest(unittest.TestCase):\n    def test_units(self):\n        self.assertEqual(parse("1h 30m"), 5400)\n        self.assertEqual(parse("2d 3s"), 172803)\n\n    def test_capitals(self):\n        self.assertEqual(parse("45S"), 45)\n\n    def test_nothing(self):\n        with self.assertRaises(ValueError):\n            parse("soon")\n\n\nclass SpellTest(unittest.TestCase):\n    def test_words(self):\n        self.assertEqual(spell(5400), "1h 30m")\n        self.assertEqual(spell(90061), "1d 1h 1m 1s")\n\n    def test_zero(self):\n        self.assertEqual(spell(0), "0s")\n\n    def test_add(self):\n        self.assertEqual(add("50m", "20m"), "1h 10m")\n\n\nclass ClockTest(unittest.TestCase):\n    def test_short(self):\n        self.assertEqual(clock(59), "0:00:59")\n        self.assertEqual(clock(61), "0:01:01")\n\n    def test_hours(self):\n        self.assertEqual(clock(3600), "1:00:00")\n        self.assertEqual(clock(5405), "1:30:05")\n\n    def test_days(self):\n        self.assertEqual(clock(90061), "25:01:01")\n        self.assertEqual(clock(359999), "99:59:59")\n\n\nclass LongestTest(unittest.TestCase):\n    def test_as_written(self):\n        self.assertEqual(longest(["90s", "1m", "1 h"]), "1 h")\n\n\nclass FitsTest(unittest.TestCase):\n    def test_below_and_above(self):\n        self.assertTrue(fits("59m", "1h"))\n        self.assertFalse(fits("61m", "1h"))\n\n    def test_limit_itself(self):\n        self.assertTrue(fits("60m", "1h"))\n\n\nif __name__ == "__main__":\n    unittest.main()\n',
}
EXPECTED = {
    'durations.clock(0)': "'0:00:00'",
    'durations.clock(1439)': "'0:23:59'",
    'durations.clock(1500)': "'0:25:00'",
    'durations.clock(3599)': "'0:59:59'",
    'durations.clock(7322)': "'2:02:02'",
    'durations.clock(86400)': "'24:00:00'",
    'durations.parse("3m")': '180',
    'durations.spell(59)': "'59s'",
    'durations.add("1d", "30s")': "'1d 30s'",
    'durations.longest(["1s", "2s"])': "'2s'",
    'durations.fits("1d", "24h")': 'True',
    'durations.fits("0s", "0s")': 'True',
    'durations.fits("2m", "119s")': 'False',
    'durations.fits("1m", "61s")': 'True',
}


def the_tests_are_unchanged():
    return all(unchanged(path, text) for path, text in TESTS.items())


def the_tests_pass():
    return own_tests_pass('/app')


def the_program_answers_rightly_where_the_tests_do_not_look():
    return all_right('/app', 'import durations', EXPECTED)


def the_version_is_raised():
    return outcomes("/app", "import durations", ["durations.__version__"]) == ["'1.4.1'"]


def the_change_is_noted_at_the_end():
    lines = Path("/app/CHANGES.txt").read_text().splitlines()
    return [line for line in lines if line.strip()] == [
        "1.3.0: durations can be added",
        "1.4.0: the longest of several",
        "1.4.1: limits fit again",
    ]


verdict(
    [
        the_tests_are_unchanged,
        the_tests_pass,
        the_program_answers_rightly_where_the_tests_do_not_look,
        the_version_is_raised,
        the_change_is_noted_at_the_end,
    ]
)
