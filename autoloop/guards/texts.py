"""The texts of a program that can carry knowledge: literals, names and comments, by line."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from autoloop.guards.syntax import parse


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """One literal, name or comment of a program."""

    text: str
    line: int


def texts(source: str) -> tuple[Text, ...]:
    """Everything in a program that can spell out words, strings joined by `+` as one.

    Raises:
        CandidateError: the source does not parse.
    """
    tree = parse(source)
    found = [text for node in ast.walk(tree) for text in _of_node(node)]
    return (*found, *_comments(source))


def _of_node(node: ast.AST) -> Iterator[Text]:
    if isinstance(node, ast.expr):
        spelled = _spelled(node)
        if spelled:
            yield Text(text=spelled, line=node.lineno)
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
    if isinstance(value, bool) or value is None or value is ...:
        return ""
    return str(value)


def _joined(node: ast.BinOp) -> str:
    """The text of `"a" + "b" + …`, else nothing; iterative, since such chains can be long."""
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
