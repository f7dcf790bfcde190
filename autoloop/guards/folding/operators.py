"""Operators of constant folding, each within bounds."""

import ast
import operator
import posixpath
from collections.abc import Callable, Mapping

from autoloop.guards.folding.limits import BITS, LONGEST, Unknown, bounded, sized
from autoloop.guards.folding.methods import check_template

_SERIES = (str, bytes, list, tuple)


def _added(left: object, right: object) -> object:
    if isinstance(left, _SERIES) and isinstance(right, _SERIES):
        sized(len(left) + len(right))
    return left + right  # type: ignore[operator]


def _times(left: object, right: object) -> object:
    for one, other in ((left, right), (right, left)):
        if isinstance(one, _SERIES) and isinstance(other, int):
            sized(len(one) * max(0, other))
    return left * right  # type: ignore[operator]


def _divided(left: object, right: object) -> object:
    if isinstance(left, str) and isinstance(right, str):
        # Nothing but paths divide texts.
        return posixpath.join(left, right)
    return left / right  # type: ignore[operator]


_PLAIN: Mapping[type, Callable[[object, object], object]] = {
    ast.Sub: operator.sub,
    ast.FloorDiv: operator.floordiv,
    ast.Add: _added,
    ast.Div: _divided,
    ast.Mult: _times,
    ast.BitAnd: operator.and_,
    ast.BitOr: operator.or_,
    ast.BitXor: operator.xor,
    ast.RShift: operator.rshift,
}
_COMPARED: Mapping[type, Callable[..., object]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.In: lambda item, rows: item in rows,
    ast.NotIn: lambda item, rows: item not in rows,
}
_UNARY: Mapping[type, Callable[..., object]] = {
    ast.USub: operator.neg,
    ast.UAdd: operator.pos,
    ast.Invert: operator.invert,
    ast.Not: operator.not_,
}


def apply_binary(op: ast.operator, left: object, right: object) -> object:
    """What `left op right` gives; raises Unknown where that is unsafe."""
    if isinstance(op, ast.Mod):
        return _remainder(left, right)
    if isinstance(op, ast.Pow | ast.LShift):
        return _grown(op, left, right)
    known = _PLAIN.get(type(op))
    if known is None:
        raise Unknown
    return bounded(known(left, right))


def apply_compare(op: ast.cmpop, left: object, right: object) -> object:
    """What `left op right` gives."""
    if isinstance(op, ast.Is):
        return left is right
    if isinstance(op, ast.IsNot):
        return left is not right
    return _COMPARED[type(op)](left, right)


def apply_unary(op: ast.unaryop, value: object) -> object:
    """What `op value` gives."""
    return _UNARY[type(op)](value)


def _remainder(left: object, right: object) -> object:
    if isinstance(left, str | bytes):
        template = left if isinstance(left, str) else left.decode("latin-1")
        check_template(template, sign="%")
    return left % right  # type: ignore[operator]


def _grown(op: ast.operator, left: object, right: object) -> object:
    if not isinstance(left, int) or not isinstance(right, int) or right < 0:
        raise Unknown
    bits = left.bit_length() * right if isinstance(op, ast.Pow) else left.bit_length() + right
    if bits > BITS or right > LONGEST:
        raise Unknown
    return left**right if isinstance(op, ast.Pow) else left << right
