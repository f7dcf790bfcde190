"""Code that waits for what single train tasks have: their files, numbers and names.

In a prompt one of them may stand by accident; in a comparison or a command it is there to be met.
"""

import ast
import re
from collections.abc import Iterator, Mapping

from autoloop.guards.commands import commands
from autoloop.guards.instructions import Words
from autoloop.guards.program import Program
from autoloop.guards.trees import of_kinds, walk

_ASKING = frozenset(
    {"startswith", "endswith", "removeprefix", "removesuffix", "search", "match", "fullmatch",
     "findall", "finditer", "count", "find", "index", "exists", "is_file", "isfile", "fnmatch",
     "partition", "rpartition", "__contains__", "contains"}
)  # fmt: skip
_KINDS = frozenset({ast.Compare, ast.Call, ast.MatchValue})
_TOKEN = re.compile(r"[\w./-]*\w")


def meetings(program: Program, words: Mapping[str, Words]) -> Iterator[tuple[int, str, str]]:
    """Line, word and task of each place where code goes by what one task alone has."""
    owners = {word: task for task, known in words.items() for word in (known.files | known.others)}
    for line, text in (*_compared(program), *commands(program)):
        for token in _TOKEN.findall(text.lower().replace("\\", "")):
            if token in owners:
                yield line, token, owners[token]


def _compared(program: Program) -> Iterator[tuple[int, str]]:
    for node in of_kinds(program.nodes, _KINDS):
        if isinstance(node, ast.Compare):
            sides = (node.left, *node.comparators)
        elif isinstance(node, ast.Call):
            name = getattr(node.func, "attr", getattr(node.func, "id", ""))
            sides = tuple(node.args) if name in _ASKING else ()
        else:
            sides = (node.value,)  # type: ignore[attr-defined]
        for side in sides:
            yield from _texts(side)


def _texts(side: ast.expr) -> Iterator[tuple[int, str]]:
    for part in walk(side):
        if isinstance(part, ast.Constant) and isinstance(part.value, str | int | float):
            yield part.lineno, str(part.value)[:200]
