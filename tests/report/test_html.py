"""The page about a run."""

from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest

from autoloop.decision import Estimates
from autoloop.records import Decision, Review, Run, Split, Step
from autoloop.report import ReportSources, write_report
from tests.report.builders import (
    make_run,
    make_scores,
    make_step,
    make_task,
    make_trial,
    make_trials,
)

HOSTILE = '</pre></title><script>alert(1)</script><img src="http://x/y" onerror=x>'
VOID = {"meta", "img"}


class Page(HTMLParser):
    """Tags that stay open and resources that would be loaded."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[str] = []
        self.loads: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append(tag)
        self.loads += [value or "" for name, value in attrs if name in {"src", "href"}]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """An SVG element closed at once; the base class would call both handlers."""
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def make_sources(diffs: dict[int, str]) -> ReportSources:
    tasks = (make_task("t1"), make_task("t2"))
    return ReportSources(diffs=diffs, estimator=Estimates(), tasks=tasks)


def report(
    folder: Path, *, run: Run | None = None, steps: list[Step] | None = None, diff: str = ""
) -> str:
    path = folder / "report.html"
    write_report(
        path,
        run or make_run(),
        steps or [make_step(1)],
        make_trials(),
        sources=make_sources({1: diff}),
    )
    return path.read_text(encoding="utf-8")


def test_the_page_is_well_formed_and_loads_nothing(tmp_path: Path) -> None:
    page = Page(report(tmp_path, diff="+a\n-b\n c"))

    assert page.open == []
    assert page.loads == []
    assert "svg" in page.seen


def test_hostile_texts_are_shown_and_never_become_html(tmp_path: Path) -> None:
    step = replace(make_step(1, title=HOSTILE), lesson=HOSTILE)
    run = replace(make_run(), name=HOSTILE, task_model=HOSTILE)

    page = Page(report(tmp_path, run=run, steps=[step], diff=f"+{HOSTILE}"))

    assert page.open == page.loads == []
    assert not {"script", "img"} & set(page.seen)


def test_kept_and_reverted_edits_are_marked_with_their_titles(tmp_path: Path) -> None:
    steps = [make_step(1), make_step(2, Decision.REVERT, title="Shout", gain=-0.3)]

    text = report(tmp_path, steps=steps)

    assert "<title>Step 1, keep: Check results</title>" in text
    assert "<title>Step 2, revert: Shout</title>" in text


def test_what_the_reviewer_said_stands_with_the_step(tmp_path: Path) -> None:
    review = Review(worthwhile="no", reason="It knows <one> file.", tasks=("csv/a",))

    text = report(tmp_path, steps=[replace(make_step(1), review=review)])

    assert "no. It seems made for csv/a. It knows &lt;one&gt; file." in text
    assert "Validation was asked for 1 verdict;" in text


def test_the_final_table_stands_with_intervals(tmp_path: Path) -> None:
    text = report(tmp_path, run=make_run({Split.HOLDOUT: make_scores()}))

    assert "<td>holdout</td><td>8</td><td>35.0 [20.0, 50.0]</td>" in text
    assert "+45.0 [+10.0, +70.0]" in text


def test_only_train_tasks_are_named(tmp_path: Path) -> None:
    text = report(tmp_path)

    assert "<td>t2</td><td>0 (1x)</td><td>100 (1x)</td>" in text
    assert "secret" not in text


@pytest.mark.parametrize("steps", [[], [replace(make_step(1), proposal=None, verdict=None)]])
def test_a_run_that_has_only_begun_has_a_page(tmp_path: Path, steps: list[Step]) -> None:
    path = tmp_path / "report.html"

    write_report(path, replace(make_run(), stop_reason=None), steps, [], sources=make_sources({}))

    assert "not finished" in path.read_text(encoding="utf-8")


def test_a_huge_diff_is_cut_and_says_so(tmp_path: Path) -> None:
    text = report(tmp_path, diff="+x\n" * 100_000)

    assert "more characters" in text
    assert len(text) < 1_000_000


def test_reused_trials_are_no_new_ones(tmp_path: Path) -> None:
    trials = [replace(trial, reused_from="r0") for trial in make_trials()[:2]]
    path = tmp_path / "report.html"

    write_report(path, make_run(), [make_step(1)], trials, sources=make_sources({}))

    text = path.read_text()
    assert "of them reused<b>2</b>" in text
    assert "0 new trials and 2 reused, 100 tokens" in text


def test_the_page_shows_the_bests_success_its_families_and_tasks_to_look_at(
    tmp_path: Path,
) -> None:
    flaky = [make_trial("t1", attempt=i, reward=float(i % 2)) for i in range(1, 5)]
    path = tmp_path / "report.html"

    write_report(path, make_run(), [], flaky, sources=make_sources({}))

    page = path.read_text(encoding="utf-8")
    assert "Best agent: success" in page
    assert "<td>train</td><td>family</td><td>csv</td><td>1</td><td>4</td>" in page
    assert "<td>t1</td><td>flaky</td><td>2/4</td>" in page
    assert Page(page).open == []
