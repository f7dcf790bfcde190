"""A new task to start from: small, complete, and passing `autoloop tasks check` as it stands."""

import re
from pathlib import Path

from autoloop.errors import TaskError

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*(?:/[A-Za-z0-9][A-Za-z0-9._-]*)*")

TASK_TOML = """\
schema_version = "1.4"

[metadata]
family = "{family}"      # tasks of one family are spread over train, validation and holdout
difficulty = "easy"      # easy, medium or hard

[agent]
timeout_sec = 300.0

[verifier]
timeout_sec = 60.0

[environment]
cpus = 1
memory_mb = 512
network_mode = "no-network"
"""

INSTRUCTION = """\
The file `/app/orders.csv` has one order per line, with the columns `customer` and `amount`.

Add up the amounts of each customer and write the result to `/app/totals.csv`: a header
`customer,total`, then one line per customer, sorted by customer, totals with two decimals.
"""

DOCKERFILE = """\
FROM autoloop/base:bookworm
WORKDIR /app
COPY orders.csv /app/
"""

ORDERS = """\
customer,amount
Miller,12.50
Adams,7.25
Miller,0.40
Zhou,100.00
Adams,3.10
"""

SOLVE = """\
#!/bin/bash
# How a person would solve it; proves that the task can be solved. Copied in for the oracle only.
set -e
awk -F, 'NR > 1 { total[$1] += $2 } END { for (c in total) printf "%s,%.2f\\n", c, total[c] }' \\
    /app/orders.csv | sort > /tmp/totals
(echo customer,total; cat /tmp/totals) > /app/totals.csv
"""

TEST = """\
#!/bin/bash
# Runs after the agent is gone; /tests is copied in only now. Writes the reward, from 0 to 1.
if python3 -I /tests/check.py; then
    echo 1 > /logs/verifier/reward.txt
else
    echo 0 > /logs/verifier/reward.txt
fi
"""

CHECK = """\
\"\"\"Checks what the result says, not only that it is there. Exit code 0 means solved.\"\"\"

import csv
import sys

EXPECTED = [
    ["customer", "total"],
    ["Adams", "10.35"],
    ["Miller", "12.90"],
    ["Zhou", "100.00"],
]

try:
    with open("/app/totals.csv", newline="", encoding="utf-8") as file:
        found = list(csv.reader(file))
except (OSError, ValueError) as error:
    sys.exit(f"no readable result: {error}")
if found != EXPECTED:
    sys.exit("the totals are not as expected")
"""

FILES = {
    "instruction.md": INSTRUCTION,
    "environment/Dockerfile": DOCKERFILE,
    "environment/orders.csv": ORDERS,
    "solution/solve.sh": SOLVE,
    "tests/test.sh": TEST,
    "tests/check.py": CHECK,
}


def new_task(root: Path, name: str) -> Path:
    """Write a working example task to `root/name` and return its folder; edit it into your own.

    `name` may have parts, as in `csv/totals`: the part before the last becomes the family.

    Raises:
        TaskError: the name cannot be a folder, is taken, or lies inside another task.
    """
    if not NAME.fullmatch(name):
        raise TaskError(
            f"{name!r} cannot be the name of a task. Write letters, digits and . _ - only, "
            "with / between parts, such as csv/add-up-orders."
        )
    folder = root / name
    if folder.exists():
        raise TaskError(f"The folder {str(folder)!r} is there already. Choose another name.")
    for parent in (folder.parent, *folder.parent.parents):
        if (parent / "task.toml").exists():
            raise TaskError(
                f"{str(folder)!r} would lie inside the task {str(parent)!r}, where no task is "
                "looked for. Choose a name beside it."
            )
    family = name.split("/")[-2] if "/" in name else "general"
    _write(folder / "task.toml", TASK_TOML.format(family=family))
    for path, text in FILES.items():
        _write(folder / path, text)
    return folder


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    if path.suffix == ".sh":
        path.chmod(0o755)
