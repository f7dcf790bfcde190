"""Syntax trees of sources that begin alike: what they share is parsed once.

An edit leaves most of agent.py as it is. The statements before the first line that it changes are
taken over from the tree that was grown last; only the others are parsed.
"""

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from autoloop.records.python_source import syntax_tree


@dataclass(frozen=True, slots=True, kw_only=True)
class _Grown:
    lines: Sequence[str]
    tree: ast.Module


class Relatives:
    """Parses sources, each with the help of the one before. Any thread may ask."""

    def __init__(self) -> None:
        self._last = _Grown(lines=(), tree=ast.Module(body=[], type_ignores=[]))

    def tree(self, source: str) -> ast.Module:
        """The syntax tree of a source, the same as that which Python's parser gives.

        Raises:
            SyntaxError: and all else that `syntax_tree` raises.
        """
        lines = source.split("\n")
        tree = _beside(self._last, lines) or syntax_tree(source)
        self._last = _Grown(lines=lines, tree=tree)
        return tree


def _beside(last: _Grown, lines: Sequence[str]) -> ast.Module | None:
    """A tree with the first statements of another; None where they have none in common."""
    kept, begin = _in_common(last, lines)
    # Python ends lines at those, too, and counts them.
    if not kept or any("\r" in line for line in lines):
        return None
    try:
        rest = syntax_tree("\n" * (begin - 1) + "\n".join(lines[begin - 1 :]))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        # The whole shall say what is wrong with it.
        return None
    return ast.Module(body=[*last.tree.body[:kept], *rest.body], type_ignores=[])


def _in_common(last: _Grown, lines: Sequence[str]) -> tuple[int, int]:
    """How many statements of a tree stand in other lines as well, and the line after them."""
    pairs = enumerate(zip(last.lines, lines, strict=False))
    same = next((at for at, (one, other) in pairs if one != other), None)
    if same is None:
        same = min(len(last.lines), len(lines))
    # Not before the next statement has begun is one at its end: `else` may follow.
    places = [(kept, line) for kept, line in _borders(last.tree.body) if line <= same]
    sound = (place for place in reversed(places) if _is_border(last, *place))
    return next(sound, (0, 0))


def _borders(body: Sequence[ast.stmt]) -> Iterator[tuple[int, int]]:
    """Each statement but the first, with the line where it begins."""
    for number, node in enumerate(body[1:], start=1):
        decorators = getattr(node, "decorator_list", [])
        yield number, decorators[0].lineno if decorators else node.lineno


def _is_border(last: _Grown, number: int, line: int) -> bool:
    """Whether a statement begins a line, and only comments part it from the one before it."""
    end = last.tree.body[number - 1].end_lineno or line
    between = (text.strip() for text in last.lines[end : line - 1])
    is_parted = end < line and all(not text or text.startswith("#") for text in between)
    return is_parted and not last.lines[line - 1][:1].isspace()
