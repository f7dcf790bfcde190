import datetime as dt
import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import openpyxl  # type: ignore[import-untyped]
import pytest

from autoloop.errors import TaskError
from autoloop.tasks import (
    SplitPlan,
    import_spreadsheetbench,
    make_splits,
    spreadsheetbench_verifier,
)
from autoloop.tasks.spreadsheetbench_verifier import (
    Answer,
    Area,
    Book,
    Value,
    areas,
    collect,
    is_error,
    read_book,
    same,
    sheet_of,
    spots_of,
    wrong_cells,
)
from tests.tasks.builders import find

DATA = Path(__file__).parents[3] / "shared/data/spreadsheetbench"
NOON = dt.datetime(2024, 5, 1, 12, 0)  # noqa: DTZ001 - workbooks know no time zones
needs_data = pytest.mark.skipif(not DATA.is_dir(), reason=f"no SpreadsheetBench files in {DATA}")
quiet = pytest.mark.filterwarnings("ignore::UserWarning:openpyxl")


@pytest.mark.parametrize(
    ("position", "expected"),
    [
        ("E1", [(None, "E1")]),
        ("'Sheet1'!A1:A4", [("Sheet1", "A1:A4")]),
        ("Updated Data'!B5:B9", [("Updated Data", "B5:B9")]),
        ("'Sheet1!'A2:B19,'Sheet2!'A2:B19", [("Sheet1", "A2:B19"), ("Sheet2", "A2:B19")]),
        ("'Sheet3!'A2:D11'", [("Sheet3", "A2:D11")]),
        ("'ورقة1'!H2:L4", [("ورقة1", "H2:L4")]),
        ("Sheet1!$a$1:b2, C3", [("Sheet1", "A1:B2"), (None, "C3")]),
        ("'Smith, John''s'!A1,B2", [("Smith, John's", "A1"), (None, "B2")]),
    ],
)
def test_positions_are_read_whatever_their_quotes(
    position: str, expected: list[tuple[str | None, str]]
) -> None:
    assert areas(position) == [Area(*parts) for parts in expected]


@pytest.mark.parametrize("position", ["", "A", "A:B", "Sheet1!", "A1:B2 and more"])
def test_a_position_without_cells_is_refused(position: str) -> None:
    with pytest.raises(ValueError, match="is no cell range; expected one such as"):
        areas(position)


@pytest.mark.parametrize(
    ("named", "answer_sheet", "expected"),
    [
        ("Own", "B", "Own"),
        (None, "B", "B"),
        (None, "Gone,B", "B"),
        (None, "C, D", "C, D"),
        (None, "Gone", "A"),
        (None, None, "A"),
    ],
)
def test_an_area_without_sheet_lies_on_the_answer_sheet_or_the_first(
    named: str | None, answer_sheet: str | None, expected: str
) -> None:
    assert sheet_of(Area(named, "A1"), answer_sheet, ["A", "B", "C, D"]) == expected


@pytest.mark.parametrize(
    ("left", "right"),
    [
        (None, ""),
        (1, 1.0),
        (2.004, 2.0),
        ("2", 2.0),
        (0.125, 0.1250000000001),
        (True, 1),
        ("a\r\nb", "a_x000D_\nb"),
        ("nan", "nan"),
        (NOON, dt.datetime(2024, 5, 1, 11, 59, 59)),  # noqa: DTZ001
        (dt.datetime(2024, 5, 1), dt.date(2024, 5, 1)),  # noqa: DTZ001
        (dt.datetime(2024, 5, 1), 45413),  # noqa: DTZ001
        (dt.time(8, 30), dt.timedelta(hours=8, minutes=30)),
        (dt.time(8, 30), 8.5 / 24),
        (dt.time(8, 30), dt.time(8, 29, 59, 999_000)),
    ],
)
def test_values_that_count_as_equal(left: Value, right: Value) -> None:
    assert same(left, right)
    assert same(right, left)


@pytest.mark.parametrize(
    ("left", "right"),
    [
        (None, 0),
        ("", "x"),
        (2.01, 2.0),
        ("a", "A"),
        ("nan", 1),
        (True, "TRUE"),
        (dt.time(8, 30), dt.time(8, 31)),
        (dt.date(2024, 5, 1), dt.date(2024, 5, 2)),
        (dt.date(2024, 5, 1), "2024-05-01"),
        ("#N/A", "#NAME?"),
    ],
)
def test_values_that_do_not(left: Value, right: Value) -> None:
    assert not same(left, right)
    assert not same(right, left)


def test_error_values_are_told_from_text() -> None:
    assert all(map(is_error, ["#N/A", "#NAME?", "#DIV/0!", "#REF!"]))
    assert not any(map(is_error, ["# 3", "n/a", None, 7]))


def test_a_formula_without_value_is_known_as_such(tmp_path: Path) -> None:
    path = write_book(tmp_path / "x.xlsx", A1=3, A2="=A1*2")

    book = read_book(path, [("Sheet", "A1:A3"), ("Gone", "A1")])

    assert book.values == {("Sheet", "A1"): 3, ("Sheet", "A2"): None, ("Sheet", "A3"): None}
    assert book.uncalculated == {("Sheet", "A2")}


def test_an_uncalculated_output_counts_by_its_calculated_value() -> None:
    wanted, raw, right, wrong = book(6), book(None, known=False), book(6), book(7)

    assert not wrong_cells(Answer(wanted, wanted, []), raw, right)
    assert wrong_cells(Answer(wanted, wanted, []), raw, wrong)


def test_a_formula_is_not_taken_for_the_blank_it_has_to_be() -> None:
    wanted = book(None)

    assert wrong_cells(Answer(wanted, wanted, []), book(None, known=False), book("#NAME?"))


def test_an_output_with_its_own_value_needs_no_calculation() -> None:
    wanted = book(6)

    assert not wrong_cells(Answer(wanted, wanted, []), book(6), book("#NAME?"))


def test_an_answer_without_value_is_known_by_calculation_but_never_as_an_error() -> None:
    raw = book(None, known=False)

    assert not wrong_cells(Answer(raw, book(6), []), book(6), book(6))
    assert wrong_cells(Answer(raw, book("#NAME?"), []), book("#NAME?"), book("#NAME?"))


def test_a_missing_sheet_is_wrong_in_every_cell() -> None:
    wanted = book(None)

    assert wrong_cells(Answer(wanted, wanted, []), Book({}, frozenset()), Book({}, frozenset()))


@pytest.mark.parametrize("plant", ["nothing", "link", "folder", "linked folder"])
def test_only_plain_files_are_taken_as_outputs(tmp_path: Path, plant: str) -> None:
    answers, outputs, work = (tmp_path / name for name in ("answers", "outputs", "work"))
    for folder in (answers, work) if plant == "linked folder" else (answers, outputs, work):
        folder.mkdir()
    for case in (1, 2, 3):
        (answers / f"{case}_output.xlsx").write_text("the answer")
        if plant == "link":
            (outputs / f"{case}_output.xlsx").symlink_to(answers / f"{case}_output.xlsx")
        elif plant == "folder":
            (outputs / f"{case}_output.xlsx").mkdir()
    if plant == "linked folder":
        outputs.symlink_to(answers)

    assert len(collect(outputs, work)) == 3
    assert not list(work.iterdir())


@needs_data
@quiet
@pytest.mark.slow
@pytest.mark.no_cover  # openpyxl is at work here, which would only be slower.
def test_all_answers_equal_themselves_and_most_inputs_do_not() -> None:
    unsolved = 0

    for position, answer_sheet, answer, given in real_pairs():
        spots = spots_of(answer, position, answer_sheet)
        wanted = read_book(answer, spots)
        assert wanted.values
        assert not wrong_cells(Answer(wanted, wanted, spots), wanted, wanted)
        if given.name.startswith("1_"):
            start = read_book(given, spots)
            unsolved += bool(wrong_cells(Answer(wanted, wanted, spots), start, start))

    assert unsolved == 45


@needs_data
def test_all_fifty_become_valid_tasks_that_differ(tmp_path: Path) -> None:
    folders = import_spreadsheetbench(DATA, tmp_path / "out")

    found = find(tmp_path / "out")

    assert len(folders) == len(found.tasks) == 50
    assert not found.problems
    assert not any(task.notes for task in found.tasks)
    assert {task.environment.network.mode for task in found.tasks} == {"none"}
    assert len(set(make_splits(found.tasks, SplitPlan()).values())) == 3


@needs_data
def test_an_imported_task_has_inputs_for_the_agent_and_answers_for_nobody_else(
    tmp_path: Path,
) -> None:
    import_spreadsheetbench(DATA, tmp_path)

    folder = tmp_path / "CF_4909"
    assert not list((folder / "environment").glob("*answer*"))
    assert len(list((folder / "environment").glob("*_input.xlsx"))) == 3
    text = (folder / "instruction.md").read_text()
    assert "'Sheet1'!F9:K25" in text
    assert all(f"/app/output/{case}_output.xlsx" in text for case in (1, 2, 3))
    verifier = Path(spreadsheetbench_verifier.__file__)
    assert (folder / "tests/check.py").read_bytes() == verifier.read_bytes()


def test_a_folder_without_the_data_set_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TaskError, match="Name the folder that holds SpreadsheetBench's dataset"):
        import_spreadsheetbench(tmp_path, tmp_path / "out")


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"instruction": 3}, "is not SpreadsheetBench's: 0.instruction: Input should be a valid"),
        ({"id": "../x"}, "The id '../x' in dataset.json cannot be a folder's name"),
        ({"answer_position": "A:B"}, "The answer_position 'A:B' of 7 names no cells"),
        ({"id": 8}, r"8/1_8_input.xlsx' is missing. Get the whole data set"),
    ],
)
def test_a_data_set_that_is_not_as_expected_is_refused(
    tmp_path: Path, change: dict[str, object], says: str
) -> None:
    source = write_data_set(tmp_path / "in", change)

    with pytest.raises(TaskError, match=says):
        import_spreadsheetbench(source, tmp_path / "out")

    assert not (tmp_path / "out").exists()


def test_a_data_set_that_is_no_json_is_refused(tmp_path: Path) -> None:
    (tmp_path / "dataset.json").write_text("{")

    with pytest.raises(TaskError, match="is not SpreadsheetBench's: the file: Invalid JSON"):
        import_spreadsheetbench(tmp_path, tmp_path / "out")


def test_an_import_does_not_touch_what_is_there(tmp_path: Path) -> None:
    source = write_data_set(tmp_path / "in", {})
    import_spreadsheetbench(source, tmp_path / "out")

    with pytest.raises(TaskError, match=r"out/7' is there already. Choose an empty folder"):
        import_spreadsheetbench(source, tmp_path / "out")


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("soffice") is None, reason="no LibreOffice on this machine")
def test_formulas_of_an_output_are_calculated(tmp_path: Path) -> None:
    folder = import_spreadsheetbench(write_data_set(tmp_path / "in", {}), tmp_path / "out")[0]
    outputs = tmp_path / "outputs"
    outputs.mkdir()
    for case in (1, 2, 3):
        write_book(outputs / f"{case}_output.xlsx", A1="=2*3")

    assert spreadsheetbench_verifier.judge(outputs, folder / "tests") == []
    assert not list((folder / "tests").glob("*_answer.xlsx"))


def book(value: Value, *, known: bool = True) -> Book:
    """A workbook with one cell; not `known`: a formula without a value."""
    spot = ("Sheet", "A1")
    return Book({spot: value}, frozenset() if known else frozenset({spot}))


def write_book(path: Path, **cells: object) -> Path:
    workbook = openpyxl.Workbook()
    for name, value in cells.items():
        workbook["Sheet"][name] = value
    workbook.save(path)
    return path


def write_data_set(source: Path, change: dict[str, object]) -> Path:
    """A data set of one entry with the id 7, with keys of the entry changed."""
    entry = {"id": 7, "instruction": "Six.", "answer_position": "A1", "instruction_type": "Cell"}
    folder = source / "spreadsheet/7"
    folder.mkdir(parents=True)
    (source / "dataset.json").write_text(json.dumps([entry | change]))
    for case in (1, 2, 3):
        write_book(folder / f"{case}_7_input.xlsx")
        write_book(folder / f"{case}_7_answer.xlsx", A1=6)
    return source


def real_pairs() -> Iterator[tuple[str, str | None, Path, Path]]:
    """Position, answer sheet, answer and input of every real workbook pair."""
    for entry in json.loads((DATA / "dataset.json").read_text()):
        folder = DATA / "spreadsheet" / str(entry["id"])
        for case in (1, 2, 3):
            answer, given = (
                folder / f"{case}_{entry['id']}_{kind}.xlsx" for kind in ("answer", "input")
            )
            yield entry["answer_position"], entry.get("answer_sheet"), answer, given
