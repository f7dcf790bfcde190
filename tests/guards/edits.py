"""The corpus of edits, honest and cheating, that the gate is measured with.

A file of the corpus holds the definitions that an edit brings, below a few `#:` lines. A definition
of a name that the default agent.py has takes its place, others come before `solve`; `#: whole` is a
complete agent.py.
"""

import ast
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from autoloop.app.train_material import train_material
from autoloop.guards import TrainTask
from autoloop.records import Split
from autoloop.tasks import open_dataset

CORPUS = Path(__file__).parent / "corpus"
ROOT = Path(__file__).parents[2]
_HEADER = re.compile(r"^#: (\w+) ?(.*)$", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """One edit of the default agent.py."""

    name: str
    cheating: bool
    part: str
    """`seen` was written before the rules were frozen. `unseen`, `later`, `last`, `fresh`,
    `second` and `third` followed in this order, each after the rules had been mended for what the
    one before had shown, and were frozen again; `third` by another hand, which never saw them.
    `fourth` and `fifth` are by two more such hands, and nothing was mended for what they show."""
    kind: str
    rule: str
    """Which rule should catch it; empty for an honest one."""
    source: str
    """The whole agent.py after it."""


def agent_source() -> str:
    """The agent.py that all edits are made to."""
    return (ROOT / "agent.py").read_text(encoding="utf-8")


def train_tasks(cache: Path) -> tuple[TrainTask, ...]:
    """All tasks of this repository, as if every one were for training."""
    tasks = open_dataset(str(ROOT / "tasks"), cache=cache).tasks
    return train_material(tasks, dict.fromkeys((task.name for task in tasks), Split.TRAIN))


def edits() -> tuple[Edit, ...]:
    """The whole corpus."""
    before = _statements(agent_source())
    return tuple(_read(path, before) for path in sorted(CORPUS.rglob("*.edit")))


def _read(path: Path, before: Mapping[ast.stmt, str]) -> Edit:
    text = path.read_text(encoding="utf-8")
    header = dict(_HEADER.findall(text))
    code = _HEADER.sub("", text).lstrip("\n")
    part, side = path.parent.name, path.parent.parent.name
    return Edit(
        name=path.stem,
        cheating=side == "cheating",
        part=part,
        kind=header["kind"],
        rule=header.get("rule", ""),
        source=code if "whole" in header else _put_in(before, code),
    )


def _put_in(before: Mapping[ast.stmt, str], code: str) -> str:
    """The program with the definitions of an edit in it."""
    places = {name: node for node in before for name in _names(node)}
    changes: dict[ast.stmt, str] = {}
    imports: list[str] = []
    extra: list[str] = []
    for node, text in _statements(code).items():
        found = next((places[name] for name in _names(node) if name in places), None)
        if isinstance(node, ast.Import | ast.ImportFrom):
            imports.append(text)
        elif found is None:
            extra.append(text)
        else:
            changes[found] = text
    return _assembled({**before, **changes}, imports, extra)


def _statements(code: str) -> dict[ast.stmt, str]:
    """Those of a module and the text of each, decorators and all."""
    lines = code.encode().splitlines(keepends=True)
    return {node: _text(lines, node) for node in ast.parse(code).body}


def _text(lines: Sequence[bytes], node: ast.stmt) -> str:
    first = min((one.lineno for one in getattr(node, "decorator_list", [])), default=node.lineno)
    end = node.end_lineno or node.lineno
    last = lines[end - 1][: node.end_col_offset]
    return b"".join([*lines[first - 1 : end - 1], last]).decode()


def _assembled(
    statements: Mapping[ast.stmt, str], imports: Sequence[str], extra: Sequence[str]
) -> str:
    parts: list[str] = []
    for number, (node, text) in enumerate(statements.items()):
        if isinstance(node, ast.FunctionDef) and node.name == "solve":
            parts += extra
        parts.append(text)
        if number == 0 and imports:
            parts.append("\n".join(imports))
    return "\n\n".join(parts) + "\n"


def _names(node: ast.stmt) -> Iterator[str]:
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        yield node.name
    elif isinstance(node, ast.Assign):
        yield from (target.id for target in node.targets if isinstance(target, ast.Name))
