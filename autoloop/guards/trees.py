"""Walks over syntax trees, as `ast` has them but quicker: the gate takes many of them."""

import ast
from collections.abc import Iterable

_PARTS = "_autoloop_parts"
_PLAIN = frozenset(
    {"arg", "asname", "attr", "conversion", "ctx", "id", "is_async", "kind", "level", "module",
     "simple", "type_comment"}
)  # fmt: skip
"""Fields that hold no nodes, or only marks for loading and storing."""
LEAVES = frozenset({ast.Constant, ast.Name, ast.alias, ast.Global, ast.Nonlocal})
"""What has no parts."""
_FIELDS: dict[type, tuple[str, ...]] = {}
_NOTHING: list[ast.AST] = []


def children(node: ast.AST) -> list[ast.AST]:
    """A node's parts in order; the marks for loading and storing left out. Not to be changed."""
    kind = type(node)
    if kind in LEAVES:
        return _NOTHING
    own = node.__dict__
    known: list[ast.AST] | None = own.get(_PARTS)
    if known is not None:
        return known
    fields = _FIELDS.get(kind)
    if fields is None:
        fields = _FIELDS[kind] = tuple(name for name in kind._fields if name not in _PLAIN)
    found: list[ast.AST] = []
    for name in fields:
        value = own.get(name)
        if type(value) is list:
            found += [item for item in value if isinstance(item, ast.AST)] if value else ()
        elif isinstance(value, ast.AST):
            found.append(value)
    # Kept at the node: trees are read many times and never changed.
    own[_PARTS] = found
    return found


def walk(node: ast.AST) -> list[ast.AST]:
    """A node and everything below it."""
    rest = [node]
    for item in rest:
        # Asked here, too: every other node is a leaf, and a call for each takes long.
        if type(item) not in LEAVES:
            rest += children(item)
    return rest


def by_kind(nodes: Iterable[ast.AST]) -> dict[type, list[ast.AST]]:
    """Nodes by their kind, each list in the order of all: what asks for one kind need not sift."""
    found: dict[type, list[ast.AST]] = {}
    for node in nodes:
        found.setdefault(type(node), []).append(node)
    return found


def of_kinds(nodes: Iterable[ast.AST], kinds: frozenset[type]) -> list[ast.AST]:
    """The nodes of some kinds: far quicker than asking each with `isinstance`."""
    return [node for node in nodes if type(node) in kinds]
