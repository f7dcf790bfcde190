"""One hostile text, in every place that shows what an agent or a model wrote."""

import io
import re
from dataclasses import replace
from html import unescape
from html.parser import HTMLParser
from pathlib import Path

import pytest
from rich.console import Console

from autoloop import Optimizer
from autoloop.cli import printing
from autoloop.decision import Estimates
from autoloop.records import Failure, Notice, StepFinished
from autoloop.records.text import html_text, plain_text
from autoloop.report import ReportSources, write_report, write_results
from autoloop.report.live import LiveProgress
from tests.app.builders import RUN, make_project, make_trial, record_run, record_trials
from tests.cli.conftest import autoloop
from tests.report.builders import make_run, make_step, make_trials

KEY = "sk-canary-0123456789+/abcdef"
HOSTILE = (
    "=cmd|' /C calc'!A0\x1b[2J\x1b]0;owned\x07\x1b]8;;http://evil/\x1b\\here\x1b]8;;\x1b\\"
    "\x9b31m \u202egnp.exe\u2066\u200b [red]red[/red] [link=http://evil]go[/link] :skull: \\"
    '</td></pre></title></style><script>alert(1)</script><img src=x onerror="alert(2)">'
    "![x](http://evil/pixel) [y](javascript:alert(3)) ' onclick='x \x00\ud800\t\r\n"
    f"$\\frac{{1}}$ Authorization: Bearer {KEY}"
)
OBEYED = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2066-\u2069\ud800]")
TAGS = {
    *("html", "head", "meta", "title", "style", "body", "h1", "h2", "p", "div", "b", "table", "tr"),
    *("th", "td", "details", "summary", "span", "pre", "svg", "line", "text", "path"),
}


class Tags(HTMLParser):
    """Every tag and attribute of a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}


@pytest.fixture(autouse=True)
def key_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)


def assert_harmless(shown: str) -> None:
    assert not OBEYED.search(shown)
    assert KEY not in unescape(shown)
    assert "[red]red[/red]" in unescape(shown)


def assert_harmless_page(page: str) -> None:
    assert_harmless(page)
    found = Tags(page)
    assert found.tags <= TAGS
    assert not any(name.startswith("on") or name in {"src", "href"} for name in found.attributes)


def test_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = io.StringIO()
    console = Console(file=screen, force_terminal=True, width=4_000, color_system=None, emoji=False)
    monkeypatch.setattr(printing, "out", console)
    monkeypatch.setattr(printing, "err", console)

    printing.say(HOSTILE)
    printing.say_error(HOSTILE)
    printing.print_table(("task", HOSTILE[:9]), [("a", HOSTILE)])

    assert_harmless(screen.getvalue())
    assert screen.getvalue().count(":skull:") == 3


def test_for_other_programs(capsys: pytest.CaptureFixture[str]) -> None:
    printing.print_table(("task", "trouble"), [("a", HOSTILE)])
    table = capsys.readouterr().out
    printing.print_json({"text": HOSTILE})
    document = capsys.readouterr().out

    assert_harmless(table)
    assert_harmless(document)


@pytest.mark.parametrize("where", ["terminal", "log"])
def test_while_a_run_goes_on(where: str) -> None:
    screen = io.StringIO()
    console = Console(
        file=screen, force_terminal=where == "terminal", width=4_000, color_system=None
    )
    live = LiveProgress(console)

    live.notify(Notice(text=HOSTILE))
    live.notify(StepFinished(step=make_step(1, title=HOSTILE)))

    assert_harmless(screen.getvalue())


def test_in_the_report(tmp_path: Path) -> None:
    step = replace(make_step(1, title=HOSTILE), lesson=HOSTILE)
    trials = [replace(t, key=replace(t.key, task=HOSTILE)) for t in make_trials()]
    sources = ReportSources(diffs={1: f"+{HOSTILE}\n-{HOSTILE}"}, estimator=Estimates())

    write_report(tmp_path / "r.html", make_run(), [step], trials, sources=sources)

    assert_harmless_page((tmp_path / "r.html").read_text(encoding="utf-8"))


def test_in_a_notebook(tmp_path: Path) -> None:
    project = make_project(tmp_path / "project")
    record_run(project, title=plain_text(HOSTILE))

    page = Optimizer(project).run()._repr_html_()

    assert not OBEYED.search(page)
    assert Tags(page + html_text(HOSTILE)).tags <= TAGS


def test_in_the_ledger(tmp_path: Path) -> None:
    for start in ("", '"', "\uff1d", "\t", "'\"="):
        write_results(tmp_path / "r.tsv", [make_step(1, title=start + HOSTILE)], [])

        _, row = (tmp_path / "r.tsv").read_text(encoding="utf-8").splitlines()
        cell = row.split("\t")[-1]
        assert cell.startswith("'")
        assert_harmless(cell)


def test_from_the_command_line(tmp_path: Path) -> None:
    project = make_project(tmp_path / "project")
    title = HOSTILE.replace("\x00", "").replace("\ud800", "").replace("\r\n", " ")
    record_run(project, title=title)
    failure = Failure(kind="AgentCrashed", message=title)
    record_trials(project, RUN, replace(make_trial("amber"), failure=failure, reward=0.0))

    for command in ("log", "show 1", "trace amber", "status", "log --json", "show 1 --json"):
        done = autoloop(*command.split(), cwd=project)

        assert not OBEYED.search(done.out + done.err), command
        assert KEY not in done.out + done.err, command
