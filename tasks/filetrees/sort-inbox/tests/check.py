"""Checks what was left behind: one line per check, then the reward."""

import csv
import io
import json
import math
import re
from pathlib import Path

REWARD = Path("/logs/verifier/reward.txt")


def tree(folder):
    """The files below a folder with their contents, by path relative to it."""
    root = Path(folder)
    return {
        str(path.relative_to(root)): path.read_text() for path in root.rglob("*") if path.is_file()
    }


def table(path):
    """The rows of a comma separated file, cells stripped, blank lines left out."""
    text = Path(path).read_text(encoding="utf-8-sig")
    rows = [[cell.strip() for cell in row] for row in csv.reader(io.StringIO(text))]
    return [row for row in rows if any(row)]


def same(got, want):
    """Equal as text, or as numbers when both are numbers."""
    if got is None or want is None:
        return got is want
    try:
        return math.isclose(float(got), float(want), rel_tol=0, abs_tol=0.0051)
    except (TypeError, ValueError):
        return str(got).strip() == str(want).strip()


def same_rows(got, want):
    """The same rows in the same order."""
    return len(got) == len(want) and all(
        len(a) == len(b) and all(map(same, a, b)) for a, b in zip(got, want)
    )


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


SORTED = {
    "xlsx/budget.xlsx": "budget.xlsx 3201\n",
    "jpg/Team.JPG": "Team.JPG 2033\n",
    "pdf/offer.pdf": "offer.pdf 5179\n",
    "jpg/holiday.jpeg": "holiday.jpeg 2931\n",
    "txt/notes.txt": "notes.txt 9117\n",
    "other/README": "README 8364\n",
    "pdf/invoice-04.PDF": "invoice-04.PDF 8737\n",
    "jpg/beach.jpg": "beach.jpg 7219\n",
    "txt/todo.txt": "todo.txt 4439\n",
    "jpg/scan.jpeg": "scan.jpeg 2537\n",
    "other/LICENSE": "LICENSE 8993\n",
    "pdf/plan.pdf": "plan.pdf 1464\n",
    "txt/minutes.TXT": "minutes.TXT 1034\n",
    "png/cat.png": "cat.png 8297\n",
    "pdf/Passport.PDF": "Passport.PDF 5363\n",
    "jpg/garden.JPG": "garden.JPG 4748\n",
    "jpg/kitchen.jpeg": "kitchen.jpeg 2674\n",
    "txt/recipe.txt": "recipe.txt 6200\n",
    "other/Dockerfile": "Dockerfile 1501\n",
    "pdf/contract-2.pdf": "contract-2.pdf 1365\n",
    "png/logo.PNG": "logo.PNG 1416\n",
    "xlsx/prices.xlsx": "prices.xlsx 9870\n",
    "mp3/song.mp3": "song.mp3 7245\n",
    "pdf/ticket.pdf": "ticket.pdf 4548\n",
    "txt/Letter.TXT": "Letter.TXT 7915\n"
}
LEFT = {
    ".keep": ".keep 7386\n",
    ".sync.lock": ".sync.lock 8090\n",
    ".draft.swp": ".draft.swp 1150\n"
}


def files_are_in_the_right_folders_with_their_content():
    return tree("/app/sorted") == SORTED


def hidden_files_stay_and_nothing_else():
    return tree("/app/inbox") == LEFT


verdict([files_are_in_the_right_folders_with_their_content, hidden_files_stay_and_nothing_else])
