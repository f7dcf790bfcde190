"""Compares /app/final.env with what was asked for."""

from pathlib import Path

TARGET = Path("/app/final.env")
EXPECTED = Path(__file__).parent / "expected.env"


def lines_of(path):
    """Lines with something on them, without spaces at their ends."""
    text = path.read_text(encoding="utf-8", errors="replace")
    return [line.rstrip() for line in text.splitlines() if line.strip()]


def checks():
    """Name and outcome of each check; later ones need the earlier ones."""
    yield "the file is there", TARGET.is_file()
    found, wanted = lines_of(TARGET), lines_of(EXPECTED)
    yield "the lines are as many", len(found) == len(wanted)
    yield "the lines are the right ones", sorted(found) == sorted(wanted)
    yield "the lines are in the right order", found == wanted


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
