"""How alike two programs are: the same but for names and layout, or but for constants."""

import ast
import builtins
import operator
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from types import MappingProxyType

from autoloop.errors import CandidateError
from autoloop.guards.syntax import parse_anew
from autoloop.ports import Likeness

SHORT_WORDS = 5
"""Texts of so many words are constants like numbers; a longer one is a text that says something."""
OTHER_WORDS = 3
"""Words in which longer texts of equal length may differ and still say nearly the same."""
FOLDED_CHARS = 10_000
LARGEST = 10**12
REMEMBERED = 2_048
_SUMS: Mapping[type[ast.operator], Callable[[float, float], float]] = MappingProxyType(
    {ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul}
)
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
_BUILTINS = frozenset(dir(builtins))
_SEES_NAMES = frozenset({"locals", "vars", "eval", "exec", "globals"})
"""What reads names at run time: where it is used, none is renamed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Normal:
    """A program without what makes no difference to what it does."""

    tree: str
    """Digest of its syntax tree."""
    shape: str
    """The same without the values of constants."""
    texts: tuple[tuple[str, ...], ...]
    """Words of its texts, in order."""


def likeness(one: str, other: str) -> Likeness:
    """How alike two sources are; what does not parse is only like itself."""
    if one == other:
        return Likeness.SAME
    first, second = _normal(one), _normal(other)
    if first is None or second is None:
        return Likeness.OTHER
    if first.tree == second.tree:
        return Likeness.SAME
    if first.shape == second.shape and _say_the_same(first.texts, second.texts):
        return Likeness.NEAR
    return Likeness.OTHER


def _say_the_same(ones: Iterable[tuple[str, ...]], others: Iterable[tuple[str, ...]]) -> bool:
    """Whether longer texts differ in a few words at most; short ones may be anything."""
    changed = 0
    for one, other in zip(ones, others, strict=True):
        if max(len(one), len(other)) <= SHORT_WORDS:
            continue
        if len(one) != len(other):
            return False
        changed += sum(a != b for a, b in zip(one, other, strict=True))
    return changed <= OTHER_WORDS


@lru_cache(maxsize=REMEMBERED)
def _normal(source: str) -> _Normal | None:
    try:
        tree = _Folding().visit(parse_anew(source))
        _rename_locals(tree)
        shown = ast.dump(tree)
        constants = [node for node in _in_order(tree) if isinstance(node, ast.Constant)]
        texts = [node.value.split() for node in constants if isinstance(node.value, str)]
        for node in constants:
            node.value = type(node.value).__name__
        return _Normal(
            tree=_digest(shown), shape=_digest(ast.dump(tree)), texts=tuple(map(tuple, texts))
        )
    except (CandidateError, RecursionError, MemoryError):
        return None


def _digest(text: str) -> str:
    return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


class _Folding(ast.NodeTransformer):
    """Takes out docstrings and idle statements, and works out what holds constants alone."""

    def generic_visit(self, node: ast.AST) -> ast.AST:
        super().generic_visit(node)
        for name in ("body", "orelse", "finalbody"):
            block = getattr(node, name, None)
            if isinstance(block, list) and block and isinstance(block[0], ast.stmt):
                kept = [statement for statement in block if not _is_idle(statement)]
                setattr(node, name, kept or ([ast.Pass()] if name == "body" else []))
        return node

    def visit_BinOp(self, node: ast.BinOp) -> ast.AST:
        self.generic_visit(node)
        left, right = node.left, node.right
        if not isinstance(left, ast.Constant) or not isinstance(right, ast.Constant):
            return node
        value = _worked_out(left.value, node.op, right.value)
        return node if value is None else ast.Constant(value)

    def visit_UnaryOp(self, node: ast.UnaryOp) -> ast.AST:
        self.generic_visit(node)
        number = node.operand.value if isinstance(node.operand, ast.Constant) else None
        if isinstance(node.op, ast.USub) and isinstance(number, int | float):
            return ast.Constant(-number)
        return node

    def visit_JoinedStr(self, node: ast.JoinedStr) -> ast.AST:
        self.generic_visit(node)
        parts = [part.value for part in node.values if isinstance(part, ast.Constant)]
        if len(parts) < len(node.values):
            return node
        return ast.Constant("".join(map(str, parts)))


def _is_idle(statement: ast.stmt) -> bool:
    is_constant = isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)
    return is_constant or isinstance(statement, ast.Pass)


def _worked_out(left: object, op: ast.operator, right: object) -> str | int | float | None:
    """What two constants come to; None where it is not simple."""
    if isinstance(left, str) and isinstance(right, str):
        short = len(left) + len(right) <= FOLDED_CHARS
        return left + right if short and isinstance(op, ast.Add) else None
    if not isinstance(left, int | float) or not isinstance(right, int | float):
        return None
    if max(abs(left), abs(right)) > LARGEST or type(op) not in _SUMS:
        return None
    return _SUMS[type(op)](left, right)


def _rename_locals(tree: ast.AST) -> None:
    """Give the names of each function numbers, where that is sure to change nothing."""
    nodes = list(_in_order(tree))
    names = {node.id for node in nodes if isinstance(node, ast.Name)}
    if names & _SEES_NAMES:
        return
    taken = _BUILTINS | set(_fixed(nodes)) | _bound_outside(tree)
    for function in _outermost(tree):
        own = list(_in_order(function))
        bound = dict.fromkeys(name for node in own for name in _binds(node))
        new = {name: f"<{place}>" for place, name in enumerate(n for n in bound if n not in taken)}
        for node in own:
            if isinstance(node, ast.Name):
                node.id = new.get(node.id, node.id)
            elif isinstance(node, ast.arg):
                node.arg = new.get(node.arg, node.arg)


def _in_order(tree: ast.AST) -> Iterator[ast.AST]:
    yield tree
    for child in ast.iter_child_nodes(tree):
        yield from _in_order(child)


def _outermost(tree: ast.AST) -> Iterator[ast.AST]:
    """Functions that are in no other one."""
    for child in ast.iter_child_nodes(tree):
        if isinstance(child, _FUNCTIONS):
            yield child
        else:
            yield from _outermost(child)


def _bound_outside(tree: ast.AST) -> set[str]:
    """Names that are bound outside every function."""
    found = set(_binds(tree))
    for child in ast.iter_child_nodes(tree):
        if not isinstance(child, _FUNCTIONS):
            found |= _bound_outside(child)
    return found


def _binds(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.arg):
        yield node.arg
    elif isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
        yield node.id


def _fixed(nodes: Iterable[ast.AST]) -> Iterator[str]:
    """Names that stand elsewhere than in a variable, so that they mean more than their place."""
    for node in nodes:
        if isinstance(node, ast.Global | ast.Nonlocal):
            yield from node.names
        elif isinstance(node, ast.alias):
            yield node.asname or node.name.partition(".")[0]
        elif isinstance(node, ast.keyword):
            yield node.arg or ""
        else:
            yield getattr(node, "name", None) or getattr(node, "rest", None) or ""
