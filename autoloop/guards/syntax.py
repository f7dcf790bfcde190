"""What an edit must be at the very least: Python of sane size that defines `solve`."""

import ast
import re
from collections.abc import Callable
from functools import lru_cache

from autoloop.errors import CandidateError
from autoloop.guards.relatives import Relatives
from autoloop.guards.trees import of_kinds, walk
from autoloop.records import Finding
from autoloop.records.python_source import syntax_tree

_REMEMBERED = 4
"""Trees: several checks look at the same ones."""
_RELATIVES = Relatives()
_DOCUMENTED = frozenset({ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef})
# `solve(instruction, env, model)` is called with exactly these.
_GIVEN = 3


@lru_cache(maxsize=_REMEMBERED)
def parse(source: str) -> ast.Module:
    """The syntax tree of agent.py, for all who only read it; parts may be those of other trees.

    Raises:
        CandidateError: there is none; with the line.
    """
    return _parsed(source, _RELATIVES.tree)


def parse_anew(source: str) -> ast.Module:
    """A syntax tree that belongs to the caller, who may change it.

    Raises:
        CandidateError: as `parse`.
    """
    return _parsed(source, syntax_tree)


def _parsed(source: str, parser: Callable[[str], ast.Module]) -> ast.Module:
    try:
        return parser(source)
    except SyntaxError as exc:
        line = f" in line {exc.lineno}" if exc.lineno else ""
        raise CandidateError(f"agent.py does not parse: {exc.msg}{line}.") from exc
    except ValueError as exc:
        raise CandidateError(f"agent.py does not parse: {exc}.") from exc
    except (RecursionError, MemoryError) as exc:
        raise CandidateError("agent.py does not parse: it is nested too deeply.") from exc


@lru_cache(maxsize=_REMEMBERED)
def nodes_of(source: str) -> tuple[ast.AST, ...]:
    """Every node of the syntax tree that `parse` gives.

    Raises:
        CandidateError: as `parse`.
    """
    return tuple(walk(parse(source)))


@lru_cache(maxsize=_REMEMBERED)
def complexity(source: str) -> int:
    """Number of syntax-tree nodes, docstrings and comments not counted.

    Raises:
        CandidateError: the source does not parse.
    """
    nodes = nodes_of(source)
    documented = sum(map(_has_docstring, of_kinds(nodes, _DOCUMENTED)))
    # The expression statement and its constant.
    return len(nodes) - 2 * documented


class SyntaxGuard:
    """Blocks an edit that cannot be evaluated: unchanged, unreadable, too large, no `solve`."""

    def __init__(self, *, limit_bytes: int = 64 * 1024) -> None:
        self._limit_bytes = limit_bytes

    def check(self, *, before: str, after: str) -> tuple[Finding, ...]:
        """Findings on the edit; the first thing that makes the rest pointless ends the check."""
        if after == before:
            return (_block("unchanged", "agent.py is the same as before; change something."),)
        return _unreadable(after) or self._too_large(before, after) or _wrong_shape(after)

    def _too_large(self, before: str, after: str) -> tuple[Finding, ...]:
        size, old = len(after.encode()), len(before.encode())
        if size > self._limit_bytes and size > old:
            text = f"agent.py has {size:,} bytes; the limit is {self._limit_bytes:,}. Shorten it."
            return (_block("size", text),)
        return ()


def _unreadable(source: str) -> tuple[Finding, ...]:
    if "\0" in source:
        line = source[: source.index("\0")].count("\n") + 1
        return (_block("encoding", "agent.py contains a NUL character; remove it.", line),)
    lone = re.search("[\ud800-\udfff]", source)
    if lone:
        line = source[: lone.start()].count("\n") + 1
        text = f"agent.py cannot be written as UTF-8: {lone.group()!r} is half a character."
        return (_block("encoding", text, line),)
    return ()


def _wrong_shape(source: str) -> tuple[Finding, ...]:
    try:
        tree = parse(source)
    except CandidateError as exc:
        cause = exc.__cause__
        line = cause.lineno if isinstance(cause, SyntaxError) else None
        return (_block("syntax", str(exc), line),)
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
    found = [node for node in tree.body if isinstance(node, kinds) and node.name == "solve"]
    if not found and _imports_harbor(tree):
        # A Harbor agent is a class; what it derives from only its import can tell.
        return ()
    if not found:
        text = "agent.py must define `def solve(instruction, env, model)` at its top level."
        return (_block("solve", text),)
    return _wrong_arguments(found[-1])


def _imports_harbor(tree: ast.Module) -> bool:
    imports = [node for node in tree.body if isinstance(node, ast.Import)]
    names = [alias.name for node in imports for alias in node.names]
    names += [node.module or "" for node in tree.body if isinstance(node, ast.ImportFrom)]
    return any(name.partition(".")[0] == "harbor" for name in names)


def _wrong_arguments(solve: ast.FunctionDef | ast.AsyncFunctionDef) -> tuple[Finding, ...]:
    spec = solve.args
    positional = len(spec.posonlyargs) + len(spec.args)
    required = positional - len(spec.defaults)
    keywords = len(spec.kwonlyargs) - sum(default is not None for default in spec.kw_defaults)
    if positional < _GIVEN and not spec.vararg:
        text = f"`solve` takes {positional} positional parameters; it is given three."
    elif required > _GIVEN or keywords:
        text = "`solve` requires more than instruction, env and model; give the others defaults."
    else:
        return ()
    return (_block("solve", text, solve.lineno),)


def _has_docstring(node: ast.AST) -> bool:
    return ast.get_docstring(node, clean=False) is not None  # type: ignore[arg-type]


def _block(rule: str, message: str, line: int | None = None) -> Finding:
    return Finding(rule=rule, severity="block", message=message, line=line)
