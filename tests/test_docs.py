"""What the pages say is what the program does."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer
from pydantic import BaseModel
from typer.main import get_command

import autoloop
from autoloop import ClimbRun, Optimizer
from autoloop.cli.exits import Exit
from autoloop.cli.main import app
from autoloop.gateway.choose import DEFAULTS
from autoloop.guards import RULES
from autoloop.report.results_tsv import COLUMNS
from autoloop.settings import MetaProgramSettings, Settings
from tests.test_layers import ALLOWED

ROOT = Path(__file__).parents[1]
PAGES = [
    *(ROOT / name for name in ("README.md", "CHANGELOG.md", "benchmarks/README.md")),
    *sorted((ROOT / "docs").glob("*.md")),
]
WIDTH = 100
CALL = re.compile(r"`(opt|Optimizer|run)\.(\w+)")
LINK = re.compile(r"\]\(([^)]+)\)")


def page(name: str) -> str:
    return (ROOT / "docs" / name).read_text(encoding="utf-8")


def rows(name: str) -> dict[str, list[str]]:
    """All rows of a page's tables, by the first word in backticks of their first cell."""
    return rows_of(page(name))


def rows_of(text: str) -> dict[str, list[str]]:
    """The same of a piece of a page."""
    found = {}
    for line in text.splitlines():
        cells = [cell.strip() for cell in line.strip("|").split(" | ")]
        if line.startswith("|") and (first := re.match(r"\| `([^`]+)`", line)):
            found[first[1]] = cells
    return found


def settings_of(model: type[BaseModel], prefix: str = "") -> Iterator[tuple[str, object]]:
    for name, field in model.model_fields.items():
        if isinstance(field.default, BaseModel):
            yield from settings_of(type(field.default), f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", field.default


def as_written(default: object) -> str:
    """A default as the page writes it."""
    if isinstance(default, bool):
        return f"{default}".lower()
    if isinstance(default, int | float):
        return f"{default:.0f}" if default == int(default) else f"{default:g}"
    return "null" if default is None else f"{default}"


def commands_of(group: typer.core.TyperGroup, path: str = "") -> Iterator[tuple[str, set[str]]]:
    for name, command in group.commands.items():
        if isinstance(command, typer.core.TyperGroup):
            yield from commands_of(command, f"{path}{name} ")
        else:
            yield f"{path}{name}", {o for p in command.params for o in p.opts if o[:2] == "--"}


def root() -> typer.core.TyperGroup:
    group = get_command(app)
    assert isinstance(group, typer.core.TyperGroup)
    return group


def documented_commands() -> dict[str, set[str]]:
    """Options of each command, as docs/cli.md lists them."""
    return {
        re.sub(r"( [A-Z\[].*)", "", name): {*re.findall(r"`(--[a-z-]+)`", cells[-1])}
        for name, cells in rows_of(page("cli.md").partition("## Python")[0]).items()
    }


def calls_of_commands() -> dict[str, list[str]]:
    """The row of each command in the table of docs/cli.md that says how Python calls it."""
    return rows_of(page("cli.md").partition("## Python")[2])


def test_every_setting_is_documented_with_its_default() -> None:
    said = {
        name: cells[1].strip("`").replace("_", "")
        for name, cells in rows("settings.md").items()
        if not name.isupper()
    }

    assert said == {name: as_written(default) for name, default in settings_of(Settings)}


def test_every_setting_of_a_coding_agent_is_documented_with_its_default() -> None:
    said = {name: cells[1].strip("`") for name, cells in rows("outside-agents.md").items()}

    known = dict(settings_of(MetaProgramSettings))
    assert {name: said.get(name) for name in known} == {
        name: as_written(default) for name, default in known.items()
    }


def test_every_providers_key_is_documented() -> None:
    said = {
        name: cells[1].strip("`") for name, cells in rows("settings.md").items() if name.isupper()
    }

    assert said == dict(DEFAULTS)


def test_every_command_and_option_is_documented() -> None:
    everywhere = {"--json", "--help"}

    known = {name: options - everywhere for name, options in commands_of(root())}

    assert documented_commands() == known


def test_every_command_has_a_call_in_python() -> None:
    owners = {"opt": Optimizer, "Optimizer": Optimizer, "run": ClimbRun}
    calls = {name: CALL.findall(cells[1]) for name, cells in calls_of_commands().items()}

    assert calls.keys() == {name for name, _ in commands_of(root())}
    assert all(calls.values())
    for owner, name in (call for found in calls.values() for call in found):
        assert hasattr(owners[owner], name), f"{owner}.{name}"


def test_what_a_call_in_python_gives_is_of_a_public_type() -> None:
    public = {*autoloop.__all__, *autoloop.results.__all__}
    given = [cells[2] for cells in calls_of_commands().values()]

    assert {*re.findall(r"`(\w+)`", " ".join(given))} <= public


def test_options_before_the_command_are_documented() -> None:
    before = {option for parameter in root().params for option in parameter.opts}

    assert before == {"--project", "-C", "--version"}
    for option in ("`--project FOLDER`", "`-C`", "`autoloop --version`", "`--json`", "`--help`"):
        assert option in page("cli.md")


def test_every_exit_code_is_documented() -> None:
    said = re.findall(r"^\| (\d+) \| `([A-Z]+)`", page("exit-codes.md"), re.MULTILINE)

    assert said == [(str(code.value), code.name) for code in Exit]


def test_the_table_of_parts_names_every_part() -> None:
    parts = page("concepts.md").partition("## Parts")[2]

    said = set(re.findall(r"^\| `([a-z]+)`", parts, re.MULTILINE))

    assert said == {name or "autoloop" for name in ALLOWED}


def test_every_rule_of_the_gate_is_documented() -> None:
    said = {name for name in rows("guards.md") if name.islower()}

    assert said == {*RULES}


def test_every_column_of_results_tsv_is_documented_in_order() -> None:
    listed = re.split(r"\.\s", page("traces.md").partition("## results.tsv")[2])[0]

    assert tuple(re.findall(r"`(\w+)`", listed)) == COLUMNS


def prose(path: Path) -> Iterator[str]:
    """The lines of a page outside tables, code and pictures."""
    text = re.sub(r"(?ms)^ *```.*?^ *```$", "", path.read_text(encoding="utf-8"))
    yield from (line for line in text.splitlines() if not line.startswith(("|", "![")))


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_prose_is_no_wider_than_code(path: Path) -> None:
    assert [line for line in prose(path) if len(line) > WIDTH and " " in line.strip()] == []


def targets(path: Path) -> list[str]:
    links = LINK.findall(path.read_text(encoding="utf-8"))
    return [link for link in links if "://" not in link]


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_every_relative_link_leads_somewhere(path: Path) -> None:
    for link in targets(path):
        file, _, anchor = link.partition("#")
        target = path.parent / file if file else path

        assert target.exists(), link
        headings = re.findall(r"^#+ (.+)$", target.read_text(encoding="utf-8"), re.MULTILINE)
        assert not anchor or anchor in {h.lower().replace(" ", "-") for h in headings}


def test_the_readme_leads_to_every_page() -> None:
    linked = set(targets(ROOT / "README.md"))

    assert {f"docs/{path.name}" for path in PAGES if path.parent.name == "docs"} <= linked
