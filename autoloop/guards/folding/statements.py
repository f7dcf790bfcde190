"""Follows statements as far as they are about constants."""

import ast
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from autoloop.guards.folding.binding import bound_names, changed, parameters
from autoloop.guards.folding.evaluate import REFUSALS, Evaluator, Scope, assign
from autoloop.guards.folding.limits import Unknown, bounded, listed
from autoloop.guards.folding.operators import apply_binary
from autoloop.guards.folding.values import Made, Method, Named, Space, Written
from autoloop.guards.trees import walk

_GROWING = frozenset({"append", "extend", "insert", "reverse", "sort", "update", "add", "pop"})
_ROUNDS = 2_000


class _Left(Exception):  # noqa: N818 - no error: a statement that leaves its loop or function
    """`return`, `break` and `continue`."""

    def __init__(self, way: type, value: object = None) -> None:
        super().__init__()
        self.way = way
        self.value = value


@dataclass(frozen=True, slots=True, kw_only=True)
class Folded:
    """A constant expression that is not written as one."""

    value: object
    node: ast.expr
    line: int
    ways: frozenset[str]
    """How it is hidden: "base64", "reversal", … Empty for plain joining."""


class Runner:
    """Follows statements as far as they are about constants; what is not makes names unknown."""

    def __init__(self, evaluator: Evaluator) -> None:
        self._evaluator = evaluator
        self._noted: dict[int, Folded] = {}
        self._given: list[list[object]] = []

    @property
    def found(self) -> tuple[Folded, ...]:
        """What names that grow bit by bit came to."""
        return tuple(self._noted.values())

    def run(self, body: Sequence[ast.stmt], scope: Scope) -> None:
        """Follow statements; a name that one of them may have changed otherwise is forgotten."""
        for statement in body:
            try:
                self._step(statement, scope)
            except _Left:
                continue
            except REFUSALS:
                for name in changed(statement) if scope.values else ():
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
        if isinstance(value, Space):
            value = dict(value.values)
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
        scope = Scope(bound=parameters(node), outer=outer)
        self._bind(node.args, args, named, scope)
        if isinstance(node, ast.Lambda):
            return self._evaluator.value(node.body, scope)
        scope.bound |= bound_names(node.body)
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
        gives = any(
            isinstance(node, ast.Yield | ast.YieldFrom) for one in body for node in walk(one)
        )
        self._given.append([])
        try:
            for statement in body:
                self._step(statement, scope)
        except _Left as left:
            return Made(items=self._given[-1]) if gives else left.value
        else:
            return Made(items=self._given[-1]) if gives else None
        finally:
            self._given.pop()

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
            bounded(owner)
            self._noted[id(target)] = Folded(
                value=owner, node=target, line=target.lineno, ways=frozenset()
            )
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
        """`parts.append(…)`, `yield` and the like; anything else changes no constant."""
        call = node.value
        if isinstance(call, ast.Yield | ast.YieldFrom) and self._given:
            value = self._evaluator.value(call.value, scope) if call.value else None
            bounded(self._given[-1])
            self._given[-1] += listed(value) if isinstance(call, ast.YieldFrom) else [value]
            return
        if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Attribute):
            return
        owner = call.func.value
        if call.func.attr in _GROWING and isinstance(owner, ast.Name):
            self._grown(owner, call, scope)

    def _grown(self, owner: ast.Name, call: ast.Call, scope: Scope) -> None:
        holder = scope.holder(owner.id)
        held = holder.values.get(owner.id) if holder else None
        name = call.func.attr  # type: ignore[attr-defined]
        if not isinstance(held, list | dict | set) or not hasattr(held, name):
            return
        args = [self._evaluator.value(arg, scope) for arg in call.args]
        if name == "extend":
            args = [listed(args[0])]
        named = {k.arg: self._evaluator.value(k.value, scope) for k in call.keywords if k.arg}
        getattr(held, name)(*args, **named)
        bounded(held)
        self._noted[id(owner)] = Folded(value=held, node=owner, line=owner.lineno, ways=frozenset())

    def _loop(self, node: ast.For, scope: Scope) -> None:
        for item in listed(self._evaluator.value(node.iter, scope)):
            assign(node.target, item, scope)
            if not self._round(node.body, scope):
                return

    def _while(self, node: ast.While, scope: Scope) -> None:
        for _ in range(_ROUNDS):
            if not self._evaluator.value(node.test, scope) or not self._round(node.body, scope):
                return
        raise Unknown

    def _round(self, body: Sequence[ast.stmt], scope: Scope) -> bool:
        """Follow a loop's body once; False where it is left."""
        try:
            for statement in body:
                self._step(statement, scope)
        except _Left as left:
            if left.way is ast.Return:
                raise
            return left.way is ast.Continue
        return True

    def _left(self, node: ast.Return | ast.Break | ast.Continue, scope: Scope) -> None:
        value = getattr(node, "value", None)
        found = self._evaluator.value(value, scope) if value is not None else None
        raise _Left(type(node), found)

    def _choice(self, node: ast.If, scope: Scope) -> None:
        test = self._evaluator.value(node.test, scope)
        for statement in node.body if test else node.orelse:
            self._step(statement, scope)

    def _tried(self, node: ast.Try, scope: Scope) -> None:
        for statement in (*node.body, *node.orelse, *node.finalbody):
            self._step(statement, scope)

    def _class(self, node: ast.ClassDef, scope: Scope) -> None:
        inner = Scope(bound=bound_names(node.body), outer=scope)
        self.run(node.body, inner)
        fields = tuple(
            one.target.id
            for one in node.body
            if isinstance(one, ast.AnnAssign) and isinstance(one.target, ast.Name)
        )
        scope.bound |= {node.name}
        scope.values[node.name] = Space(values=inner.values, fields=fields)

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
        ast.Return: _left,
        ast.Break: _left,
        ast.Continue: _left,
        ast.ClassDef: _class,
        ast.Try: _tried,
        ast.While: _while,
    }
