"""Finds out what of the instruction each name of a program holds."""

import ast
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping

from autoloop.guards.flow import ORDER, WORKING, Flow, Kind, Unit, entry_of
from autoloop.guards.folding import Folding, Scope
from autoloop.guards.folding.names import dotted
from autoloop.guards.trees import LEAVES, children, of_kinds, walk

_FUNCTIONS = frozenset({ast.FunctionDef, ast.AsyncFunctionDef})
_ROUNDS = 4
_LOOPS = frozenset({ast.For, ast.AsyncFor, ast.comprehension})
_GIVEN = "instruction"


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
        properties=frozenset(n for n, u in by_name.items() if _is_property(u.node)),
    )
    for unit in units:
        for name in _first_names(unit.node):
            unit.names[name] = "text"
    lessons = [
        (_LESSONS[type(node)], unit, node, scope)
        for unit in units
        for node, scope in unit.nodes
        if type(node) in _LESSONS
    ]
    for _, unit, node, scope in lessons:
        if type(node) in _LOOPS:
            _note_loop(unit, node, scope)  # type: ignore[arg-type]
    for _ in range(_ROUNDS):
        before = _known(flow)
        for learn, unit, node, scope in lessons:
            learn(flow, unit, node, scope)
        if _known(flow) == before:
            break
    return flow


def _lambdas(units: Iterable[Unit]) -> tuple[tuple[Unit, ast.Lambda], ...]:
    return tuple((unit, node) for unit in units for node, _ in unit.of(ast.Lambda))


def _known(flow: Flow) -> tuple[int, ...]:
    return (
        len(flow.attributes),
        len(flow.shared),
        sum(map(bool, flow.returns.values())),
        *(len(unit.names) for unit in flow.units),
    )


def _units(tree: ast.Module, folding: Folding) -> Iterator[Unit]:
    for node in tree.body:
        if isinstance(node, ast.ClassDef):
            found = of_kinds(node.body, _FUNCTIONS)
        elif type(node) in _FUNCTIONS:
            found = [node]
        else:
            found = of_kinds(walk(node), frozenset({ast.Lambda}))
        for function in found:
            yield _unit(function, folding)  # type: ignore[arg-type]


def _unit(node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda, folding: Folding) -> Unit:
    nodes = _inside(node, folding)
    kinds: dict[type, list[tuple[ast.AST, Scope]]] = defaultdict(list)
    for pair in nodes:
        kinds[type(pair[0])].append(pair)
    unit = Unit(node=node, nodes=nodes, kinds=kinds)
    unit.globals = frozenset(name for one, _ in unit.of(ast.Global) for name in one.names)
    unit.inner = {
        one.name: one.args  # type: ignore[attr-defined]
        for one, _ in (*unit.of(ast.FunctionDef), *unit.of(ast.AsyncFunctionDef))
        if one is not node
    }
    return unit


def _is_property(node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda) -> bool:
    return any("property" in ast.unparse(one) for one in getattr(node, "decorator_list", []))


def _inside(
    function: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda, folding: Folding
) -> list[tuple[ast.AST, Scope]]:
    found: list[tuple[ast.AST, Scope]] = []
    rest: list[tuple[ast.AST, Scope]] = [(function, folding.module)]
    while rest:
        pair = node, scope = rest.pop()
        kind = type(node)
        if kind in _FUNCTIONS or kind is ast.Lambda:
            scope = folding.scopes.get(node, scope)
            pair = (node, scope)
        found.append(pair)
        if kind not in LEAVES:
            rest += [(child, scope) for child in children(node)]
    return found


def _first_names(node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda) -> list[str]:
    rows = [arg.arg for arg in (*node.args.posonlyargs, *node.args.args)]
    names = [name for name in rows if name == _GIVEN]
    rows = rows or ([node.args.vararg.arg] if node.args.vararg else [])
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
    for node, _ in unit.of(ast.Call):
        if isinstance(node.func, ast.Attribute):
            yield node.func.attr
        elif isinstance(node.func, ast.Name):
            yield node.func.id


def _note_loop(unit: Unit, node: ast.For | ast.AsyncFor | ast.comprehension, scope: Scope) -> None:
    for name in _stored(node.target):
        unit.loops.setdefault(name, []).append((node.target, node.iter, scope))


def _stored(target: ast.AST) -> Iterator[str]:
    return (node.id for node in walk(target) if isinstance(node, ast.Name))


def _assign(flow: Flow, unit: Unit, node: ast.Assign, _: Scope) -> None:
    for target in node.targets:
        for one, value in _matched(target, node.value):
            _give(flow, unit, one, value)


def _matched(target: ast.expr, value: ast.expr) -> Iterator[tuple[ast.expr, ast.expr]]:
    """What is given to what: `a, b = c, d` one by one."""
    names = target.elts if isinstance(target, ast.Tuple | ast.List) else []
    values = value.elts if isinstance(value, ast.Tuple | ast.List) else []
    is_plain = not any(isinstance(one, ast.Starred) for one in (*names, *values))
    if names and len(names) == len(values) and is_plain:
        yield from zip(names, values, strict=True)
    else:
        yield target, value


def _assign_one(
    flow: Flow, unit: Unit, node: ast.AnnAssign | ast.AugAssign | ast.NamedExpr, _: Scope
) -> None:
    if node.value is not None:
        _give(flow, unit, node.target, node.value)


def _run_through(
    flow: Flow, unit: Unit, node: ast.For | ast.AsyncFor | ast.comprehension, _: Scope
) -> None:
    _give(flow, unit, node.target, node.iter)


def _give_back(
    flow: Flow, unit: Unit, node: ast.Return | ast.Yield | ast.YieldFrom, _: Scope
) -> None:
    name = getattr(unit.node, "name", "")
    kind = "" if name in flow.works else flow.kind(node.value, unit)
    flow.returns[name] = max(flow.returns.get(name, ""), kind, key=ORDER.index)


def _call(flow: Flow, unit: Unit, node: ast.Call, scope: Scope) -> None:
    _pass_on(flow, unit, node, scope)
    _update_hash(flow, unit, node)


def _capture(flow: Flow, unit: Unit, node: ast.Match, _: Scope) -> None:
    """Names that patterns give to parts of what is matched."""
    kind = flow.kind(node.subject, unit)
    for part in walk(node) if kind else ():
        if isinstance(part, ast.MatchAs | ast.MatchStar) and part.name:
            unit.names.setdefault(part.name, kind)


def _give(flow: Flow, unit: Unit, target: ast.expr, value: ast.expr) -> None:
    kind = flow.kind(value, unit)
    if isinstance(target, ast.Name) and _holds(flow, unit, value):
        unit.names[f"[{target.id}]"] = "text"
    _give_entries(flow, unit, target, value)
    if not kind:
        return
    if isinstance(target, ast.Subscript):
        _enter(flow, unit, entry_of(target.value, target.slice), kind)
    for node in walk(target):
        if isinstance(node, ast.Attribute):
            flow.attributes[node.attr] = kind
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            if node.id in unit.globals:
                flow.shared[node.id] = kind
            unit.names[node.id] = max(unit.names.get(node.id, ""), kind, key=ORDER.index)


def _give_entries(flow: Flow, unit: Unit, target: ast.expr, value: ast.expr) -> None:
    """`state = {"task": instruction}`, `dict(task=instruction)`, `Namespace(task=instruction)`."""
    if isinstance(value, ast.Dict):
        for key, part in zip(value.keys, value.values, strict=True):
            kind = flow.kind(part, unit)
            if key is not None and kind:
                _enter(flow, unit, entry_of(target, key), kind)
    elif isinstance(value, ast.Call) and isinstance(value.func, ast.Name | ast.Attribute):
        name = getattr(value.func, "id", getattr(value.func, "attr", ""))
        for keyword in value.keywords if name in {"dict", "SimpleNamespace", "Namespace"} else ():
            kind = flow.kind(keyword.value, unit)
            if keyword.arg and kind and name == "dict":
                _enter(flow, unit, entry_of(target, ast.Constant(value=keyword.arg)), kind)
            elif keyword.arg and kind:
                flow.attributes[keyword.arg] = kind


def _enter(flow: Flow, unit: Unit, entry: str, kind: Kind) -> None:
    if entry:
        unit.names[entry] = flow.shared[entry] = flow.attributes[entry] = kind


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
    spec = called.node.args if called else unit.inner.get(name)
    if isinstance(call.func, ast.Lambda):
        spec = call.func.args
    if spec is None:
        return
    called = called or unit
    for parameter, value in _passed(spec, call):
        kind = flow.kind(value, unit)
        if kind:
            known = called.names.get(parameter, "")
            called.names[parameter] = max(known, kind, key=ORDER.index)
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


_LESSONS: Mapping[type, Callable[..., None]] = {
    ast.Assign: _assign,
    ast.Call: _call,
    ast.Match: _capture,
    **dict.fromkeys((ast.AnnAssign, ast.AugAssign, ast.NamedExpr), _assign_one),
    **dict.fromkeys(_LOOPS, _run_through),
    **dict.fromkeys((ast.Return, ast.Yield, ast.YieldFrom), _give_back),
}
"""What statements and calls tell about the names that they give values to."""
