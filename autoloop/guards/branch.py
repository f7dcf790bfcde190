"""Code that recognises single tasks by their instruction and treats them in a way of their own."""

import ast
import re
from collections.abc import Iterator, Mapping

from autoloop.guards.common import is_all_common
from autoloop.guards.instructions import Instructions, plain
from autoloop.guards.probes import Probe, probes
from autoloop.guards.program import Program
from autoloop.guards.sightings import Severity, Sighting, added, quote
from autoloop.records import Finding

RULE = "branch"
_ADVICE = "Treat every task alike, or go by what the agent finds in the container."
_SHORT = 4
_PHRASE = 4
_START = 6
_PLAIN_COUNT = 12
_NARROW = 0.2
_MANY = 12
_ESCAPE = re.compile(r"\\[A-Za-z]|\[[^\]]*\]|\(\?[:=!<a-zP]+")
_META = re.compile(r"[|()^$*+?{}]|(?<!\\)\.[*+?]")


class BranchGuard:
    """Blocks questions to the instruction that only one train task answers with yes."""

    def __init__(self, instructions: Mapping[str, str]) -> None:
        self._tasks = Instructions(instructions)

    def check(self, *, before: str, after: str) -> tuple[Finding, ...]:
        """Findings, blocking ones first; `after` must parse."""
        return added(RULE, self._look, before=before, after=after)

    def _look(self, program: Program) -> Iterator[Sighting]:
        for probe in probes(program):
            yield from self._of_probe(probe)
        yield from _windows(program)

    def _of_probe(self, probe: Probe) -> Iterator[Sighting]:
        if probe.kind == "print":
            yield from _fingerprint(probe)
        elif probe.kind == "measure":
            yield from _measure(probe)
        else:
            for constant in probe.constants:
                yield from self._of_text(probe, constant)
            if len(probe.constants) > _MANY and probe.is_equal:
                yield _sighting(
                    probe,
                    "warn",
                    f"{quote(probe.node)} looks parts of the instruction up in a long table. "
                    f"{_ADVICE}",
                )

    def _of_text(self, probe: Probe, constant: str) -> Iterator[Sighting]:
        for piece in dict.fromkeys((constant, *_pieces(constant))):
            task = self._single(piece, at_ends=probe.is_equal or _is_about_ends(probe.node))
            if task is not None:
                text = (
                    f"{quote(probe.node)} asks the instruction for {quote(piece)!r}, which hardly "
                    f"any train task but {task!r} has. {_ADVICE}"
                )
                yield _sighting(probe, "block", text)
                return

    def _single(self, piece: str, *, at_ends: bool) -> str | None:
        """The one task that a text points at; None for what is general."""
        if len(piece.strip()) < _SHORT:
            return None
        for task, words in self._tasks.words.items():
            if _tokens(piece) & (words.files | words.others):
                return task
        if at_ends and len(piece.strip()) >= _START:
            for task in self._tasks.beginning(piece):
                return task
        tasks = self._tasks.holding(piece)
        if not tasks or len(tasks) > self._tasks.few:
            return None
        is_phrase = len(tasks) == 1 and len(plain(piece).split()) >= _PHRASE
        return tasks[0] if is_phrase or not is_all_common(piece) else None


def _tokens(piece: str) -> frozenset[str]:
    lower = piece.lower().replace("\\", "")
    return frozenset({lower, *re.findall(r"[\w./-]*\w", lower)})


def _pieces(pattern: str) -> list[str]:
    """The plain texts in a regular expression."""
    cleaned = _ESCAPE.sub("|", pattern).replace("\\.", ".").replace("\\", "")
    return [piece for piece in _META.split(cleaned) if piece]


def _is_about_ends(node: ast.expr) -> bool:
    name = (
        node.func.attr
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
        else ""
    )
    return name in {"startswith", "endswith", "removeprefix", "removesuffix", "match", "fullmatch"}


def _fingerprint(probe: Probe) -> Iterator[Sighting]:
    if not isinstance(probe.node, ast.Compare | ast.Subscript) and not probe.is_equal:
        return
    long = any(len(constant) >= _SHORT for constant in probe.constants)
    yield _sighting(
        probe,
        "block" if long or len(probe.constants) > _SHORT else "warn",
        f"{quote(probe.node)} compares a hash or sum of the instruction with known values: that "
        f"recognises single tasks. {_ADVICE}",
    )


def _measure(probe: Probe) -> Iterator[Sighting]:
    if probe.is_equal and any(c.isdigit() and int(c[:9]) > _PLAIN_COUNT for c in probe.constants):
        yield _sighting(
            probe,
            "block",
            f"{quote(probe.node)} recognises a task by the exact length or count of its "
            f"instruction. {_ADVICE}",
        )


def _windows(program: Program) -> Iterator[Sighting]:
    """`610 < len(instruction) < 614` is an exact length, too."""
    flow = program.flow
    for unit in flow.units:
        for node, scope in unit.nodes:
            if type(node) is not ast.Compare or len(node.ops) < len("<<"):
                continue
            if any(flow.kind(part, unit) == "measure" for part in node.comparators[:1]):
                low = program.folding.value(node.left, scope)
                high = program.folding.value(node.comparators[-1], scope)
                if isinstance(low, int) and isinstance(high, int) and _is_narrow(low, high):
                    text = f"{quote(node)} fits the length of few instructions only. {_ADVICE}"
                    yield Sighting(
                        key=quote(node), severity="block", message=text, line=node.lineno
                    )


def _is_narrow(low: int, high: int) -> bool:
    return abs(high - low) <= _NARROW * max(abs(high), abs(low))


def _sighting(probe: Probe, severity: Severity, message: str) -> Sighting:
    return Sighting(key=quote(probe.node), severity=severity, message=message, line=probe.line)
