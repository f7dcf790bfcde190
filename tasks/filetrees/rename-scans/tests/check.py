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


FILES = {
    "2023/Spring Trip/lake_view_86.jpg": "0.735969989069\n",
    "2023/Spring Trip/group_photo_28.pdf": "0.251583297595\n",
    "2023/Spring Trip/ticket_88.jpg": "0.035734441736\n",
    "2023/Spring Trip/receipt_82.jpg": "0.999718795945\n",
    "2023/Spring Trip/boat_66.jpg": "0.803669443153\n",
    "2023/Office/ticket_41.jpg": "0.364014427847\n",
    "2023/Office/boat_68.jpg": "0.423610969572\n",
    "2023/Office/sunset_31.jpg": "0.560510361026\n",
    "2023/Office/lake_view_42.jpg": "0.023858079141\n",
    "2023/Office/menu_card_66.jpg": "0.136697392986\n",
    "2024/Garden Party/ticket_98.jpg": "0.734401691894\n",
    "2024/Garden Party/long_walk_46.jpg": "0.789747637462\n",
    "2024/Garden Party/receipt_58.jpg": "0.980976573072\n",
    "2024/Garden Party/front_door_52.jpg": "0.954933119968\n",
    "2024/Garden Party/menu_card_32.jpg": "0.654910978156\n",
    "2024/sunset_60.jpg": "0.882850918581\n",
    "2024/boat_72.jpg": "0.567705070420\n",
    "2024/map_29.jpg": "0.486608554862\n",
    "2024/ticket_22.pdf": "0.814683658626\n",
    "originals/Scan Sunset 72.pdf": "0.831067841532\n",
    "originals/Scan Boat 79.pdf": "0.507356693234\n",
    "originals/Scan Long Walk 94.JPG": "0.406670527993\n",
    "originals/Scan Receipt 47.pdf": "0.488906454384\n",
    "originals/Scan Map 44.jpeg": "0.882069543566\n",
    "originals/Old Stuff/Scan Front Door 76.JPG": "0.048910128125\n",
    "originals/Old Stuff/Scan Group Photo 14.pdf": "0.682477667000\n",
    "originals/Old Stuff/Scan Lake View 35.JPG": "0.136499895557\n",
    "originals/Old Stuff/Scan Sunset 8.JPEG": "0.824747511823\n",
    "originals/Old Stuff/Scan Map 98.jpeg": "0.897967872895\n"
}
RENAMED = [
    ['2023/Office/Scan Boat 68.JPG', '2023/Office/boat_68.jpg'],
    ['2023/Office/Scan Lake View 42.JPG', '2023/Office/lake_view_42.jpg'],
    ['2023/Office/Scan Menu Card 66.jpg', '2023/Office/menu_card_66.jpg'],
    ['2023/Office/Scan Sunset 31.JPG', '2023/Office/sunset_31.jpg'],
    ['2023/Office/Scan Ticket 41.JPEG', '2023/Office/ticket_41.jpg'],
    ['2023/Spring Trip/Scan Boat 66.jpg', '2023/Spring Trip/boat_66.jpg'],
    ['2023/Spring Trip/Scan Group Photo 28.pdf', '2023/Spring Trip/group_photo_28.pdf'],
    ['2023/Spring Trip/Scan Lake View 86.jpg', '2023/Spring Trip/lake_view_86.jpg'],
    ['2023/Spring Trip/Scan Receipt 82.JPEG', '2023/Spring Trip/receipt_82.jpg'],
    ['2023/Spring Trip/Scan Ticket 88.JPG', '2023/Spring Trip/ticket_88.jpg'],
    ['2024/Garden Party/Scan Front Door 52.JPEG', '2024/Garden Party/front_door_52.jpg'],
    ['2024/Garden Party/Scan Long Walk 46.jpg', '2024/Garden Party/long_walk_46.jpg'],
    ['2024/Garden Party/Scan Menu Card 32.JPEG', '2024/Garden Party/menu_card_32.jpg'],
    ['2024/Garden Party/Scan Receipt 58.JPG', '2024/Garden Party/receipt_58.jpg'],
    ['2024/Garden Party/Scan Ticket 98.jpg', '2024/Garden Party/ticket_98.jpg'],
    ['2024/Scan Boat 72.JPEG', '2024/boat_72.jpg'],
    ['2024/Scan Map 29.jpg', '2024/map_29.jpg'],
    ['2024/Scan Sunset 60.jpg', '2024/sunset_60.jpg'],
    ['2024/Scan Ticket 22.pdf', '2024/ticket_22.pdf'],
]


def files_have_their_new_names_and_old_contents():
    return tree("/app/scans") == FILES


def log_has_its_header():
    return table("/app/renamed.csv")[0] == ["old", "new"]


def log_lists_every_renamed_file():
    return table("/app/renamed.csv")[1:] == RENAMED


verdict(
    [
        files_have_their_new_names_and_old_contents,
        log_has_its_header,
        log_lists_every_renamed_file,
    ]
)
