"""Where a program takes the task's instruction, and what it makes of it."""

import ast
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar, Literal, TypeVar, cast

from autoloop.guards.folding import Scope
from autoloop.guards.folding.names import dotted
from autoloop.guards.trees import children

Kind = Literal["", "text", "measure", "print"]
"""Nothing of the instruction; its text or a part; a length or count; a hash or sum of letters."""
ORDER: Sequence[Kind] = ("", "text", "measure", "print")
"""The more is made of it, the later."""
_DEPTH = 40
_PRINTS = (
    "hashlib.", "zlib.", "binascii.crc", "hash", "ord", "hmac.", "random.Random", "random.seed",
    "uuid.uuid", "int.from_bytes", "functools.reduce",
)  # fmt: skip
_MEASURES = frozenset({"len", "count", "find", "rfind", "index", "rindex"})
_TAKING = (
    "re.", "str", "list", "tuple", "set", "frozenset", "sorted", "reversed", "enumerate", "iter",
    "next", "map", "filter", "zip", "any", "all", "bool", "min", "max", "sum", "int", "repr",
    "dict", "json.", "textwrap.", "string.", "difflib.", "collections.Counter", "bytes", "shlex.",
    "fnmatch.", "unicodedata.", "base64.", "functools.partial", "operator.", "itertools.",
)  # fmt: skip
_MATCHING = frozenset({"search", "match", "fullmatch", "findall", "finditer", "sub", "split"})
WORKING = frozenset({"chat", "run", "create", "invoke", "complete", "completion", "read", "write"})
"""Methods through which an agent works: what they give is not the instruction any more."""
_PARTS = (
    ast.BinOp, ast.BoolOp, ast.UnaryOp, ast.Compare, ast.IfExp, ast.JoinedStr, ast.FormattedValue,
    ast.NamedExpr, ast.Starred, ast.Await, ast.List, ast.Tuple, ast.Set, ast.Slice,
)  # fmt: skip

_Node = TypeVar("_Node", bound=ast.AST)


@dataclass(slots=True, kw_only=True)
class Unit:
    """A function or method with everything inside it."""

    node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
    nodes: Sequence[tuple[ast.AST, Scope]]
    kinds: Mapping[type, Sequence[tuple[ast.AST, Scope]]]
    """The same by the kind of node."""
    globals: frozenset[str] = frozenset()
    inner: Mapping[str, ast.arguments] = field(default_factory=dict)
    """Parameters of the functions inside it."""
    names: dict[str, Kind] = field(default_factory=dict)
    loops: dict[str, list[tuple[ast.expr, ast.expr, Scope]]] = field(default_factory=dict)
    """By name: target and iterable of the loops that bind it."""
    given: dict[str, list[tuple[ast.expr, Scope]]] = field(default_factory=dict)
    """By parameter: what calls in this program pass."""

    def of(self, kind: type[_Node]) -> Sequence[tuple[_Node, Scope]]:
        """The nodes of one kind, with their scopes."""
        return cast("Sequence[tuple[_Node, Scope]]", self.kinds.get(kind, ()))


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
    properties: frozenset[str] = frozenset()
    """Methods that are read like attributes."""
    works: frozenset[str] = frozenset()
    """Functions that ask the model or touch the container."""

    def kind(self, node: ast.AST | None, unit: Unit, depth: int = 0) -> Kind:
        """What of the instruction an expression holds."""
        if node is None or depth > _DEPTH:
            return ""
        known = self._KINDS.get(type(node))
        return known(self, node, unit, depth + 1) if known else ""

    def _of_name(self, node: ast.Name, unit: Unit, _: int) -> Kind:
        return unit.names.get(node.id, "") or self.shared.get(node.id, "")

    def _of_attribute(self, node: ast.Attribute, unit: Unit, depth: int) -> Kind:
        given = self.attributes.get(node.attr, "") or self.kind(node.value, unit, depth)
        return given or (self.returns.get(node.attr, "") if node.attr in self.properties else "")

    def _of_comprehension(
        self, node: ast.ListComp | ast.SetComp | ast.GeneratorExp, unit: Unit, depth: int
    ) -> Kind:
        return self._most((node.elt, *(loop.iter for loop in node.generators)), unit, depth)

    def _of_parts(self, node: ast.expr, unit: Unit, depth: int) -> Kind:
        return self._most(children(node), unit, depth)

    def _most(self, nodes: Iterable[ast.AST], unit: Unit, depth: int) -> Kind:
        given = [kind for node in nodes if (kind := self.kind(node, unit, depth + 1))]
        return max(given, key=ORDER.index) if given else ""

    def _of_subscript(self, node: ast.Subscript, unit: Unit, depth: int) -> Kind:
        owner = node.value
        if isinstance(owner, ast.Subscript) and isinstance(owner.value, ast.Name):
            # `messages[1]["content"]` is the instruction where the list was made with it.
            first = owner.slice.value if isinstance(owner.slice, ast.Constant) else None
            if first in {0, 1} and unit.names.get(f"[{owner.value.id}]"):
                return "text"
        entry = entry_of(owner, node.slice)
        known = self.attributes.get(entry, "") or unit.names.get(entry, "")
        return known or self.shared.get(entry, "") or self.kind(owner, unit, depth)

    def _of_call(self, node: ast.Call, unit: Unit, depth: int) -> Kind:
        args = [*node.args, *(keyword.value for keyword in node.keywords)]
        given = self._most(args, unit, depth)
        if given and any(isinstance(arg, ast.Name) and arg.id in {"ord", "hash"} for arg in args):
            return "print"
        name = dotted(node.func, self.imports) or ""
        if given and name == "sum" and _is_whole(node.args[0]):
            return "print"
        if name.startswith(_PRINTS) and (given or "." in name):
            return "print" if given else ""
        if isinstance(node.func, ast.Attribute):
            return self._of_method(node.func, given, node.args, unit, depth)
        return self._of_function(node.func, name, given) if given else ""

    def _of_function(self, func: ast.expr, name: str, given: Kind) -> Kind:
        if name == "len":
            return "measure"
        called = func.id if isinstance(func, ast.Name) else ""
        if called in self.by_name:
            return self.returns.get(called, "")
        return given if name.startswith(_TAKING) else ""

    def _of_method(
        self, func: ast.Attribute, given: Kind, args: Sequence[ast.expr], unit: Unit, depth: int
    ) -> Kind:
        name = dotted(func, self.imports) or ""
        if name.startswith(_TAKING):
            return given
        owner = self.kind(func.value, unit, depth)
        if not owner and func.attr in {"get", "pop"}:
            owner = self._of_entry(func.value, unit)
        if owner:
            return "measure" if func.attr in _MEASURES and owner == "text" else owner
        if func.attr in self.by_name:
            return self.returns.get(func.attr, "")
        if given and func.attr == "join":
            return "print" if any(map(_is_of_letters, args)) else given
        return given if func.attr in _MATCHING else ""

    def _of_entry(self, owner: ast.expr, unit: Unit) -> Kind:
        """`state.get("task")`: any entry that holds the instruction may be meant."""
        start = entry_of(owner, ast.Constant(value=""))[:-1].rstrip("'\"")
        rows = (self.attributes, unit.names, self.shared)
        found = (kind for row in rows for name, kind in row.items() if name.startswith(start))
        return next(found, "") if start else ""

    _KINDS: ClassVar[Mapping[type, Callable[..., Kind]]] = {
        ast.Name: _of_name,
        ast.Call: _of_call,
        ast.Attribute: _of_attribute,
        ast.Subscript: _of_subscript,
        **dict.fromkeys((ast.ListComp, ast.SetComp, ast.GeneratorExp), _of_comprehension),
        **dict.fromkeys(_PARTS, _of_parts),
    }


def entry_of(owner: ast.expr, key: ast.expr) -> str:
    """What to call the entry of a dict with a name; empty for other subscripts."""
    name = getattr(owner, "attr", getattr(owner, "id", ""))
    value = key.value if isinstance(key, ast.Constant) else None
    return f"{name}[{value!r}]" if name and isinstance(value, str) else ""


def _is_of_letters(node: ast.expr) -> bool:
    """`word[0] for word in …`: single letters put together are a mark of the text."""
    inner = node.elt if isinstance(node, ast.GeneratorExp | ast.ListComp) else None
    return isinstance(inner, ast.Subscript)


def _is_whole(node: ast.expr) -> bool:
    """Whether it is a text or its bytes, not a count of things in it."""
    is_bytes = isinstance(node, ast.Call) and ast.unparse(node.func).endswith(("encode", "bytes"))
    return is_bytes or isinstance(node, ast.Name)
