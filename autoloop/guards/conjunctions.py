"""Questions to the instruction that must all be answered with yes, and so name a task together."""

import ast
from collections.abc import Iterator, Mapping

from autoloop.guards.probes import Probe
from autoloop.guards.program import Program
from autoloop.guards.trees import children

_MANY = 12
"""Questions of one conjunction that are looked at."""


def conjunctions(
    program: Program, asked: tuple[Probe, ...]
) -> Iterator[tuple[ast.expr, list[str]]]:
    """Each place where several texts must be in the instruction at once, with those texts."""
    by_node = {id(probe.node): probe for probe in asked if probe.kind == "text"}
    if not by_node:
        return
    _add_named(program, by_node)
    for unit in program.flow.units:
        for statement in [] if isinstance(unit.node, ast.Lambda) else unit.node.body:
            yield from _below(statement, (), by_node)
        for node, _ in unit.nodes:
            if isinstance(node, ast.BoolOp) and isinstance(node.op, ast.And):
                yield node, _texts(node, by_node)
            elif isinstance(node, ast.Call) and getattr(node.func, "id", "") == "all":
                yield node, _all_of(node, by_node)


def _add_named(program: Program, by_node: dict[int, Probe]) -> None:
    """`is_table = "header" in instruction`: the name stands for the question."""
    for unit in program.flow.units:
        named = {
            target.id: by_node[id(node.value)]
            for node, _ in unit.of(ast.Assign)
            if id(node.value) in by_node
            for target in node.targets
            if isinstance(target, ast.Name)
        }
        for node, _ in unit.of(ast.Name) if named else ():
            if node.id in named:
                by_node[id(node)] = named[node.id]


def _below(
    node: ast.AST, above: tuple[str, ...], by_node: Mapping[int, Probe]
) -> Iterator[tuple[ast.expr, list[str]]]:
    """Nested conditions."""
    rest: list[tuple[ast.AST, tuple[str, ...]]] = [(node, above)]
    while rest:
        item, known = rest.pop()
        if isinstance(item, ast.If):
            texts = (*known, *_texts(item.test, by_node))
            if known and len(texts) > len(known):
                yield item.test, list(texts)
            rest += [(one, texts) for one in item.body] + [(one, known) for one in item.orelse]
        else:
            rest += [(one, known) for one in children(item) if isinstance(one, ast.stmt)]


def _texts(test: ast.expr, by_node: Mapping[int, Probe]) -> list[str]:
    """What a condition needs the instruction to have."""
    found: list[str] = []
    rest = [test]
    while rest and len(found) < _MANY:
        node = rest.pop()
        if isinstance(node, ast.BoolOp) and isinstance(node.op, ast.And):
            rest += node.values
        elif isinstance(node, ast.NamedExpr):
            rest.append(node.value)
        elif id(node) in by_node and _is_wanted(node):
            constants = by_node[id(node)].constants
            is_subset = isinstance(node, ast.Compare) and isinstance(node.ops[0], ast.LtE | ast.Lt)
            found += constants if len(constants) == 1 or is_subset else ()
    return found


def _is_wanted(node: ast.expr) -> bool:
    is_compare = isinstance(node, ast.Compare)
    return not (is_compare and isinstance(node.ops[0], ast.NotIn | ast.NotEq))  # type: ignore[attr-defined]


def _all_of(call: ast.Call, by_node: Mapping[int, Probe]) -> list[str]:
    first = call.args[0] if call.args else None
    if isinstance(first, ast.GeneratorExp | ast.ListComp):
        probe = by_node.get(id(first.elt))
    else:
        probe = by_node.get(id(first))
    return list(probe.constants)[:_MANY] if probe else []
