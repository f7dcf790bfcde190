"""Follows a program's plain assignments, and finds all its constant expressions."""

import ast
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar

from autoloop.guards.folding.evaluate import REFUSALS, Evaluator, Scope, assign
from autoloop.guards.folding.limits import Budget, Unknown, bounded, listed
from autoloop.guards.folding.names import imported_names
from autoloop.guards.folding.operators import apply_binary
from autoloop.guards.folding.values import Made, Method, Named, Written
from autoloop.guards.trees import children, walk

_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
_NAMED = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
_WORTH_IT = (
    ast.BinOp, ast.Call, ast.JoinedStr, ast.Subscript, ast.ListComp, ast.SetComp, ast.DictComp,
    ast.GeneratorExp,
)  # fmt: skip
_GROWING = frozenset({"append", "extend", "insert", "reverse"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Folded:
    """A constant expression that is not written as one."""

    value: object
    node: ast.expr
    line: int
    ways: frozenset[str]
    """How it is hidden: "base64", "reversal", … Empty for plain joining."""


@dataclass(slots=True, kw_only=True)
class Folding:
    """What constant folding found out about a program."""

    imports: Mapping[str, str]
    module: Scope
    scopes: dict[ast.AST, Scope] = field(default_factory=dict)
    """Scope of each function."""
    found: tuple[Folded, ...] = ()
    evaluator: Evaluator

    def value(self, node: ast.expr, scope: Scope | None = None) -> object:
        """The value of an expression, or None where it is no constant."""
        try:
            found = self.evaluator.value(node, scope or self.module)
        except REFUSALS:
            return None
        return found.items if isinstance(found, Made) else found


def fold(tree: ast.Module, nodes: Iterable[ast.AST]) -> Folding:
    """Work out every constant expression of a program, within bounds."""
    imports = imported_names(nodes)
    evaluator = Evaluator(imports, Budget())
    runner = _Runner(evaluator)
    module = Scope(bound=_bound(tree.body))
    folding = Folding(imports=imports, module=module, evaluator=evaluator)
    evaluator.call_written = runner.call
    runner.run(tree.body, module)
    found = tuple(_folded(tree.body, module, folding, runner))
    folding.found = (*runner.found, *found)
    return folding


def _folded(
    body: Sequence[ast.AST], scope: Scope, folding: Folding, runner: "_Runner"
) -> Iterator[Folded]:
    """Constant expressions below nodes, each as large as it gets."""
    rest: list[ast.AST] = list(reversed(body))
    while rest:
        node = rest.pop()
        if isinstance(node, _FUNCTIONS):
            inner = folding.scopes[node] = _function_scope(node, scope)
            lines = [node.body] if isinstance(node, ast.Lambda) else node.body
            if not isinstance(node, ast.Lambda):
                runner.run(node.body, inner)
            yield from _folded(lines, inner, folding, runner)
            rest += [*node.args.defaults, *(d for d in node.args.kw_defaults if d)]
            continue
        if isinstance(node, _WORTH_IT):
            done = runner.folded(node, scope)
            if done is not None:
                yield done
                continue
        rest += list(children(node))[::-1]


def _function_scope(
    node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda, outer: Scope
) -> Scope:
    body = [] if isinstance(node, ast.Lambda) else node.body
    return Scope(bound=_parameters(node) | _bound(body), outer=outer)


def _parameters(node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda) -> frozenset[str]:
    spec = node.args
    rows = [*spec.posonlyargs, *spec.args, *spec.kwonlyargs, spec.vararg, spec.kwarg]
    return frozenset(arg.arg for arg in rows if arg is not None)


def _bound(body: Sequence[ast.AST]) -> frozenset[str]:
    """Names that statements bind, functions inside them not looked into."""
    found: set[str] = set()
    rest: list[ast.AST] = list(body)
    while rest:
        node = rest.pop()
        if isinstance(node, ast.Name):
            if type(node.ctx) is not ast.Load:
                found.add(node.id)
        elif isinstance(node, _NAMED):
            found.add(node.name)
        elif type(node) is not ast.Lambda:
            rest += children(node)
    return frozenset(found)


class _Runner:
    """Follows statements as far as they are about constants; what is not makes names unknown."""

    def __init__(self, evaluator: Evaluator) -> None:
        self._evaluator = evaluator
        self._noted: dict[int, Folded] = {}

    @property
    def found(self) -> tuple[Folded, ...]:
        """What names that grow bit by bit came to."""
        return tuple(self._noted.values())

    def run(self, body: Sequence[ast.stmt], scope: Scope) -> None:
        """Follow statements; a name that one of them may have changed otherwise is forgotten."""
        for statement in body:
            follow = self._FOLLOWED.get(type(statement))
            try:
                if follow is None:
                    raise Unknown
                follow(self, statement, scope)
            except REFUSALS:
                for name in _changed(statement):
                    scope.values.pop(name, None)

    def folded(self, node: ast.expr, scope: Scope) -> Folded | None:
        """A constant expression's value; None where it has none."""
        self._evaluator.ways = set()
        try:
            value = self._evaluator.value(node, scope)
        except REFUSALS:
            return None
        if isinstance(value, Made):
            value = value.items
        if isinstance(value, Named | Method | Written):
            return None
        ways = frozenset(self._evaluator.ways)
        return Folded(value=value, node=node, line=node.lineno, ways=ways)

    def call(
        self, function: Written, args: Sequence[object], named: Mapping[str, object]
    ) -> object:
        """What a function of the program gives: its body is followed, never run."""
        node, outer = function.node, function.names[""]
        if not isinstance(outer, Scope):
            raise Unknown
        scope = Scope(bound=_parameters(node), outer=outer)
        self._bind(node.args, args, named, scope)
        if isinstance(node, ast.Lambda):
            return self._evaluator.value(node.body, scope)
        scope.bound |= _bound(node.body)
        return self._returned(node.body, scope)

    def _bind(
        self,
        spec: ast.arguments,
        args: Sequence[object],
        named: Mapping[str, object],
        scope: Scope,
    ) -> None:
        names = [arg.arg for arg in (*spec.posonlyargs, *spec.args)]
        defaults = zip(names[::-1], spec.defaults[::-1], strict=False)
        scope.values.update({n: self._evaluator.value(d, scope) for n, d in defaults})
        scope.values.update({**dict(zip(names, args, strict=False)), **named})
        if spec.vararg is not None:
            scope.values[spec.vararg.arg] = tuple(args[len(names) :])

    def _returned(self, body: Sequence[ast.stmt], scope: Scope) -> object:
        for statement in body:
            if isinstance(statement, ast.Return):
                if statement.value is None:
                    return None
                return self._evaluator.value(statement.value, scope)
            follow = self._FOLLOWED.get(type(statement))
            if follow is None:
                raise Unknown
            follow(self, statement, scope)
        return None

    def _assign(self, node: ast.Assign, scope: Scope) -> None:
        self._evaluator.ways = set()
        value = self._evaluator.value(node.value, scope)
        for target in node.targets:
            self._put(target, value, scope)

    def _annotated(self, node: ast.AnnAssign, scope: Scope) -> None:
        if node.value is None:
            raise Unknown
        self._evaluator.ways = set()
        self._put(node.target, self._evaluator.value(node.value, scope), scope)

    def _put(self, target: ast.expr, value: object, scope: Scope) -> None:
        if isinstance(target, ast.Subscript):
            owner = self._evaluator.value(target.value, scope)
            key = self._evaluator.value(target.slice, scope)
            if not isinstance(owner, dict | list):
                raise Unknown
            owner[key] = value  # type: ignore[call-overload]
            return
        # A copy: two names of one list are beyond what is followed here.
        copied = value.copy() if isinstance(value, list | dict) else value
        assign(target, copied, scope)
        if isinstance(target, ast.Name):
            scope.ways[target.id] = frozenset(self._evaluator.ways)

    def _augmented(self, node: ast.AugAssign, scope: Scope) -> None:
        if not isinstance(node.target, ast.Name):
            raise Unknown
        name = node.target.id
        self._evaluator.ways = set(scope.ways.get(name, ()))
        right = self._evaluator.value(node.value, scope)
        right = listed(right) if isinstance(scope.values[name], list) else right
        scope.values[name] = bounded(apply_binary(node.op, scope.values[name], right))
        scope.ways[name] = frozenset(self._evaluator.ways)
        self._note(node.target, scope)

    def _expression(self, node: ast.Expr, scope: Scope) -> None:
        """`parts.append(…)` and the like; anything else changes no constant."""
        call = node.value
        if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Attribute):
            return
        owner = call.func.value
        if call.func.attr not in _GROWING or not isinstance(owner, ast.Name):
            return
        held = scope.values.get(owner.id)
        if not isinstance(held, list):
            return
        args = [self._evaluator.value(arg, scope) for arg in call.args]
        if call.func.attr == "extend":
            args = [listed(args[0])]
        getattr(held, call.func.attr)(*args)
        bounded(held)

    def _loop(self, node: ast.For, scope: Scope) -> None:
        for item in listed(self._evaluator.value(node.iter, scope)):
            assign(node.target, item, scope)
            for statement in node.body:
                self._step(statement, scope)

    def _choice(self, node: ast.If, scope: Scope) -> None:
        test = self._evaluator.value(node.test, scope)
        for statement in node.body if test else node.orelse:
            self._step(statement, scope)

    def _step(self, statement: ast.stmt, scope: Scope) -> None:
        follow = self._FOLLOWED.get(type(statement))
        if follow is None:
            raise Unknown
        follow(self, statement, scope)

    def _function(self, node: ast.FunctionDef, scope: Scope) -> None:
        scope.bound |= {node.name}
        scope.values[node.name] = Written(node=node, names={"": scope})

    def _nothing(self, node: ast.stmt, scope: Scope) -> None:
        """Neither binds nor changes a name."""

    def _note(self, target: ast.Name, scope: Scope) -> None:
        value = scope.values[target.id]
        if isinstance(value, str | bytes):
            ways = scope.ways[target.id]
            self._noted[id(target)] = Folded(
                value=value, node=target, line=target.lineno, ways=ways
            )

    _FOLLOWED: ClassVar[Mapping[type, Callable[..., None]]] = {
        ast.AnnAssign: _annotated,
        ast.Assign: _assign,
        ast.AugAssign: _augmented,
        ast.Expr: _expression,
        ast.For: _loop,
        ast.FunctionDef: _function,
        ast.If: _choice,
        ast.Import: _nothing,
        ast.ImportFrom: _nothing,
        ast.Pass: _nothing,
        ast.Return: _nothing,
    }


def _changed(statement: ast.stmt) -> frozenset[str]:
    """Names that a statement binds, and lists and dicts that it may change."""
    found = set(_bound([statement]))
    for node in walk(statement):
        if isinstance(node, ast.Call | ast.Subscript):
            inside = node.func if isinstance(node, ast.Call) else node.value
            owner = inside.value if isinstance(inside, ast.Attribute) else inside
            is_changed = isinstance(node, ast.Call) or not isinstance(node.ctx, ast.Load)
            if isinstance(owner, ast.Name) and isinstance(inside, ast.Attribute | ast.Name):
                found |= {owner.id} if is_changed and inside is not owner else set()
    return frozenset(found)
