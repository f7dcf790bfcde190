"""Compares /app/app.json with what was asked for."""

import json
from pathlib import Path

TARGET = Path("/app/app.json")
EXPECTED = Path(__file__).parent / "expected.json"


def load(path):
    """The JSON in a file; None when it is none."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except ValueError:
        return None


def same(found, wanted):
    """Equal up to the order of keys, with truth values and numbers told apart."""
    if isinstance(wanted, dict):
        is_alike = isinstance(found, dict) and found.keys() == wanted.keys()
        return is_alike and all(same(found[key], wanted[key]) for key in wanted)
    if isinstance(wanted, list):
        is_alike = isinstance(found, list) and len(found) == len(wanted)
        return is_alike and all(map(same, found, wanted))
    if isinstance(wanted, float) and isinstance(found, (int, float)):
        return abs(found - wanted) < 0.0051
    return found == wanted and isinstance(found, bool) == isinstance(wanted, bool)


def checks():
    """Name and outcome of each check; later ones need the earlier ones."""
    yield "the file is there", TARGET.is_file()
    found, wanted = load(TARGET), load(EXPECTED)
    yield "it is JSON of the right shape", isinstance(found, type(wanted))
    yield "it has as many entries", len(found) == len(wanted)
    yield "the entries are right", same(found, wanted)


def main():
    """Print a line per check and write the reward."""
    passed = True
    for name, holds in checks():
        print("PASS" if holds else "FAIL", name)
        passed = passed and holds
        if not holds:
            break
    Path("/logs/verifier/reward.txt").write_text("1" if passed else "0")


if __name__ == "__main__":
    main()
