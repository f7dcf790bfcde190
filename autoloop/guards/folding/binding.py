"""Which names statements bind or change."""

import ast
from collections.abc import Sequence

from autoloop.guards.trees import children, of_kinds, walk

_NAMED = frozenset({ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef})
_REACHING = frozenset({ast.Call, ast.Subscript})


def parameters(node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda) -> frozenset[str]:
    """Names of a function's parameters."""
    spec = node.args
    rows = [*spec.posonlyargs, *spec.args, *spec.kwonlyargs, spec.vararg, spec.kwarg]
    return frozenset(arg.arg for arg in rows if arg is not None)


def bound_names(body: Sequence[ast.AST]) -> frozenset[str]:
    """Names that statements bind, functions inside them not looked into."""
    found: set[str] = set()
    rest: list[ast.AST] = list(body)
    while rest:
        node = rest.pop()
        kind = type(node)
        if kind is ast.Name:
            if type(node.ctx) is not ast.Load:  # type: ignore[attr-defined]
                found.add(node.id)  # type: ignore[attr-defined]
        elif kind in _NAMED:
            found.add(node.name)  # type: ignore[attr-defined]
        elif kind is not ast.Lambda:
            rest += children(node)
    return frozenset(found)


def changed(statement: ast.stmt) -> frozenset[str]:
    """Names that a statement binds, and lists and dicts that it may change."""
    found = set(bound_names([statement]))
    for node in of_kinds(walk(statement), _REACHING):
        if isinstance(node, ast.Call | ast.Subscript):
            inside = node.func if isinstance(node, ast.Call) else node.value
            owner = inside.value if isinstance(inside, ast.Attribute) else inside
            is_changed = isinstance(node, ast.Call) or not isinstance(node.ctx, ast.Load)
            if isinstance(owner, ast.Name) and isinstance(inside, ast.Attribute | ast.Name):
                found |= {owner.id} if is_changed and inside is not owner else set()
    return frozenset(found)
