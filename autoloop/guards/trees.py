"""Walks over syntax trees, as `ast` has them but quicker: the gate takes many of them."""

import ast
from collections.abc import Iterable, Iterator

_PARTS = "_autoloop_parts"
_PLAIN = frozenset({int, str, type(None), float, bool, bytes, ast.Load, ast.Store, ast.Del})


def children(node: ast.AST) -> list[ast.AST]:
    """A node's parts in order; the marks for loading and storing left out."""
    known: list[ast.AST] | None = node.__dict__.get(_PARTS)
    if known is not None:
        return known
    found: list[ast.AST] = []
    for value in node.__dict__.values():
        kind = type(value)
        if kind is list:
            found += [item for item in value if isinstance(item, ast.AST)]
        elif kind not in _PLAIN and isinstance(value, ast.AST):
            found.append(value)
    # Kept at the node: trees are read many times and never changed.
    node.__dict__[_PARTS] = found
    return found


def walk(node: ast.AST) -> Iterator[ast.AST]:
    """A node and everything below it."""
    rest = [node]
    for item in rest:
        yield item
        rest += children(item)


def of_kinds(nodes: Iterable[ast.AST], kinds: frozenset[type]) -> list[ast.AST]:
    """The nodes of some kinds: far quicker than asking each with `isinstance`."""
    return [node for node in nodes if type(node) in kinds]
