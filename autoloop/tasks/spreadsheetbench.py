"""SpreadsheetBench's own files as Harbor tasks."""

import json
import re
import shutil
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from autoloop.errors import TaskError

CASES = (1, 2, 3)
SAFE_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
CELLS = re.compile(r"\$?[A-Za-z]{1,3}\$?[0-9]+")
VERIFIER = Path(__file__).with_name("spreadsheetbench_verifier.py")

TASK_TOML = """\
schema_version = "1.4"

[task]
name = "spreadsheetbench/{id}"
description = "SpreadsheetBench {id} (Ma et al., NeurIPS 2024), CC BY-SA 4.0"
keywords = ["spreadsheet"]

[metadata]
family = "{family}"
difficulty = "unknown"

[agent]
timeout_sec = 900.0

[verifier]
timeout_sec = 900.0

[environment]
cpus = 1
memory_mb = 2048
network_mode = "no-network"
"""

INSTRUCTION = """\
{instruction}

---
The workbooks are `/app/1_input.xlsx`, `/app/2_input.xlsx` and `/app/3_input.xlsx`: one question,
three sets of data. Save the solved ones as `/app/output/1_output.xlsx`, `/app/output/2_output.xlsx`
and `/app/output/3_output.xlsx`. The result is looked for in the cells {position}{sheet}.
"""

DOCKERFILE = """\
FROM autoloop/libreoffice:bookworm
WORKDIR /app
COPY 1_input.xlsx 2_input.xlsx 3_input.xlsx /app/
RUN mkdir /app/output
"""

SOLVE = """\
#!/bin/bash
set -e
mkdir -p /app/output
for case in 1 2 3; do
    cp "/solution/${case}_answer.xlsx" "/app/output/${case}_output.xlsx"
done
"""

TEST = """\
#!/bin/bash
python3 -I /tests/check.py /app/output /tests /logs/verifier/reward.txt
"""


class Entry(BaseModel):
    """One entry of dataset.json."""

    model_config = ConfigDict(frozen=True)

    id: str | int
    instruction: str
    answer_position: str
    answer_sheet: str | None = None
    instruction_type: str = "unknown"


@dataclass(frozen=True, slots=True)
class _Case:
    """One entry with the folder of its workbooks."""

    entry: Entry
    folder: Path

    def workbook(self, number: int, kind: str) -> Path:
        """The input or the answer of one of the three test cases."""
        return self.folder / f"{number}_{self.entry.id}_{kind}.xlsx"


def import_spreadsheetbench(source: Path, out: Path) -> list[Path]:
    """Write one Harbor task per entry of `source/dataset.json` below `out`; returns their folders.

    Everything is checked before anything is written.

    Raises:
        TaskError: the data set is not as expected, or a task's folder exists already.
    """
    cases = [_checked(entry, source) for entry in _entries(source / "dataset.json")]
    folders = [out / str(case.entry.id) for case in cases]
    for folder in folders:
        if folder.exists():
            raise TaskError(f"The folder {str(folder)!r} is there already. Choose an empty folder.")
    if len(set(folders)) < len(folders):
        raise TaskError(f"An id stands twice in {str(source / 'dataset.json')!r}. Make ids unique.")
    for case, folder in zip(cases, folders, strict=True):
        _write_task(case, folder)
    return folders


def _entries(path: Path) -> list[Entry]:
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise TaskError(
            f"{str(path)!r} cannot be read: {error.strerror}. Name the folder that holds "
            "SpreadsheetBench's dataset.json and its spreadsheet/ folder."
        ) from error
    try:
        return TypeAdapter(list[Entry]).validate_json(text)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(map(str, first["loc"])) or "the file"
        raise TaskError(
            f"{str(path)!r} is not SpreadsheetBench's: {where}: {first['msg']}."
        ) from error


def _checked(entry: Entry, source: Path) -> _Case:
    if not SAFE_ID.fullmatch(str(entry.id)):
        raise TaskError(
            f"The id {entry.id!r} in dataset.json cannot be a folder's name. Rename it."
        )
    if not CELLS.search(entry.answer_position):
        raise TaskError(
            f"The answer_position {entry.answer_position!r} of {entry.id} names no cells. "
            "Write one such as 'Sheet1'!A1:B5."
        )
    case = _Case(entry, source / "spreadsheet" / str(entry.id))
    for number in CASES:
        for kind in ("input", "answer"):
            path = case.workbook(number, kind)
            if not path.is_file():
                raise TaskError(f"The workbook {str(path)!r} is missing. Get the whole data set.")
    return case


def _write_task(case: _Case, folder: Path) -> None:
    entry = case.entry
    for name in ("environment", "tests", "solution"):
        (folder / name).mkdir(parents=True)
    for number in CASES:
        shutil.copyfile(case.workbook(number, "input"), folder / f"environment/{number}_input.xlsx")
        for name in ("tests", "solution"):
            answer = folder / name / f"{number}_answer.xlsx"
            shutil.copyfile(case.workbook(number, "answer"), answer)
    shutil.copyfile(VERIFIER, folder / "tests/check.py")
    wanted = {"answer_position": entry.answer_position, "answer_sheet": entry.answer_sheet}
    family = re.sub(r"\W+", "-", entry.instruction_type.lower()).strip("-") or "unknown"
    sheet = f" on {entry.answer_sheet!r}" if entry.answer_sheet else ""
    texts = {
        "task.toml": TASK_TOML.format(id=entry.id, family=family),
        "instruction.md": INSTRUCTION.format(
            instruction=entry.instruction.strip(), position=entry.answer_position, sheet=sheet
        ),
        "environment/Dockerfile": DOCKERFILE,
        "solution/solve.sh": SOLVE,
        "tests/test.sh": TEST,
        "tests/answer.json": json.dumps(wanted, ensure_ascii=False) + "\n",
    }
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8")
    for name in ("solution/solve.sh", "tests/test.sh"):
        (folder / name).chmod(0o755)
