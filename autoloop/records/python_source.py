"""Python's own parser, one text at a time."""

import ast
import threading
import warnings

_ONE_AT_A_TIME = threading.Lock()
"""CPython 3.11 counts the depth of trees for all threads together, and raises SystemError when two
of them parse at once (github.com/python/cpython/issues/106905)."""


def syntax_tree(source: str) -> ast.Module:
    """The syntax tree of a text; warnings about odd escapes in it are nobody's business.

    Raises:
        SyntaxError: it is no Python.
        ValueError: it holds NUL characters.
        RecursionError: it is nested too deeply; MemoryError says the same.
    """
    with _ONE_AT_A_TIME, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return ast.parse(source)
