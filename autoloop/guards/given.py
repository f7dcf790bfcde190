"""What `solve` is given, taken apart or put together anew, and modules that are written to."""

import ast
from collections.abc import Iterator

from autoloop.guards.program import Program
from autoloop.guards.sightings import Sighting, quote
from autoloop.guards.trees import of_kinds, walk

_GIVEN = frozenset({"env", "model"})
_BEHIND = frozenset(
    {"inspect.getmodule", "inspect.getmembers", "inspect.getmembers_static", "inspect.getfile",
     "inspect.getsource", "inspect.getsourcefile", "inspect.getattr_static", "inspect.getmro",
     "object.__setattr__", "object.__getattribute__", "id", "gc.get_referrers", "vars", "dir"}
)  # fmt: skip
"""Calls that show what an object is made of."""
_WRITERS = frozenset({"setattr", "delattr", "object.__setattr__", "object.__delattr__"})
_PATCHERS = ("unittest.mock.", "mock.", "importlib.reload", "forbiddenfruit.")
_MODULES = frozenset({"importlib.import_module", "__import__", "inspect.getmodule"})
_LOOP_KINDS = frozenset({ast.Assign, ast.For, ast.comprehension, ast.NamedExpr, ast.withitem})
_TELLING = frozenset({ast.Attribute, ast.Assign, ast.AugAssign, ast.Delete, ast.FunctionDef})
_ROUNDS = 4
_GETTERS = frozenset({"operator.attrgetter", "operator.methodcaller"})
_UNPICKLED = frozenset({"__reduce__", "__reduce_ex__"})
_EVERYBODYS = frozenset({"builtins", "__builtins__", "sys.modules"})


def looked_into(program: Program) -> Iterator[Sighting]:
    """Each place where the objects or modules that `solve` works with are opened or changed."""
    given = _aliases(program)
    modules = _modules(program, given)
    for call in program.calls:
        why = _called(call, given, modules, program)
        if why:
            yield _sighting(call, why)
    for node in of_kinds(program.nodes, _TELLING):
        yield from _written(node, given, modules, program)


def _called(
    call: ast.Call, given: frozenset[str], modules: frozenset[str], program: Program
) -> str:
    """What a call does to them, if anything."""
    name = program.name_of(call.func)
    root = _root(call.args[0]) if call.args else ""
    if name.startswith(_PATCHERS):
        return "replaces what other code runs"
    if name in _WRITERS and call.args:
        is_module = program.name_of(call.args[0]) in _imported(program)
        is_patch = is_module and _is_code(call.args[-1], program)
        return "changes what other code runs" if is_patch or root in given | modules else ""
    is_shown = name in _BEHIND or (name == "type" and len(call.args) == 1)
    if is_shown and root in given:
        return "looks behind what `solve` is given"
    is_got = name in _GETTERS and any(part.startswith("_") for part in _parts(call))
    return "looks behind objects" if is_got else ""


def _written(
    node: ast.AST, given: frozenset[str], modules: frozenset[str], program: Program
) -> Iterator[Sighting]:
    if isinstance(node, ast.FunctionDef) and node.name in _UNPICKLED:
        text = f"{node.name} makes code out of data. Write the code itself."
        yield Sighting(key=node.name, severity="block", message=text, line=node.lineno)
    elif isinstance(node, ast.Attribute) and _is_private(node, given):
        yield _sighting(node, "looks behind what `solve` is given")
    for target in _targets(node):
        if isinstance(target, ast.Attribute | ast.Subscript):
            why = _changed(target, getattr(node, "value", None), given | modules, program)
            if why:
                yield _sighting(target, why)


def _is_private(node: ast.Attribute, given: frozenset[str]) -> bool:
    return node.attr.startswith("_") and _root(node.value) in given


def _changed(
    target: ast.Attribute | ast.Subscript,
    value: ast.expr | None,
    runtime: frozenset[str],
    program: Program,
) -> str:
    """Whose thing is written to, if it is not the program's own."""
    owner = program.name_of(target.value)
    if _root(target) in runtime:
        return "is changed, which belongs to the runtime: write a function around it"
    if owner in _EVERYBODYS or quote(target.value) in _EVERYBODYS:
        return "is changed, which belongs to everybody"
    if owner in _imported(program) and _is_code(value, program):
        return "is replaced, which other code runs"
    return ""


def _parts(call: ast.Call) -> Iterator[str]:
    """The names that `attrgetter("a.b")` goes through."""
    for arg in call.args:
        if isinstance(arg, ast.Constant) and isinstance(arg.value, str):
            yield from arg.value.split(".")


def _targets(node: ast.AST) -> list[ast.expr]:
    if isinstance(node, ast.Assign | ast.Delete):
        return node.targets
    return [node.target] if isinstance(node, ast.AugAssign) else []


def _imported(program: Program) -> frozenset[str]:
    return frozenset(program.folding.imports.values())


def _is_code(value: ast.expr | None, program: Program) -> bool:
    """Whether something that can be called is put in place of something else."""
    if isinstance(value, ast.Lambda):
        return True
    functions = {unit.node.name for unit in program.flow.units if hasattr(unit.node, "name")}
    return isinstance(value, ast.Name) and value.id in functions


def _aliases(program: Program) -> frozenset[str]:
    """`env`, `model`, and the names that are given one of them or something within."""
    return _spread(program, frozenset(_GIVEN), calls=False)


def _modules(program: Program, given: frozenset[str]) -> frozenset[str]:
    """Names of modules that are fetched by name, and of what is taken out of them."""
    found = {
        target.id
        for node in of_kinds(program.nodes, frozenset({ast.Assign}))
        for target in _targets(node)
        if isinstance(target, ast.Name) and _fetches(node.value, program, given)  # type: ignore[attr-defined]
    }
    return _spread(program, frozenset(found), calls=True) if found else frozenset()


def _fetches(value: ast.expr, program: Program, given: frozenset[str]) -> bool:
    for part in walk(value):
        if isinstance(part, ast.Call):
            name = program.name_of(part.func)
            is_class = name == "type" and bool(part.args) and _root(part.args[0]) in given
            if name in _MODULES or is_class:
                return True
    return False


def _spread(program: Program, names: frozenset[str], *, calls: bool) -> frozenset[str]:
    """Names and those that are bound to what they hold; through calls as well, if told so."""
    rows = [_bound(node) for node in of_kinds(program.nodes, _LOOP_KINDS)]
    for _ in range(_ROUNDS):
        more = {
            name.id
            for target, value in rows
            if value is not None and _holds(value, names, calls=calls)
            for name in (target.elts if isinstance(target, ast.Tuple) else [target])
            if isinstance(name, ast.Name)
        }
        if more <= names:
            break
        names |= more
    return names


def _bound(node: ast.AST) -> tuple[ast.expr, ast.expr | None]:
    if isinstance(node, ast.Assign):
        return node.targets[0], node.value
    if isinstance(node, ast.withitem):
        return node.optional_vars or node.context_expr, node.context_expr
    if isinstance(node, ast.NamedExpr):
        return node.target, node.value
    return node.target, node.iter  # type: ignore[attr-defined]


def _holds(value: ast.expr, names: frozenset[str], *, calls: bool) -> bool:
    if calls:
        return any(isinstance(part, ast.Name) and part.id in names for part in walk(value))
    return isinstance(value, ast.Name) and value.id in names


def _root(node: ast.expr) -> str:
    """The name at the beginning of `a.b[c].d`, and of `type(a)`."""
    while True:
        if isinstance(node, ast.Attribute | ast.Subscript | ast.Starred):
            node = node.value
        elif isinstance(node, ast.Call) and getattr(node.func, "id", "") == "type" and node.args:
            node = node.args[0]
        else:
            return node.id if isinstance(node, ast.Name) else ""


def _sighting(node: ast.expr, why: str) -> Sighting:
    text = f"{quote(node)} {why}: no harness needs that."
    return Sighting(key=quote(node), severity="block", message=text, line=node.lineno)
