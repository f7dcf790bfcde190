"""The ledger for people."""

from pathlib import Path

import pytest

from autoloop.records import Decision
from autoloop.report import write_results
from tests.report.builders import flagged, make_step, make_trial, make_trials


def cells(path: Path) -> list[list[str]]:
    return [line.split("\t") for line in path.read_text(encoding="utf-8").splitlines()]


def test_each_finished_step_has_one_row_under_its_columns(tmp_path: Path) -> None:
    path = tmp_path / "results.tsv"
    steps = [make_step(2, Decision.REVERT, gain=-0.1), make_step(1), make_step(3, finished=False)]

    write_results(path, steps, make_trials())

    header, first, second = cells(path)
    row = dict(zip(header, first, strict=True))
    assert (row["step"], row["verdict"], row["train_gain"]) == ("1", "keep", "0.5000")
    assert (row["trials"], row["tokens"], row["cost_usd"]) == ("6", "190", "2.0000")
    assert second[2:4] == ["revert", "-0.1000"]


def test_writing_again_gives_the_same_bytes_and_leaves_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "results.tsv"
    write_results(path, [make_step(1)], make_trials())
    before = path.read_bytes()

    write_results(path, [make_step(1)], make_trials())

    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("title", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\n=cmd|' /C calc'!A0"])
def test_no_title_is_taken_for_a_formula(tmp_path: Path, title: str) -> None:
    write_results(tmp_path / "r.tsv", [make_step(1, title=title)], [])

    assert cells(tmp_path / "r.tsv")[1][-1].startswith("'")


def test_a_title_never_breaks_out_of_its_cell(tmp_path: Path) -> None:
    title = "a\tb\r\nc\x00\u2028d\x1b[31m"

    write_results(tmp_path / "r.tsv", [make_step(1, title=title)], [])

    assert len(cells(tmp_path / "r.tsv")) == 2
    assert cells(tmp_path / "r.tsv")[1][-1] == "a b c d [31m"


def test_trials_that_are_not_clean_are_counted(tmp_path: Path) -> None:
    trials = [
        make_trial(),
        flagged(make_trial(attempt=1), "suspicious"),
        flagged(make_trial(attempt=2), "tampered"),
        flagged(make_trial(attempt=3), "tampered"),
        flagged(make_trial(attempt=4), "note"),
    ]

    write_results(tmp_path / "r.tsv", [make_step(1)], trials)

    header, row = cells(tmp_path / "r.tsv")
    counts = dict(zip(header, row, strict=True))
    assert (counts["suspicious"], counts["tampered"]) == ("1", "2")
