"""Checks what was left behind: one line per check, then the reward."""

import csv
import io
import json
import math
import re
import tarfile
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


KEPT = {
    "web-20240316.log": "",
    "web-20240401.log": "web 4 1\nweb 4 1\nweb 4 1\nweb 4 1\nweb 4 1\nweb 4 1\nweb 4 1\nweb 4 1\nweb 4 1\nweb 4 1\nweb 4 1\nweb 4 1\nweb 4 1\n",
    "web-20240413.log": "web 4 13\nweb 4 13\nweb 4 13\nweb 4 13\nweb 4 13\nweb 4 13\n",
    "web-20240419.log": "web 4 19\nweb 4 19\nweb 4 19\nweb 4 19\nweb 4 19\nweb 4 19\nweb 4 19\nweb 4 19\nweb 4 19\n",
    "backend/eu/api-20240319.log": "",
    "backend/eu/api-20240401.log": "api 4 1\napi 4 1\napi 4 1\napi 4 1\napi 4 1\napi 4 1\napi 4 1\napi 4 1\napi 4 1\napi 4 1\napi 4 1\napi 4 1\napi 4 1\napi 4 1\napi 4 1\n",
    "backend/eu/api-20240407.log": "api 4 7\napi 4 7\napi 4 7\napi 4 7\napi 4 7\napi 4 7\napi 4 7\napi 4 7\napi 4 7\napi 4 7\napi 4 7\napi 4 7\n",
    "backend/eu/api-20240413.log": "api 4 13\napi 4 13\napi 4 13\napi 4 13\napi 4 13\napi 4 13\napi 4 13\napi 4 13\napi 4 13\napi 4 13\napi 4 13\napi 4 13\napi 4 13\napi 4 13\napi 4 13\napi 4 13\napi 4 13\napi 4 13\napi 4 13\n",
    "backend/eu/api-20240416.log": "api 4 16\napi 4 16\napi 4 16\napi 4 16\napi 4 16\napi 4 16\napi 4 16\napi 4 16\napi 4 16\napi 4 16\napi 4 16\napi 4 16\napi 4 16\napi 4 16\napi 4 16\napi 4 16\napi 4 16\napi 4 16\n",
    "backend/eu/api-20240422.log": "api 4 22\napi 4 22\napi 4 22\napi 4 22\napi 4 22\napi 4 22\napi 4 22\napi 4 22\napi 4 22\napi 4 22\napi 4 22\n",
    "backend/jobs-20240304.log": "jobs 3 4\njobs 3 4\njobs 3 4\njobs 3 4\njobs 3 4\njobs 3 4\n",
    "backend/jobs-20240407.log": "jobs 4 7\n",
    "backend/jobs-20240422.log": "jobs 4 22\njobs 4 22\njobs 4 22\njobs 4 22\njobs 4 22\njobs 4 22\njobs 4 22\njobs 4 22\njobs 4 22\njobs 4 22\njobs 4 22\njobs 4 22\njobs 4 22\njobs 4 22\njobs 4 22\n",
    "web-current.log": "web-current.log stays\n",
    "backend/eu/api-current.log": "backend/eu/api-current.log stays\n",
    "backend/README.txt": "backend/README.txt stays\n"
}
PACKED = {
    "2024-01": {
        "web-20240104.log": "web 1 4\nweb 1 4\n",
        "web-20240113.log": "web 1 13\nweb 1 13\nweb 1 13\nweb 1 13\nweb 1 13\nweb 1 13\nweb 1 13\nweb 1 13\nweb 1 13\nweb 1 13\nweb 1 13\nweb 1 13\nweb 1 13\nweb 1 13\nweb 1 13\nweb 1 13\nweb 1 13\nweb 1 13\n",
        "web-20240116.log": "web 1 16\nweb 1 16\nweb 1 16\nweb 1 16\nweb 1 16\nweb 1 16\n",
        "web-20240119.log": "web 1 19\nweb 1 19\nweb 1 19\nweb 1 19\nweb 1 19\nweb 1 19\nweb 1 19\nweb 1 19\nweb 1 19\n",
        "web-20240128.log": "web 1 28\n",
        "backend/eu/api-20240101.log": "api 1 1\napi 1 1\napi 1 1\napi 1 1\napi 1 1\napi 1 1\napi 1 1\napi 1 1\n",
        "backend/eu/api-20240116.log": "api 1 16\napi 1 16\n",
        "backend/jobs-20240101.log": "jobs 1 1\njobs 1 1\njobs 1 1\njobs 1 1\njobs 1 1\njobs 1 1\njobs 1 1\njobs 1 1\njobs 1 1\njobs 1 1\n",
        "backend/jobs-20240104.log": "jobs 1 4\njobs 1 4\njobs 1 4\njobs 1 4\njobs 1 4\njobs 1 4\njobs 1 4\njobs 1 4\njobs 1 4\njobs 1 4\njobs 1 4\n",
        "backend/jobs-20240119.log": "jobs 1 19\njobs 1 19\njobs 1 19\njobs 1 19\njobs 1 19\n",
        "backend/jobs-20240122.log": "jobs 1 22\njobs 1 22\njobs 1 22\njobs 1 22\njobs 1 22\njobs 1 22\njobs 1 22\njobs 1 22\njobs 1 22\njobs 1 22\njobs 1 22\njobs 1 22\njobs 1 22\njobs 1 22\n",
        "backend/eu/api-20240115.log": "api restarted\n"
    },
    "2024-02": {
        "web-20240216.log": "web 2 16\nweb 2 16\nweb 2 16\nweb 2 16\nweb 2 16\nweb 2 16\nweb 2 16\n",
        "web-20240222.log": "web 2 22\nweb 2 22\nweb 2 22\nweb 2 22\nweb 2 22\nweb 2 22\nweb 2 22\nweb 2 22\nweb 2 22\nweb 2 22\n",
        "web-20240228.log": "web 2 28\nweb 2 28\nweb 2 28\nweb 2 28\nweb 2 28\nweb 2 28\nweb 2 28\nweb 2 28\nweb 2 28\nweb 2 28\nweb 2 28\nweb 2 28\n",
        "backend/eu/api-20240207.log": "api 2 7\napi 2 7\napi 2 7\napi 2 7\napi 2 7\napi 2 7\napi 2 7\napi 2 7\napi 2 7\n",
        "backend/eu/api-20240210.log": "api 2 10\napi 2 10\napi 2 10\napi 2 10\napi 2 10\napi 2 10\napi 2 10\napi 2 10\napi 2 10\napi 2 10\napi 2 10\napi 2 10\napi 2 10\napi 2 10\napi 2 10\napi 2 10\n",
        "backend/eu/api-20240225.log": "api 2 25\napi 2 25\napi 2 25\napi 2 25\napi 2 25\n",
        "backend/eu/api-20240228.log": "api 2 28\napi 2 28\napi 2 28\napi 2 28\napi 2 28\napi 2 28\napi 2 28\n",
        "backend/jobs-20240204.log": "jobs 2 4\njobs 2 4\njobs 2 4\njobs 2 4\njobs 2 4\njobs 2 4\njobs 2 4\njobs 2 4\njobs 2 4\njobs 2 4\njobs 2 4\njobs 2 4\njobs 2 4\njobs 2 4\njobs 2 4\njobs 2 4\njobs 2 4\njobs 2 4\njobs 2 4\njobs 2 4\n",
        "backend/jobs-20240213.log": "jobs 2 13\njobs 2 13\njobs 2 13\n",
        "backend/jobs-20240216.log": "jobs 2 16\njobs 2 16\njobs 2 16\njobs 2 16\njobs 2 16\njobs 2 16\njobs 2 16\n",
        "backend/jobs-20240222.log": "jobs 2 22\njobs 2 22\njobs 2 22\njobs 2 22\njobs 2 22\njobs 2 22\njobs 2 22\njobs 2 22\njobs 2 22\njobs 2 22\n"
    }
}
MANIFEST = [
    ['2024-01.tar.gz', '12', '797'],
    ['2024-02.tar.gz', '11', '965'],
]


def packed(name):
    with tarfile.open(f"/app/archive/{name}.tar.gz") as tar:
        return {
            member.name.removeprefix("./"): tar.extractfile(member).read().decode()
            for member in tar
            if member.isfile()
        }


def archives_are_one_per_month():
    names = sorted(path.name for path in Path("/app/archive").iterdir())
    return names == sorted([*(f"{month}.tar.gz" for month in PACKED), "manifest.csv"])


def archives_hold_the_old_files():
    return all(packed(month) == files for month, files in PACKED.items())


def only_the_others_are_left():
    return tree("/app/logs") == KEPT


def manifest_is_right():
    return table("/app/archive/manifest.csv") == [["archive", "files", "bytes"], *MANIFEST]


verdict(
    [
        archives_are_one_per_month,
        archives_hold_the_old_files,
        only_the_others_are_left,
        manifest_is_right,
    ]
)
