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
    "/app/test_cart.py": 'from cart import goods, shipping, total\n\n\ndef test_goods():\n    assert goods([(250, 2), (100, 3)]) == 800\n\n\ndef test_shipping_below():\n    assert shipping(4999) == 490\n\n\ndef test_shipping_above():\n    assert shipping(5001) == 0\n\n\ndef test_shipping_exactly():\n    assert shipping(5000) == 0\n\n\ndef test_total():\n    assert total([(2500, 2)]) == 5000\n    assert total([(100, 1)]) == 590\n',
}
EXPECTED = {
    'cart.shipping(0)': '490',
    'cart.shipping(4998)': '490',
    'cart.shipping(5000)': '0',
    'cart.shipping(9000)': '0',
    'cart.total([])': '490',
    'cart.total([(4999, 1)])': '5489',
    'cart.total([(1000, 5)])': '5000',
    'cart.goods([(1, 1), (2, 2)])': '5',
}


def the_tests_are_unchanged():
    return all(unchanged(path, text) for path, text in TESTS.items())


def the_tests_pass():
    return own_tests_pass('/app')


def the_program_answers_rightly_where_the_tests_do_not_look():
    return all_right('/app', 'import cart', EXPECTED)


def the_changed_function_is_named():
    return Path("/app/changed.txt").read_text().strip().strip("`").removesuffix("()") == "shipping"


verdict(
    [
        the_tests_are_unchanged,
        the_tests_pass,
        the_program_answers_rightly_where_the_tests_do_not_look,
        the_changed_function_is_named,
    ]
)
