"""Functions, classes and tables that an edit brings: their names tell what they are for."""

import ast
from dataclasses import dataclass
from functools import lru_cache

from autoloop.guards.program import Program
from autoloop.guards.texts import text_of
from autoloop.guards.trees import walk

_REMEMBERED = 4
_FEW_WORDS = 6
"""Words of a name or a short text; what is longer is a sentence by itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Definition:
    """One statement of a module."""

    line: int
    words: tuple[str, ...]
    """Names and short texts in it."""


@lru_cache(maxsize=_REMEMBERED)
def definitions(old: Program, new: Program) -> tuple[Definition, ...]:
    """Those that stand in a program and did not before."""
    lines = new.source.splitlines()
    return tuple(
        Definition(line=node.lineno, words=tuple(_words(node)))
        for node in new.tree.body
        if not isinstance(node, ast.Import | ast.ImportFrom | ast.Expr)
        and "\n".join(lines[node.lineno - 1 : node.end_lineno]) not in old.source
    )


def _words(node: ast.stmt) -> list[str]:
    return [text for one in walk(node) if (text := text_of(one)) and text.count(" ") < _FEW_WORDS]
