"""Python programs that an agent.py holds as text, to write them or hand them to a shell."""

import ast
import re
from collections.abc import Iterable, Iterator
from functools import lru_cache

from autoloop.errors import CandidateError
from autoloop.guards.folding import Folding, fold
from autoloop.guards.syntax import parse_anew
from autoloop.guards.trees import of_kinds, walk

_MARKS = re.compile(r"\b(?:print|open|exec|join|chr|decode)\(|\bimport \w|[\w\]'\"]\[::")
_INLINE = re.compile(r"python[\d.]*\s+(?:-\w+\s+)*-c\s+(?:'([^']+)'|\"([^\"]+)\")", re.DOTALL)
_HEREDOC = re.compile(r"<<-?\s*['\"]?(\w+)['\"]?[^\n]*\n(.*?)\n\s*\1\b", re.DOTALL)
_REMEMBERED = 128
_MOST = 20
_LONGEST = 16_000


def scripts(nodes: Iterable[ast.AST]) -> tuple[tuple[int, Folding], ...]:
    """Line of each literal that is or holds a program, with what its constants come to."""
    found: list[tuple[int, Folding]] = []
    for node in of_kinds(nodes, frozenset({ast.Constant})):
        value = node.value if isinstance(node, ast.Constant) else None
        if isinstance(value, str) and len(value) <= _LONGEST and _MARKS.search(value):
            found += ((node.lineno, folding) for folding in _folded(value))  # type: ignore[attr-defined]
        if len(found) >= _MOST:
            break
    return tuple(found)


@lru_cache(maxsize=_REMEMBERED)
def _folded(text: str) -> tuple[Folding, ...]:
    return tuple(_all_folded(text))


def _all_folded(text: str) -> Iterator[Folding]:
    pieces = [one or other for one, other in _INLINE.findall(text)]
    pieces += [body for _, body in _HEREDOC.findall(text)]
    for piece in pieces or [text]:
        try:
            tree = parse_anew(piece)
        except CandidateError:
            continue
        nodes = tuple(walk(tree))
        if any(isinstance(node, ast.Call | ast.Assign) for node in nodes):
            yield fold(tree, nodes)
