"""Works out expressions over constants by a small interpreter of its own."""

import ast
import binascii
import lzma
import re
import struct
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar

from autoloop.guards.folding.functions import FUNCTIONS, WAYS
from autoloop.guards.folding.library import CONSTANTS
from autoloop.guards.folding.limits import DEPTH, Budget, Unknown, bounded, listed
from autoloop.guards.folding.methods import call_method, check_template, way_of
from autoloop.guards.folding.names import dotted
from autoloop.guards.folding.operators import apply_binary, apply_compare, apply_unary
from autoloop.guards.folding.values import Made, Method, Named, Space, Written

REFUSALS = (
    Unknown, ArithmeticError, AttributeError, LookupError, RecursionError, SyntaxError, TypeError,
    ValueError, EOFError, OSError, MemoryError, binascii.Error, lzma.LZMAError, struct.error,
    zlib.error,
)  # fmt: skip
"""What wrong or too large constant expressions end with."""
_CALLERS = frozenset({"map", "filter", "functools.reduce"})
_UNBOUND = re.compile(r"(?:str|bytes|dict|list|tuple)\.\w+$")


@dataclass(slots=True, kw_only=True)
class Scope:
    """Names of a module or function, with the values of those that are constants."""

    bound: frozenset[str] = frozenset()
    """Names that are its own: they are never looked up outside."""
    values: dict[str, object] = field(default_factory=dict)
    ways: dict[str, frozenset[str]] = field(default_factory=dict)
    outer: "Scope | None" = None

    def holder(self, name: str) -> "Scope | None":
        """The scope whose name it is; None for what comes from nowhere."""
        scope: Scope | None = self
        while scope is not None and name not in scope.bound:
            scope = scope.outer
        return scope


class Evaluator:
    """Evaluates expressions of one program; `ways` gathers how texts were hidden."""

    def __init__(self, imports: Mapping[str, str], budget: Budget) -> None:
        self._imports = imports
        self._budget = budget
        self._depth = 0
        self.ways: set[str] = set()
        self.call_written: Callable[..., object] | None = None

    def value(self, node: ast.expr, scope: Scope) -> object:
        """The value of an expression.

        Raises:
            REFUSALS: it is no constant, wrong, or takes too much.
        """
        self._budget.spend()
        known = self._KINDS.get(type(node))
        if known is None:
            raise Unknown
        self._depth += 1
        try:
            if self._depth > DEPTH:
                raise Unknown
            return bounded(known(self, node, scope))
        finally:
            self._depth -= 1

    def _constant(self, node: ast.Constant, _: Scope) -> object:
        return node.value

    def _name(self, node: ast.Name, scope: Scope) -> object:
        holder = scope.holder(node.id)
        if holder is not None:
            self.ways |= holder.ways.get(node.id, frozenset())
            return holder.values[node.id]
        return self._named(node)

    def _named(self, node: ast.expr) -> object:
        name = dotted(node, self._imports)
        if name is not None and name in CONSTANTS:
            return CONSTANTS[name]
        if name is None or not (name in FUNCTIONS or name in _CALLERS or _UNBOUND.match(name)):
            raise Unknown
        return Named(name=name)

    def _attribute(self, node: ast.Attribute, scope: Scope) -> object:
        if dotted(node, self._imports) is not None:
            return self._named(node)
        owner = self.value(node.value, scope)
        if isinstance(owner, Space):
            return owner.values[node.attr]
        # What a member of an enumeration stands for.
        return owner if node.attr == "value" else Method(owner=owner, name=node.attr)

    def _binary(self, node: ast.BinOp, scope: Scope) -> object:
        # Long chains lean to the left: taken apart without recursion.
        chain: list[ast.BinOp] = []
        left: ast.expr = node
        while isinstance(left, ast.BinOp):
            chain.append(left)
            left = left.left
        found = self.value(left, scope)
        for link in reversed(chain):
            self._budget.spend()
            right = self.value(link.right, scope)
            if isinstance(link.op, ast.BitXor):
                self.ways.add("xor")
            if isinstance(found, str | bytes | list):
                self._budget.spend(len(found) // 256)
            found = apply_binary(link.op, found, right)
        return found

    def _unary(self, node: ast.UnaryOp, scope: Scope) -> object:
        return apply_unary(node.op, self.value(node.operand, scope))

    def _compare(self, node: ast.Compare, scope: Scope) -> object:
        left = self.value(node.left, scope)
        for op, item in zip(node.ops, node.comparators, strict=True):
            right = self.value(item, scope)
            if not apply_compare(op, left, right):
                return False
            left = right
        return True

    def _boolean(self, node: ast.BoolOp, scope: Scope) -> object:
        stops_at = isinstance(node.op, ast.Or)
        found: object = None
        for item in node.values:
            found = self.value(item, scope)
            if bool(found) is stops_at:
                break
        return found

    def _choice(self, node: ast.IfExp, scope: Scope) -> object:
        return self.value(node.body if self.value(node.test, scope) else node.orelse, scope)

    def _list(self, node: ast.List | ast.Tuple | ast.Set, scope: Scope) -> object:
        items = list(self._items(node.elts, scope))
        if isinstance(node, ast.Set):
            return set(items)
        return tuple(items) if isinstance(node, ast.Tuple) else items

    def _items(self, nodes: Sequence[ast.expr], scope: Scope) -> Iterator[object]:
        for node in nodes:
            if isinstance(node, ast.Starred):
                yield from listed(self.value(node.value, scope))
            else:
                yield self.value(node, scope)

    def _dict(self, node: ast.Dict, scope: Scope) -> object:
        found: dict[object, object] = {}
        for key, value in zip(node.keys, node.values, strict=True):
            if key is None:
                rest = self.value(value, scope)
                found.update(rest if isinstance(rest, dict) else {})
            else:
                found[self.value(key, scope)] = self.value(value, scope)
        return found

    def _format(self, node: ast.JoinedStr, scope: Scope) -> object:
        return "".join(str(self.value(part, scope)) for part in node.values)

    def _formatted(self, node: ast.FormattedValue, scope: Scope) -> object:
        value = self.value(node.value, scope)
        if isinstance(value, Made | Named | Written | Method | Space):
            raise Unknown
        spec = str(self.value(node.format_spec, scope)) if node.format_spec else ""
        check_template(f"{{:{spec}}}")
        shown = value if node.conversion in {-1, ord("s")} else repr(value)
        return format(shown, spec) if spec else str(shown)

    def _subscript(self, node: ast.Subscript, scope: Scope) -> object:
        owner = self.value(node.value, scope)
        if isinstance(node.slice, ast.Slice):
            bounds = [
                None if part is None else self.value(part, scope)
                for part in (node.slice.lower, node.slice.upper, node.slice.step)
            ]
            if bounds[2] not in {None, 1}:
                self.ways.add("reversal" if bounds[2] == -1 else "every other letter")
            self._budget.spend(_weight((owner,)) // 64)
            return owner[slice(*bounds)]  # type: ignore[index]
        return owner[self.value(node.slice, scope)]  # type: ignore[index]

    def _assigned(self, node: ast.NamedExpr, scope: Scope) -> object:
        return self.value(node.value, scope)

    def _lambda(self, node: ast.Lambda, scope: Scope) -> object:
        return Written(node=node, names={"": scope})

    def _call(self, node: ast.Call, scope: Scope) -> object:
        function = self.value(node.func, scope)
        args = list(self._items(node.args, scope))
        named: dict[str, object] = {}
        for keyword in node.keywords:
            value = self.value(keyword.value, scope)
            if keyword.arg is not None:
                named[keyword.arg] = value
            elif isinstance(value, dict):
                named.update(value)
        return self.call(function, args, named)

    def call(self, function: object, args: Sequence[object], named: Mapping[str, object]) -> object:
        """What a function gives for these arguments."""
        self._budget.spend(1 + _weight(args) // 64)
        if isinstance(function, Method):
            self._budget.spend(_weight((function.owner,)) // 64)
            self.ways |= {way_of(function.name, args)} - {""}
            return call_method(function.owner, function.name, args, named)
        if isinstance(function, Written) and self.call_written:
            return self.call_written(function, args, named)
        if isinstance(function, Space):
            given = {**dict(zip(function.fields, args, strict=False)), **named}
            return Space(values={**function.values, **given})
        if not isinstance(function, Named):
            raise Unknown
        return self._call_named(function.name, args, named)

    def _call_named(self, name: str, args: Sequence[object], named: Mapping[str, object]) -> object:
        if name in _CALLERS:
            return self._call_caller(name, args)
        if name not in FUNCTIONS:
            # `str.upper("x")`
            return self.call(Method(owner=args[0], name=name.rpartition(".")[2]), args[1:], named)
        self.ways |= {WAYS.get(name, "")} - {""}
        return FUNCTIONS[name](*args, **named)

    def _call_caller(self, name: str, args: Sequence[object]) -> object:
        function = args[0]
        if name == "map":
            rows = zip(*map(listed, args[1:]), strict=False)
            return Made(items=[self.call(function, row, {}) for row in rows])
        if name == "filter":
            items = listed(args[1])
            return Made(
                items=[i for i in items if (self.call(function, (i,), {}) if function else i)]
            )
        items = [*args[2:], *listed(args[1])]
        found = items[0]
        for item in items[1:]:
            found = self.call(function, (found, item), {})
        return found

    def _comprehension(
        self, node: ast.ListComp | ast.SetComp | ast.GeneratorExp, scope: Scope
    ) -> object:
        items = [self.value(node.elt, inner) for inner in self._rounds(node.generators, scope)]
        if isinstance(node, ast.SetComp):
            return set(items)
        return Made(items=items) if isinstance(node, ast.GeneratorExp) else items

    def _dict_comprehension(self, node: ast.DictComp, scope: Scope) -> object:
        return {
            self.value(node.key, inner): self.value(node.value, inner)
            for inner in self._rounds(node.generators, scope)
        }

    def _rounds(self, loops: Sequence[ast.comprehension], scope: Scope) -> Iterator[Scope]:
        """A scope for every round of the loops of a comprehension."""
        if not loops:
            yield scope
            return
        first, *rest = loops
        for item in listed(self.value(first.iter, scope)):
            self._budget.spend()
            inner = Scope(outer=scope)
            assign(first.target, item, inner)
            if all(self.value(test, inner) for test in first.ifs):
                yield from self._rounds(rest, inner)

    _KINDS: ClassVar[Mapping[type, Callable[..., object]]] = {
        ast.Attribute: _attribute,
        ast.BinOp: _binary,
        ast.BoolOp: _boolean,
        ast.Call: _call,
        ast.Compare: _compare,
        ast.Constant: _constant,
        ast.Dict: _dict,
        ast.DictComp: _dict_comprehension,
        ast.FormattedValue: _formatted,
        ast.GeneratorExp: _comprehension,
        ast.IfExp: _choice,
        ast.JoinedStr: _format,
        ast.Lambda: _lambda,
        ast.List: _list,
        ast.ListComp: _comprehension,
        ast.Name: _name,
        ast.NamedExpr: _assigned,
        ast.Set: _list,
        ast.SetComp: _comprehension,
        ast.Subscript: _subscript,
        ast.Tuple: _list,
        ast.UnaryOp: _unary,
    }


def assign(target: ast.expr, value: object, scope: Scope) -> None:
    """Give names of a scope their values; raises Unknown for other targets."""
    if isinstance(target, ast.Name):
        scope.bound |= {target.id}
        scope.values[target.id] = value
    elif isinstance(target, ast.Tuple | ast.List):
        items = listed(value)
        for part, item in zip(target.elts, items, strict=True):
            assign(part, item, scope)
    else:
        raise Unknown


def _weight(args: Sequence[object]) -> int:
    return sum(len(arg) for arg in args if isinstance(arg, str | bytes | list | tuple))
