"""Compares /app/notes_clean.txt with what was asked for."""

from pathlib import Path

TARGET = Path("/app/notes_clean.txt")
EXPECTED = Path(__file__).parent / "expected.txt"


def lines_of(path):
    """All lines; only empty ones at the end do not count."""
    return path.read_bytes().decode(errors="replace").rstrip("\n").split("\n")


def checks():
    """Name and outcome of each check; later ones need the earlier ones."""
    yield "the file is there", TARGET.is_file()
    found, wanted = lines_of(TARGET), lines_of(EXPECTED)
    same_text = list(filter(str.strip, found)) == list(filter(str.strip, wanted))
    yield "the lines with text are right", same_text
    yield "the file is right to the letter", found == wanted


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
