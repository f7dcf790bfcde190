"""What a rule sees in a program; only what an edit adds counts against it."""

import ast
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal

from autoloop.guards.program import Program, read, read_before
from autoloop.records import Finding

_QUOTED = 60
Severity = Literal["warn", "block"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighting:
    """Something that a rule objects to, wherever it came from."""

    key: str
    """What it is, whatever the line: the same thing in the program before is nothing new."""
    severity: Severity
    message: str
    line: int


Look = Callable[[Program], Iterable[Sighting]]


def added(rule: str, look: Look, *, before: str, after: str) -> tuple[Finding, ...]:
    """Findings for what a rule sees after an edit and did not see before; blocking ones first."""
    seen = _seen(look, read(after))
    # Most edits show a rule nothing: then it need not look at what was there before.
    known = _seen(look, read_before(before)) if seen else ()
    old = {sighting.key for sighting in known}
    fresh: dict[str, Sighting] = {}
    for sighting in seen:
        if sighting.key not in old:
            fresh.setdefault(sighting.key, sighting)
    rows = sorted(fresh.values(), key=lambda one: (one.severity != "block", one.line))
    return tuple(
        Finding(rule=rule, severity=one.severity, message=one.message, line=one.line)
        for one in rows
    )


def _seen(look: Look, program: Program) -> tuple[Sighting, ...]:
    found = program.notes.get(look)
    if not isinstance(found, tuple):
        found = program.notes[look] = tuple(look(program))
    return found


def quote(node: ast.AST | str) -> str:
    """A piece of the edit, short enough for a message."""
    text = node if isinstance(node, str) else _unparsed(node)
    return text if len(text) <= _QUOTED else f"{text[:_QUOTED]}…"


def _unparsed(node: ast.AST) -> str:
    try:
        return " ".join(ast.unparse(node).split())
    except RecursionError:
        return "a deeply nested expression"
