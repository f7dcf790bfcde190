"""The texts of a program that can carry knowledge: literals, names and comments, by line."""

import ast
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from operator import attrgetter

from autoloop.guards.trees import children, of_kinds

_TABLES = frozenset({ast.Dict, ast.List, ast.Tuple, ast.Set, ast.Call})
_LEAVES = frozenset({ast.Constant, ast.keyword})
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
    found = [
        Text(text=text, line=node.lineno)  # type: ignore[attr-defined]
        for node in nodes
        if (text := text_of(node))
    ]
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
        elif isinstance(item, list | tuple):
            rest += item
        elif isinstance(item, set):
            # Its own order is another one in each process.
            rest += sorted(item, key=repr)
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
        if id(node) in inside:
            continue
        below = _in_order(node)
        inside.update(map(id, below))
        text = _row(text_of(one) for one in of_kinds(below, _LEAVES))
        if " " in text:
            yield Text(text=text, line=node.lineno)  # type: ignore[attr-defined]


def _in_order(node: ast.AST) -> list[ast.AST]:
    """A node and what is below it as it is written, each key before its value."""
    found: list[ast.AST] = []
    rest = [node]
    while rest and len(found) < _ENTRIES:
        item = rest.pop()
        found.append(item)
        if isinstance(item, ast.Dict):
            pairs = zip(item.keys, item.values, strict=True)
            rest += [part for pair in pairs for part in pair if part is not None][::-1]
        else:
            rest += children(item)[::-1]
    return found


def _row(parts: Iterable[str]) -> str:
    """Short parts one after the other: longer ones speak for themselves."""
    return " ".join(part for part in parts if part and len(part) <= _SHORT)


def text_of(node: ast.AST) -> str:
    """What one node spells out by itself; empty for nothing."""
    tell = _TELLING.get(type(node))
    return tell(node) if tell else ""


def _formatted(node: ast.JoinedStr) -> str:
    return "".join(_constant(one.value) for one in node.values if isinstance(one, ast.Constant))


def _constant(value: object) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
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


_TELLING: Mapping[type, Callable[..., str]] = {
    ast.Constant: lambda node: _constant(node.value),
    ast.Name: attrgetter("id"),
    ast.Attribute: attrgetter("attr"),
    ast.JoinedStr: _formatted,
    ast.BinOp: _joined,
    ast.arg: attrgetter("arg"),
    ast.keyword: lambda node: node.arg or "",
    **dict.fromkeys((ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef), attrgetter("name")),
}


def _comments(source: str) -> Iterator[Text]:
    # Also takes `#` inside strings: those were found as literals already, so it does no harm.
    for number, line in enumerate(source.splitlines(), start=1):
        _, mark, comment = line.partition("#")
        if mark:
            yield Text(text=comment, line=number)
