"""Places where a program asks whether the instruction holds something that it knows."""

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from autoloop.guards.flow import WORKING, Flow, Kind, Unit
from autoloop.guards.folding import Folding, Scope
from autoloop.guards.folding.names import dotted
from autoloop.guards.program import Program
from autoloop.guards.texts import spelled
from autoloop.guards.trees import children, walk

_TELLING_NOTHING = frozenset(
    {*WORKING, "format", "join", "format_map", "encode", "decode", "append", "note", "extend"}
)
_DEPTH = 8
_KEPT = 400
_TABLES = (ast.Call, ast.Dict, ast.List, ast.Set, ast.Tuple)
_ASKING = frozenset({ast.Compare, ast.Call, ast.BinOp, ast.Subscript, ast.Match})


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """One question to the instruction."""

    node: ast.expr
    line: int
    kind: Kind
    is_equal: bool
    """Whether it asks for equality, or looks the whole up in a table."""
    constants: tuple[str, ...]
    """What it is held against."""


def probes(program: Program) -> tuple[Probe, ...]:
    """Every question of a program to the instruction."""
    asking = _Asking(program)
    return tuple(
        probe
        for unit in program.flow.units
        for node, scope in unit.nodes
        if type(node) in _ASKING
        for probe in asking.of(node, unit, scope)
        if probe.constants
    )


class _Asking:
    def __init__(self, program: Program) -> None:
        self._flow: Flow = program.flow
        self._folding: Folding = program.folding
        self._given = _assigned(program)

    def of(self, node: ast.AST, unit: Unit, scope: Scope) -> Iterator[Probe]:
        if isinstance(node, ast.Compare):
            yield from self._compare(node, unit, scope)
        elif isinstance(node, ast.Call):
            yield from self._call(node, unit, scope)
        elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitAnd | ast.Sub):
            yield from self._sides(node, (node.left, node.right), unit, scope)
        elif isinstance(node, ast.Subscript) and not isinstance(node.slice, ast.Slice):
            kind = self._flow.kind(node.slice, unit)
            if kind:
                yield self._probe(node, kind, (node.value,), unit, scope, is_equal=True)
        elif isinstance(node, ast.Match):
            yield from self._match(node, unit, scope)

    def _compare(self, node: ast.Compare, unit: Unit, scope: Scope) -> Iterator[Probe]:
        sides = (node.left, *node.comparators)
        is_equal = any(isinstance(op, ast.Eq | ast.NotEq) for op in node.ops)
        in_table = isinstance(node.ops[0], ast.In | ast.NotIn) and bool(
            self._flow.kind(node.left, unit)
        )
        yield from self._sides(node, sides, unit, scope, is_equal=is_equal or in_table)

    def _sides(
        self,
        node: ast.expr,
        sides: Sequence[ast.expr],
        unit: Unit,
        scope: Scope,
        *,
        is_equal: bool = False,
    ) -> Iterator[Probe]:
        kinds = [self._flow.kind(side, unit) for side in sides]
        asked: Kind = next((kind for kind in kinds if kind), "")
        if asked:
            others = [side for side, kind in zip(sides, kinds, strict=True) if not kind]
            yield self._probe(node, asked, others, unit, scope, is_equal=is_equal)

    def _call(self, node: ast.Call, unit: Unit, scope: Scope) -> Iterator[Probe]:
        func = node.func
        is_method = isinstance(func, ast.Attribute)
        name = func.attr if isinstance(func, ast.Attribute) else getattr(func, "id", "")
        if name in _TELLING_NOTHING or name in self._flow.by_name:
            return
        sides = [*node.args, *(keyword.value for keyword in node.keywords)]
        if isinstance(func, ast.Name) and self._flow.kind(func, unit):
            sides = [func, *sides]
        elif isinstance(func, ast.Call):
            sides += func.args
        if isinstance(func, ast.Attribute):
            full = dotted(func, self._folding.imports)
            sides = sides if full and "." in full else [func.value, *sides]
        if name == "print" or len(sides) < len("ab"):
            return
        is_lookup = is_method and name in {"get", "pop", "setdefault"}
        yield from self._sides(node, sides, unit, scope, is_equal=is_lookup)

    def _match(self, node: ast.Match, unit: Unit, scope: Scope) -> Iterator[Probe]:
        kind = self._flow.kind(node.subject, unit)
        if not kind:
            return
        values = [
            inner.value
            for case in node.cases
            for inner in walk(case.pattern)
            if isinstance(inner, ast.MatchValue)
        ]
        yield self._probe(node.subject, kind, values, unit, scope, is_equal=True)

    def _probe(
        self,
        node: ast.expr,
        kind: Kind,
        others: Sequence[ast.expr],
        unit: Unit,
        scope: Scope,
        *,
        is_equal: bool,
    ) -> Probe:
        found = [
            text
            for other in others
            for value in self._constants(other, unit, scope)
            for text in spelled(value)
        ]
        return Probe(
            node=node,
            line=node.lineno,
            kind=kind,
            is_equal=is_equal,
            constants=tuple(dict.fromkeys(found))[:_KEPT],
        )

    def _constants(
        self, node: ast.expr, unit: Unit, scope: Scope, depth: int = 0
    ) -> Iterator[object]:
        """What an expression can be, as far as that is written in the program."""
        value = self._folding.value(node, scope)
        if value is not None:
            # A table's keys are what it is asked for.
            yield list(value) if isinstance(value, dict) else value
            return
        if depth > _DEPTH:
            return
        if isinstance(node, ast.Name):
            yield from self._of_name(node.id, unit, depth)
            return
        if isinstance(node, ast.Dict):
            yield from (self._folding.value(key, scope) for key in node.keys if key)
            return
        for part in children(node):
            if isinstance(part, ast.expr):
                yield from self._constants(part, unit, scope, depth + 1)

    def _of_name(self, name: str, unit: Unit, depth: int) -> Iterator[object]:
        for written, place in self._given.get(name, ()):
            yield from self._constants(written, unit, place, depth + 1)
        for target, rows, scope in unit.loops.get(name, []):
            value = self._folding.value(_without_view(rows), scope)
            if value is None:
                yield from self._constants(rows, unit, scope, depth + 1)
            else:
                is_items = rows is not _without_view(rows)
                yield _column(target, name, value, is_items=is_items)
        for given, scope in unit.given.get(name, []):
            yield from self._constants(given, unit, scope, depth + 1)


def _without_view(rows: ast.expr) -> ast.expr:
    """`TABLE` of `TABLE.items()`."""
    if isinstance(rows, ast.Call) and isinstance(rows.func, ast.Attribute):
        return rows.func.value if rows.func.attr == "items" else rows
    return rows


def _column(target: ast.expr, name: str, value: object, *, is_items: bool) -> object:
    """What the named part of a loop's target runs through."""
    if is_items and isinstance(value, dict):
        value = list(value.items())
    elif isinstance(value, dict):
        value = list(value)
    names = [getattr(part, "id", "") for part in getattr(target, "elts", [])]
    if name not in names or not isinstance(value, list | tuple):
        return value
    place = names.index(name)
    return [row[place] for row in value if isinstance(row, list | tuple) and len(row) > place]


def _assigned(program: Program) -> dict[str, list[tuple[ast.expr, Scope]]]:
    """What names are given that are no constants as a whole, such as tables of functions."""
    found: dict[str, list[tuple[ast.expr, Scope]]] = {}
    for node in program.of(ast.Assign):
        if isinstance(node.value, _TABLES):
            for target in node.targets:
                if isinstance(target, ast.Name):
                    place = program.places.get(id(node), program.folding.module)
                    found.setdefault(target.id, []).append((node.value, place))
    return found
