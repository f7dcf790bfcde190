"""Where a program takes the task's instruction, and what it makes of it."""

import ast
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar, Literal

from autoloop.guards.folding import Folding, Scope
from autoloop.guards.folding.names import dotted
from autoloop.guards.trees import children, walk

Kind = Literal["", "text", "measure", "print"]
"""Nothing of the instruction; its text or a part; a length or count; a hash or sum of letters."""
_ORDER: Sequence[Kind] = ("", "text", "measure", "print")
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
_ROUNDS = 4
_LOOPS = (ast.For, ast.AsyncFor, ast.comprehension)
_GIVING = (ast.AnnAssign, ast.AugAssign, ast.NamedExpr)
_TEACHING = frozenset({ast.Assign, ast.Call, ast.Return, *_LOOPS, *_GIVING})
_DEPTH = 40
_GIVEN = "instruction"
_PRINTS = ("hashlib.", "zlib.crc32", "zlib.adler32", "binascii.crc32", "hash", "ord", "hmac.")
_MEASURES = frozenset({"len", "count", "find", "rfind", "index", "rindex"})
_TAKING = (
    "re.", "str", "list", "tuple", "set", "frozenset", "sorted", "reversed", "enumerate", "iter",
    "next", "map", "filter", "zip", "any", "all", "bool", "min", "max", "sum", "int", "repr",
    "dict", "json.", "textwrap.", "string.", "difflib.", "collections.Counter", "bytes", "shlex.",
    "fnmatch.", "unicodedata.", "base64.",
)  # fmt: skip
_MATCHING = frozenset({"search", "match", "fullmatch", "findall", "finditer", "sub", "split"})
WORKING = frozenset({"chat", "run", "create", "invoke", "complete", "completion", "read", "write"})
"""Methods through which an agent works: what they give is not the instruction any more."""
_PARTS = (
    ast.BinOp, ast.BoolOp, ast.UnaryOp, ast.Compare, ast.IfExp, ast.JoinedStr, ast.FormattedValue,
    ast.NamedExpr, ast.Starred, ast.Await, ast.List, ast.Tuple, ast.Set, ast.Slice,
)  # fmt: skip


@dataclass(slots=True, kw_only=True)
class Unit:
    """A function or method with everything inside it."""

    node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
    nodes: tuple[tuple[ast.AST, Scope], ...]
    globals: frozenset[str] = frozenset()
    names: dict[str, Kind] = field(default_factory=dict)
    loops: dict[str, list[tuple[ast.expr, ast.expr, Scope]]] = field(default_factory=dict)
    """By name: target and iterable of the loops that bind it."""
    given: dict[str, list[tuple[ast.expr, Scope]]] = field(default_factory=dict)
    """By parameter: what calls in this program pass."""


@dataclass(slots=True, kw_only=True)
class Flow:
    """The instruction's way through a program."""

    units: tuple[Unit, ...]
    by_name: Mapping[str, Unit]
    classes: Mapping[str, ast.ClassDef]
    lambdas: tuple[tuple[Unit, ast.Lambda], ...]
    imports: Mapping[str, str]
    attributes: dict[str, Kind] = field(default_factory=dict)
    """Of objects that hold the instruction, such as `self.task`."""
    shared: dict[str, Kind] = field(default_factory=dict)
    """Of the module's names, where a function gives them the instruction."""
    returns: dict[str, Kind] = field(default_factory=dict)
    """What of the instruction the program's functions give back."""
    works: frozenset[str] = frozenset()
    """Functions that ask the model or touch the container."""

    def kind(self, node: ast.expr | None, unit: Unit, depth: int = 0) -> Kind:
        """What of the instruction an expression holds."""
        if node is None or depth > _DEPTH:
            return ""
        known = self._KINDS.get(type(node))
        return known(self, node, unit, depth + 1) if known else ""

    def _of_name(self, node: ast.Name, unit: Unit, _: int) -> Kind:
        return unit.names.get(node.id, "") or self.shared.get(node.id, "")

    def _of_attribute(self, node: ast.Attribute, unit: Unit, depth: int) -> Kind:
        return self.attributes.get(node.attr, "") or self.kind(node.value, unit, depth)

    def _of_comprehension(
        self, node: ast.ListComp | ast.SetComp | ast.GeneratorExp, unit: Unit, depth: int
    ) -> Kind:
        return self._most((node.elt, *(loop.iter for loop in node.generators)), unit, depth)

    def _of_parts(self, node: ast.expr, unit: Unit, depth: int) -> Kind:
        return self._most((n for n in children(node) if isinstance(n, ast.expr)), unit, depth)

    def _most(self, nodes: Iterable[ast.expr], unit: Unit, depth: int) -> Kind:
        return max((self.kind(n, unit, depth + 1) for n in nodes), key=_ORDER.index, default="")

    def _of_subscript(self, node: ast.Subscript, unit: Unit, depth: int) -> Kind:
        owner = node.value
        if isinstance(owner, ast.Subscript) and isinstance(owner.value, ast.Name):
            # `messages[1]["content"]` is the instruction where the list was made with it.
            first = owner.slice.value if isinstance(owner.slice, ast.Constant) else None
            if first in {0, 1} and unit.names.get(f"[{owner.value.id}]"):
                return "text"
        return self.kind(owner, unit, depth)

    def _of_call(self, node: ast.Call, unit: Unit, depth: int) -> Kind:
        args = [*node.args, *(keyword.value for keyword in node.keywords)]
        given = self._most(args, unit, depth)
        if given and any(isinstance(arg, ast.Name) and arg.id in {"ord", "hash"} for arg in args):
            return "print"
        name = dotted(node.func, self.imports) or ""
        if name.startswith(_PRINTS) and (given or "." in name):
            return "print" if given else ""
        if isinstance(node.func, ast.Attribute):
            return self._of_method(node.func, given, unit, depth)
        return self._of_function(node.func, name, given) if given else ""

    def _of_function(self, func: ast.expr, name: str, given: Kind) -> Kind:
        if name == "len":
            return "measure"
        called = func.id if isinstance(func, ast.Name) else ""
        if called in self.by_name:
            return self.returns.get(called, "")
        return given if name.startswith(_TAKING) else ""

    def _of_method(self, func: ast.Attribute, given: Kind, unit: Unit, depth: int) -> Kind:
        name = dotted(func, self.imports) or ""
        if name.startswith(_TAKING):
            return given
        owner = self.kind(func.value, unit, depth)
        if owner:
            return "measure" if func.attr in _MEASURES and owner == "text" else owner
        if func.attr in self.by_name:
            return self.returns.get(func.attr, "")
        return given if func.attr in _MATCHING else ""

    _KINDS: ClassVar[Mapping[type, Callable[..., Kind]]] = {
        ast.Name: _of_name,
        ast.Call: _of_call,
        ast.Attribute: _of_attribute,
        ast.Subscript: _of_subscript,
        **dict.fromkeys((ast.ListComp, ast.SetComp, ast.GeneratorExp), _of_comprehension),
        **dict.fromkeys(_PARTS, _of_parts),
    }


def follow(tree: ast.Module, folding: Folding) -> Flow:
    """Find out what of the instruction each name of a program holds."""
    units = tuple(_units(tree, folding))
    by_name = {u.node.name: u for u in units if not isinstance(u.node, ast.Lambda)}
    classes = {node.name: node for node in tree.body if isinstance(node, ast.ClassDef)}
    flow = Flow(
        units=units,
        by_name=by_name,
        classes=classes,
        lambdas=_lambdas(units),
        imports=folding.imports,
        works=_working(by_name),
    )
    for unit in units:
        for name in _first_names(unit.node):
            unit.names[name] = "text"
        _note_loops(unit)
    teaching = [
        (unit, *pair) for unit in units for pair in unit.nodes if type(pair[0]) in _TEACHING
    ]
    for _ in range(_ROUNDS):
        before = _known(flow)
        for unit, node, scope in teaching:
            _learn(flow, unit, node, scope)
        if _known(flow) == before:
            break
    return flow


def _lambdas(units: Iterable[Unit]) -> tuple[tuple[Unit, ast.Lambda], ...]:
    return tuple((u, n) for u in units for n, _ in u.nodes if isinstance(n, ast.Lambda))


def _known(flow: Flow) -> tuple[int, ...]:
    return (
        len(flow.attributes),
        len(flow.shared),
        sum(map(bool, flow.returns.values())),
        *(len(unit.names) for unit in flow.units),
    )


def _units(tree: ast.Module, folding: Folding) -> Iterator[Unit]:
    for node in tree.body:
        found = [node] if isinstance(node, _FUNCTIONS) else []
        if isinstance(node, ast.ClassDef):
            found = [inner for inner in node.body if isinstance(inner, _FUNCTIONS)]
        for function in found:
            yield _unit(function, folding)
        if not isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            for inner in walk(node):
                if isinstance(inner, ast.Lambda):
                    yield _unit(inner, folding)


def _unit(node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda, folding: Folding) -> Unit:
    nodes = tuple(_inside(node, folding))
    shared = [name for inner, _ in nodes if isinstance(inner, ast.Global) for name in inner.names]
    return Unit(node=node, nodes=nodes, globals=frozenset(shared))


def _inside(
    function: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda, folding: Folding
) -> Iterator[tuple[ast.AST, Scope]]:
    rest: list[tuple[ast.AST, Scope]] = [(function, folding.module)]
    while rest:
        node, scope = rest.pop()
        inner = folding.scopes.get(node, scope)
        yield node, inner
        rest += [(child, inner) for child in children(node)]


def _first_names(node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda) -> list[str]:
    rows = [arg.arg for arg in (*node.args.posonlyargs, *node.args.args)]
    names = [name for name in rows if name == _GIVEN]
    return [*names, *rows[:1]] if getattr(node, "name", "") == "solve" else names


def _working(units: Mapping[str, Unit]) -> frozenset[str]:
    """Functions that do something in the world, themselves or through others."""
    uses = {name: frozenset(_called(unit)) for name, unit in units.items()}
    found = {name for name, called in uses.items() if called & WORKING}
    while True:
        more = {name for name, called in uses.items() if called & found} - found
        if not more:
            return frozenset(found)
        found |= more


def _called(unit: Unit) -> Iterator[str]:
    for node, _ in unit.nodes:
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            yield node.func.attr
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            yield node.func.id


def _note_loops(unit: Unit) -> None:
    for node, scope in unit.nodes:
        if isinstance(node, _LOOPS):
            for name in _stored(node.target):
                unit.loops.setdefault(name, []).append((node.target, node.iter, scope))


def _stored(target: ast.AST) -> Iterator[str]:
    return (node.id for node in walk(target) if isinstance(node, ast.Name))


def _learn(flow: Flow, unit: Unit, node: ast.AST, scope: Scope) -> None:
    """What one statement or call tells about the names it gives values to."""
    if isinstance(node, ast.Assign):
        for target in node.targets:
            _give(flow, unit, target, node.value)
    elif isinstance(node, _GIVING):
        if node.value is not None:
            _give(flow, unit, node.target, node.value)
    elif isinstance(node, _LOOPS):
        _give(flow, unit, node.target, node.iter)
    elif isinstance(node, ast.Return):
        name = getattr(unit.node, "name", "")
        kind = "" if name in flow.works else flow.kind(node.value, unit)
        flow.returns[name] = max(flow.returns.get(name, ""), kind, key=_ORDER.index)
    elif isinstance(node, ast.Call):
        _pass_on(flow, unit, node, scope)
        _update_hash(flow, unit, node)


def _give(flow: Flow, unit: Unit, target: ast.expr, value: ast.expr) -> None:
    kind = flow.kind(value, unit)
    if isinstance(target, ast.Name) and _holds(flow, unit, value):
        unit.names[f"[{target.id}]"] = "text"
    if not kind:
        return
    for node in walk(target):
        if isinstance(node, ast.Attribute):
            flow.attributes[node.attr] = kind
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            if node.id in unit.globals:
                flow.shared[node.id] = kind
            unit.names[node.id] = max(unit.names.get(node.id, ""), kind, key=_ORDER.index)


def _holds(flow: Flow, unit: Unit, value: ast.expr) -> bool:
    """Whether it is a list of messages with the instruction in one of them."""
    rows = [row for row in getattr(value, "elts", []) if isinstance(row, ast.Dict)]
    return any(flow.kind(part, unit) for row in rows for part in row.values)


def _pass_on(flow: Flow, unit: Unit, call: ast.Call, scope: Scope) -> None:
    name = call.func.id if isinstance(call.func, ast.Name) else getattr(call.func, "attr", "")
    if name in flow.classes:
        _fill(flow, unit, flow.classes[name], call)
    if isinstance(call.func, ast.Name) and name not in flow.by_name:
        _pass_to_lambdas(flow, unit, call)
    called = flow.by_name.get("__init__" if name in flow.classes else name)
    if called is None:
        return
    for parameter, value in _passed(called.node.args, call):
        kind = flow.kind(value, unit)
        if kind:
            known = called.names.get(parameter, "")
            called.names[parameter] = max(known, kind, key=_ORDER.index)
        elif all(seen is not value for seen, _ in called.given.get(parameter, [])):
            called.given.setdefault(parameter, []).append((value, scope))


def _pass_to_lambdas(flow: Flow, unit: Unit, call: ast.Call) -> None:
    """A call of who knows what: every lambda may be meant."""
    if dotted(call.func, flow.imports) or call.func.id in flow.classes:  # type: ignore[attr-defined]
        return
    for arg in call.args[:1]:
        kind = flow.kind(arg, unit)
        for owner, node in flow.lambdas if kind else ():
            for parameter in node.args.args[:1]:
                owner.names.setdefault(parameter.arg, kind)


def _passed(spec: ast.arguments, call: ast.Call) -> Iterator[tuple[str, ast.expr]]:
    """Parameters, with what a call gives them."""
    names = [arg.arg for arg in (*spec.posonlyargs, *spec.args)]
    names = names[1:] if names[:1] == ["self"] else names
    yield from zip(names, call.args, strict=False)
    if spec.vararg is not None:
        yield from ((spec.vararg.arg, arg) for arg in call.args[len(names) :])
    yield from ((k.arg, k.value) for k in call.keywords if k.arg)


def _fill(flow: Flow, unit: Unit, made: ast.ClassDef, call: ast.Call) -> None:
    """The fields of a data class take what its instances are made with."""
    fields = [
        n.target.id
        for n in made.body
        if isinstance(n, ast.AnnAssign) and isinstance(n.target, ast.Name)
    ]
    pairs = [*zip(fields, call.args, strict=False)]
    pairs += [(k.arg, k.value) for k in call.keywords if k.arg in fields and k.arg]
    for name, value in pairs:
        kind = flow.kind(value, unit)
        if kind:
            flow.attributes[name] = kind


def _update_hash(flow: Flow, unit: Unit, call: ast.Call) -> None:
    """`digest.update(instruction)` makes `digest` a fingerprint."""
    func = call.func
    is_update = isinstance(func, ast.Attribute) and func.attr == "update" and bool(call.args)
    owner = func.value if isinstance(func, ast.Attribute) and is_update else None
    if isinstance(owner, ast.Name) and flow.kind(call.args[0], unit):
        unit.names.setdefault(owner.id, "print")
