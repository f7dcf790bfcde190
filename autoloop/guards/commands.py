"""What a program runs, reads and writes, as far as it is written in it."""

import ast
from collections.abc import Iterator

from autoloop.guards.flow import WORKING
from autoloop.guards.program import Program
from autoloop.guards.texts import spelled
from autoloop.guards.trees import walk

_FILES = frozenset(
    {"open", "pathlib.Path", "os.path.exists", "os.path.isdir", "os.path.isfile", "os.listdir",
     "os.stat", "os.walk", "os.scandir", "glob.glob", "glob.iglob", "os.path.getsize",
     "shutil.copy", "shutil.copyfile", "shutil.copytree", "os.access"}
)  # fmt: skip


def commands(program: Program) -> tuple[tuple[int, str], ...]:
    """Line and text of all that calls which run, read or write are given."""
    known = program.notes.get(commands)
    if not isinstance(known, tuple):
        known = program.notes[commands] = tuple(_commands(program))
    return known


def _commands(program: Program) -> Iterator[tuple[int, str]]:
    for call in program.calls:
        full = program.name_of(call.func)
        name = call.func.attr if isinstance(call.func, ast.Attribute) else full
        is_own = isinstance(call.func, ast.Name) and call.func.id in program.flow.works
        name = full if full in _FILES else name
        if name not in WORKING - {"chat", "create"} and name not in _FILES and not is_own:
            continue
        for arg in (*call.args, *(keyword.value for keyword in call.keywords)):
            value = program.folding.value(arg, program.places.get(id(arg)))
            texts = list(spelled(value, most=100)) if value is not None else _written(arg)
            yield from ((call.lineno, text) for text in texts)


def _written(node: ast.expr) -> list[str]:
    """The texts in an expression, and each text with gaps as a whole."""
    parts = walk(node)
    whole = [_with_gaps(part) for part in parts if isinstance(part, ast.JoinedStr)]
    return whole + [
        part.value
        for part in parts
        if isinstance(part, ast.Constant) and isinstance(part.value, str)
    ]


def _with_gaps(node: ast.JoinedStr) -> str:
    return "".join(
        str(part.value) if isinstance(part, ast.Constant) else "{}" for part in node.values
    )
