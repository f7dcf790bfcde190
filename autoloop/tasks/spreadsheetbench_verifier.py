"""Verifier of the SpreadsheetBench tasks, copied into each as `tests/check.py`.

It stands alone (python3 and openpyxl 3.0 or later), because it runs in the task's container. The
rules are SpreadsheetBench's own: values of the answer range, numbers to two decimals, empty text
the same as nothing, and a task is solved when all three workbooks are right. What its evaluation
leaves to Excel, giving values to formulas that a library wrote without, LibreOffice does here.
"""

import datetime as dt
import json
import math
import re
import shutil
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias
from zipfile import BadZipFile

import openpyxl  # type: ignore[import-untyped]

CELLS = r"\$?[A-Za-z]{1,3}\$?[0-9]+(?::\$?[A-Za-z]{1,3}\$?[0-9]+)?"
EPOCH = dt.datetime(1899, 12, 30)  # noqa: DTZ001 - workbooks know no time zones
MINUTE = 1 / (24 * 60)
CONVERT_TIMEOUT_S = 300
CASES = (1, 2, 3)
UNREADABLE = (OSError, BadZipFile, SyntaxError, LookupError, ValueError, TypeError, AttributeError)
"""What openpyxl raises for files that are no workbooks or damaged ones."""

Moment: TypeAlias = dt.date | dt.time | dt.timedelta
Value: TypeAlias = str | float | bool | Moment | None
Spot: TypeAlias = tuple[str, str]
"""A sheet and a cell or range on it, such as `("Sheet1", "A1:B5")`."""


@dataclass(frozen=True)
class Area:
    """A block of cells; `sheet` is None where the position does not name one."""

    sheet: str | None
    cells: str


@dataclass(frozen=True)
class Book:
    """The cells of a workbook that matter, by sheet and coordinate."""

    values: dict[Spot, Value]
    uncalculated: frozenset[Spot]
    """Formulas without a value in the file: only a recalculation tells what they are."""


def areas(position: str) -> list[Area]:
    """Split an answer position such as `'My sheet'!A1:B5,C7` into areas.

    The data set's quotes are unreliable (`'Sheet1!'A2:B19`, `Updated Data'!B5`), so they are
    dropped, and a comma parts two areas where a cell reference stands before it.

    Raises:
        ValueError: a part does not end in a cell reference.
    """
    found = []
    for part in re.split(rf"(?:(?<=^)|(?<=[0-9])|(?<=[0-9]'))\s*,(?=.*?{CELLS})", position):
        match = re.fullmatch(rf"(?:(.*)!)?[\s']*({CELLS})[\s']*", part, re.DOTALL)
        if match is None:
            raise ValueError(f"{part!r} is no cell range; expected one such as 'Sheet1'!A1:B5")
        sheet = match[1].strip().strip("'").replace("''", "'") if match[1] else None
        found.append(Area(sheet, match[2].replace("$", "").upper()))
    return found


def sheet_of(area: Area, answer_sheet: str | None, names: Sequence[str]) -> str:
    """Name of the sheet an area lies on: its own, else the answer sheet, else the first one."""
    if area.sheet is not None:
        return area.sheet
    wished = answer_sheet or ""
    candidates = [wished, *(name.strip().strip("'") for name in wished.split(","))]
    return next((name for name in candidates if name in names), names[0])


def spots_of(answer: Path, position: str, answer_sheet: str | None) -> list[Spot]:
    """Sheet and cells of each area of the position, resolved against the answer workbook."""
    workbook = openpyxl.load_workbook(answer, read_only=True)
    names = workbook.sheetnames
    workbook.close()
    return [(sheet_of(area, answer_sheet, names), area.cells) for area in areas(position)]


def read_book(path: Path, spots: Sequence[Spot]) -> Book:
    """The cells at `spots` as the file has them; cells of a missing sheet are left out."""
    saved = openpyxl.load_workbook(path, data_only=True)
    values: dict[Spot, Value] = {}
    empty = set()
    for sheet, cells in spots:
        if sheet not in saved.sheetnames:
            continue
        for cell in each_cell(saved[sheet][cells]):
            values[sheet, cell.coordinate] = cell.value
            # Nothing of the type "str" is a calculated value: the empty text.
            if cell.value is None and cell.data_type != "str":
                empty.add((sheet, cell.coordinate))
    return Book(values, formulas_among(empty, path))


def formulas_among(spots: set[Spot], path: Path) -> frozenset[Spot]:
    """Those of the cells that hold a formula."""
    if not spots:
        return frozenset()
    written = openpyxl.load_workbook(path)
    return frozenset(spot for spot in spots if written[spot[0]][spot[1]].data_type == "f")


@dataclass(frozen=True)
class Answer:
    """An answer workbook as saved, and as LibreOffice calculates it."""

    book: Book
    again: Book
    spots: Sequence[Spot]


def each_cell(block: object) -> "Iterator[openpyxl.cell.Cell]":
    """All cells of what openpyxl gives for a range: one cell, or rows of cells."""
    if isinstance(block, tuple):
        for part in block:
            yield from each_cell(part)
    else:
        yield block


def plain(value: Value) -> Value:
    """The value without differences that only the way of saving makes."""
    if isinstance(value, str):
        value = value.replace("_x000D_", "").replace("\r", "")
    return None if value == "" else value


def serial_of(moment: Moment) -> float:
    """A date or time as Excel's serial number: days since 1899-12-30."""
    if isinstance(moment, dt.datetime):
        return (moment.replace(tzinfo=None) - EPOCH) / dt.timedelta(days=1)
    if isinstance(moment, dt.date):
        return float((moment - EPOCH.date()).days)
    if isinstance(moment, dt.time):
        return (moment.hour * 60 + moment.minute + moment.second / 60) * MINUTE
    return moment / dt.timedelta(days=1)


def number_of(value: Value) -> float | None:
    """A value as a number, or None where it is text that is no number."""
    if isinstance(value, Moment):
        return serial_of(value)
    try:
        number = None if value is None else float(value)
    except ValueError:
        return None
    return number if number is not None and math.isfinite(number) else None


def same(left: Value, right: Value) -> bool:
    """Whether two cell values count as equal: dates to the day, times to the minute."""
    left, right = plain(left), plain(right)
    if left == right:
        return True
    first, second = number_of(left), number_of(right)
    if first is None or second is None:
        return False
    dates, times = (dt.date,), (dt.time, dt.timedelta)
    if isinstance(left, dates + times) or isinstance(right, dates + times):
        whole_days = isinstance(left, dates) or isinstance(right, dates)
        close = abs(first - second) < MINUTE / 2
        return close or (whole_days and round(first) == round(second))
    return round(first, 2) == round(second, 2) or math.isclose(first, second, rel_tol=1e-9)


def is_error(value: Value) -> bool:
    """Whether a value is one of a spreadsheet's error values, such as `#NAME?`."""
    return isinstance(value, str) and re.fullmatch(r"#[A-Z0-9/]+[!?]?", value) is not None


def accepted(answer: Answer, spot: Spot) -> list[Value]:
    """Values that are right at `spot`.

    LibreOffice's value counts only where the answer file has none, and never an error value, since
    every broken formula would match that.
    """
    values = [answer.book.values[spot]]
    if spot in answer.book.uncalculated and not is_error(answer.again.values.get(spot)):
        values.append(answer.again.values.get(spot))
    return values


def offered(output: Book, again: Book, spot: Spot) -> list[Value]:
    """Values that an output has at `spot`: the saved one and LibreOffice's.

    The saved one stands for functions LibreOffice does not know; a false one gains nothing, since
    writing plain values is allowed.
    """
    values = [again.values[spot]] if spot in again.values else []
    if spot not in output.uncalculated and spot in output.values:
        values.append(output.values[spot])
    return values


def wrong_cells(answer: Answer, output: Book, again: Book) -> list[Spot]:
    """Cells where the output is wrong; `again` is the output as LibreOffice calculates it."""
    return [
        spot
        for spot in answer.book.values
        if not any(
            same(right, have)
            for right in accepted(answer, spot)
            for have in offered(output, again, spot)
        )
    ]


def recalculate(books: Sequence[Path], target: Path) -> None:
    """Write each workbook to `target` under its own name, calculated by LibreOffice.

    A fresh profile keeps out whatever settings the agent left. A book that LibreOffice cannot read
    is missing afterwards.
    """
    target.mkdir()
    profile = f"-env:UserInstallation={(target.parent / 'profile').as_uri()}"
    command = ["soffice", profile, "--headless", "--convert-to", "xlsx", "--outdir", str(target)]
    subprocess.run([*command, *map(str, books)], timeout=CONVERT_TIMEOUT_S, check=False)


def collect(outputs: Path, target: Path) -> list[str]:
    """Copy the outputs to `target`; returns what is missing.

    Only plain files count: a link could lead to the answers, which lie beside this script.
    """
    missing = []
    for case in CASES:
        path = outputs / f"{case}_output.xlsx"
        if outputs.is_symlink() or not path.exists() or not stat.S_ISREG(path.lstat().st_mode):
            missing.append(f"{path} is missing or no plain file")
        else:
            shutil.copyfile(path, target / f"{case}.xlsx", follow_symlinks=False)
    return missing


def read_answers(tests: Path, work: Path) -> list[Answer]:
    """All three answers.

    Their files are deleted once read: a formula in an output could refer to them.
    """
    wanted = json.loads((tests / "answer.json").read_text(encoding="utf-8"))
    paths = [tests / f"{case}_answer.xlsx" for case in CASES]
    spots = [spots_of(path, wanted["answer_position"], wanted["answer_sheet"]) for path in paths]
    books = [read_book(path, its) for path, its in zip(paths, spots, strict=True)]
    again = books
    if any(book.uncalculated for book in books):
        again = recalculated_answers(paths, spots, work / "answers")
    for path in paths:
        path.unlink()
    return [Answer(*parts) for parts in zip(books, again, spots, strict=True)]


def recalculated_answers(
    paths: Sequence[Path], spots: Sequence[list[Spot]], folder: Path
) -> list[Book]:
    """The answers as LibreOffice calculates them; leaves no file behind."""
    recalculate(paths, folder)
    books = [read_book(folder / path.name, its) for path, its in zip(paths, spots, strict=True)]
    shutil.rmtree(folder)
    return books


def judge(outputs: Path, tests: Path) -> list[str]:
    """What is wrong with the outputs, one line per workbook; empty when the task is solved."""
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        missing = collect(outputs, work)
        if missing:
            return missing
        answers = read_answers(tests, work)
        try:
            recalculate([work / f"{case}.xlsx" for case in CASES], work / "outputs")
        except subprocess.TimeoutExpired:
            return [f"LibreOffice did not calculate the outputs within {CONVERT_TIMEOUT_S} s"]
        lines = (report(case, work, answer) for case, answer in zip(CASES, answers, strict=True))
        return [line for line in lines if line]


def report(case: int, work: Path, answer: Answer) -> str:
    """What is wrong with one output; empty when nothing is."""
    try:
        output = read_book(work / f"{case}.xlsx", answer.spots)
        again = read_book(work / "outputs" / f"{case}.xlsx", answer.spots)
    except UNREADABLE as error:
        return f"output {case} is no readable workbook: {type(error).__name__}"
    wrong = wrong_cells(answer, output, again)
    return f"output {case}: {len(wrong)} of {len(answer.book.values)} cells wrong" if wrong else ""


def main(arguments: Sequence[str]) -> None:
    """Judge the outputs in folder 0 by the tests in folder 1; write the reward to file 2."""
    outputs, tests, reward = map(Path, arguments)
    lines = judge(outputs, tests)
    sys.stdout.write("\n".join(lines or ["all three workbooks are right"]) + "\n")
    reward.write_text("0\n" if lines else "1\n", encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
