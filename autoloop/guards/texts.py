"""The texts of a program that can carry knowledge: literals, names and comments, by line."""

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

from autoloop.guards.trees import children, of_kinds

_SPELLING = frozenset({ast.Constant, ast.Name, ast.Attribute, ast.JoinedStr, ast.BinOp})
_NAMING = frozenset({ast.arg, ast.keyword, ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef})
_TABLES = frozenset({ast.Dict, ast.List, ast.Tuple, ast.Set, ast.Call})
_ENTRIES = 400
"""Nodes of one table that are put in a row."""
_SHORT = 60
_BITS = 4_096
_NESTED = 2_000
"""Values of one folded list or table that are looked at."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """One literal, name or comment of a program."""

    text: str
    line: int


def texts(
    source: str, nodes: Iterable[ast.AST], values: Iterable[tuple[int, object]]
) -> tuple[Text, ...]:
    """Everything in a program that can spell out words, constant expressions as they come out."""
    telling = of_kinds(nodes, _SPELLING | _NAMING)
    found = [text for node in telling for text in of_node(node)]
    found += _of_tables(of_kinds(nodes, _TABLES))
    worked_out = [
        Text(text=text, line=line) for line, value in values for text in _worked_out(value)
    ]
    return (*found, *worked_out, *_comments(source))


def spelled(value: object, *, most: int = _NESTED) -> Iterator[str]:
    """The texts and numbers in a value, however nested."""
    rest: list[object] = [value]
    while rest and most > 0:
        item = rest.pop()
        most -= 1
        if isinstance(item, dict):
            rest += [*item.keys(), *item.values()]
        elif isinstance(item, list | tuple | set):
            rest += item
        else:
            text = _constant(item)
            if text:
                yield text


def _worked_out(value: object) -> Iterator[str]:
    yield from spelled(value)
    if isinstance(value, dict | list | tuple):
        yield _row(spelled(value, most=_ENTRIES))


def _of_tables(nodes: Iterable[ast.AST]) -> Iterator[Text]:
    """What tables and calls say as a whole; those inside them belong to it."""
    inside: set[int] = set()
    for node in nodes:
        if id(node) in inside or not isinstance(node, ast.expr):
            continue
        below = list(islice(_in_order(node), _ENTRIES))
        inside |= {id(one) for one in below}
        text = _row(_leaf(one) for one in below)
        if " " in text:
            yield Text(text=text, line=node.lineno)


def _in_order(node: ast.AST) -> Iterator[ast.AST]:
    """A node and all below it as they are written, each key before its value."""
    rest = [node]
    while rest:
        item = rest.pop()
        yield item
        if isinstance(item, ast.Dict):
            pairs = zip(item.keys, item.values, strict=True)
            rest += [part for pair in pairs for part in pair if part is not None][::-1]
        else:
            rest += children(item)[::-1]


def _leaf(node: ast.AST) -> str:
    if isinstance(node, ast.keyword):
        return node.arg or ""
    return _constant(node.value) if isinstance(node, ast.Constant) else ""


def _row(parts: Iterable[str]) -> str:
    """Short parts one after the other: longer ones speak for themselves."""
    return " ".join(part for part in parts if part and len(part) <= _SHORT)


def of_node(node: ast.AST) -> Iterator[Text]:
    """What one node spells out by itself."""
    if type(node) in _SPELLING and isinstance(node, ast.expr):
        text = _spelled(node)
        if text:
            yield Text(text=text, line=node.lineno)
    elif isinstance(node, ast.arg | ast.keyword) and node.arg:
        yield Text(text=node.arg, line=node.lineno)
    elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        yield Text(text=node.name, line=node.lineno)


def _spelled(node: ast.expr) -> str:
    if isinstance(node, ast.Constant):
        return _constant(node.value)
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        return node.attr
    if isinstance(node, ast.JoinedStr):
        return "".join(_spelled(part) for part in node.values if isinstance(part, ast.Constant))
    return _joined(node) if isinstance(node, ast.BinOp) else ""


def _constant(value: object) -> str:
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if isinstance(value, str):
        return value
    if isinstance(value, int | float) and not isinstance(value, bool):
        return _number(value)
    return ""


def _number(value: float) -> str:
    # Python refuses to write integers of more than 4,300 digits.
    if isinstance(value, int) and value.bit_length() >= _BITS:
        return ""
    return str(value)


def _joined(node: ast.BinOp) -> str:
    """The text of `"a" + x + "b" + …`, else nothing; iterative, since such chains can be long."""
    parts: list[str] = []
    rest: list[ast.expr] = [node]
    while rest:
        item = rest.pop()
        if isinstance(item, ast.BinOp) and isinstance(item.op, ast.Add):
            rest += (item.left, item.right)
        elif isinstance(item, ast.Constant) and isinstance(item.value, str):
            parts.append(item.value)
    return "".join(reversed(parts)) if len(parts) > 1 else ""


def _comments(source: str) -> Iterator[Text]:
    # Also takes `#` inside strings: those were found as literals already, so it does no harm.
    for number, line in enumerate(source.splitlines(), start=1):
        _, mark, comment = line.partition("#")
        if mark:
            yield Text(text=comment, line=number)
