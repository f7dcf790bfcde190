"""Tables from tasks to answers."""

import ast
import re
from collections.abc import Iterator, Mapping, Sequence

from autoloop.guards.common import is_all_common
from autoloop.guards.instructions import Instructions, is_telling_number
from autoloop.guards.program import Program
from autoloop.guards.sightings import Severity, Sighting, added, quote
from autoloop.guards.trees import of_kinds
from autoloop.records import Finding

RULE = "lookup"
_DIGEST = re.compile(r"[0-9a-f]{12,128}|[0-9A-F]{12,128}")
_FEW = 3
_LONG = 120
_VERY_LONG = 250
_LARGE = 1_000_000
_SHORT = 4
_TABLES = frozenset({ast.Dict, ast.List, ast.Tuple, ast.Set})


class LookupGuard:
    """Blocks tables keyed by digests or by what single tasks are about; warns of long ones."""

    def __init__(self, instructions: Mapping[str, str]) -> None:
        self._tasks = Instructions(instructions)

    def check(self, *, before: str, after: str) -> tuple[Finding, ...]:
        """Findings, blocking ones first; `after` must parse."""
        return added(RULE, self._look, before=before, after=after)

    def _look(self, program: Program) -> Iterator[Sighting]:
        for node in of_kinds(program.nodes, _TABLES):
            keys = _keys(node, program)
            if len(keys) >= _FEW and isinstance(node, ast.expr):
                yield from self._of_table(node, keys)
        for node in program.of(ast.Compare):
            yield from _of_compare(node)
        for folded in program.folding.found:
            if isinstance(folded.value, dict) and len(folded.value) >= _FEW:
                yield from self._of_table(folded.node, list(folded.value))

    def _of_table(self, node: ast.expr, keys: Sequence[object]) -> Iterator[Sighting]:
        texts = [key for key in keys if isinstance(key, str)]
        digests = sum(bool(_DIGEST.fullmatch(key)) and not key.isdigit() for key in texts)
        digests += sum(isinstance(key, int) and _is_like_a_hash(key) for key in keys)
        if digests >= _FEW:
            yield _sighting(
                node,
                "block",
                f"{quote(node)} holds {digests} digests or hashes: a table that recognises what "
                "it has seen before. Solve tasks, do not remember them.",
            )
            return
        tasks = {task for key in texts for task in self._pointed_at(key)}
        if len(tasks) >= _FEW:
            yield _sighting(
                node,
                "block",
                f"{quote(node)} has entries for single train tasks, such as "
                f"{', '.join(sorted(tasks)[:3])}. Write what helps with any task.",
            )
        elif len(keys) > _LONG:
            yield _sighting(
                node,
                "block" if len(keys) > _VERY_LONG else "warn",
                f"{quote(node)} has {len(keys)} entries: so much data is no harness.",
            )

    def _pointed_at(self, key: str) -> tuple[str, ...]:
        if len(key) < _SHORT or is_all_common(key):
            return ()
        tasks = self._tasks.holding(key)
        return tasks if len(tasks) == 1 else ()


def _of_compare(node: ast.Compare) -> Iterator[Sighting]:
    """`md5 == "9e10…"`: what is compared with a digest was seen before."""
    for side in (node.left, *node.comparators):
        value = side.value if isinstance(side, ast.Constant) else None
        is_digest = isinstance(value, str) and _DIGEST.fullmatch(value)
        if is_digest and not str(value).isdigit() and not str(value).isalpha():
            message = f"{quote(node)} waits for something that was seen before. Solve tasks."
            yield Sighting(key=quote(node), severity="block", message=message, line=side.lineno)


def _is_like_a_hash(key: int) -> bool:
    return _LARGE < abs(key) < 2**160 and is_telling_number(str(abs(key)))


def _keys(node: ast.AST, program: Program) -> Sequence[object]:
    """What a table written out is keyed by: the first of each row, where it has rows."""
    if isinstance(node, ast.Dict):
        return [program.folding.value(key) for key in node.keys if key is not None]
    if isinstance(node, ast.List | ast.Tuple | ast.Set):
        firsts = [
            row.elts[0] if isinstance(row, ast.Tuple | ast.List) and row.elts else row
            for row in node.elts
        ]
        return [first.value for first in firsts if isinstance(first, ast.Constant)]
    return ()


def _sighting(node: ast.expr, severity: Severity, message: str) -> Sighting:
    return Sighting(key=quote(node), severity=severity, message=message, line=node.lineno)
