"""Code that recognises single tasks by their instruction and treats them in a way of their own."""

import ast
import re
from collections.abc import Iterator, Mapping, Sequence

from autoloop.guards.common import is_all_common, is_of_the_trade
from autoloop.guards.conjunctions import conjunctions
from autoloop.guards.instructions import Instructions, plain
from autoloop.guards.meetings import meetings
from autoloop.guards.probes import Probe, probes
from autoloop.guards.program import Program
from autoloop.guards.sightings import Severity, Sighting, added, quote
from autoloop.guards.topics import Topics
from autoloop.guards.trees import walk
from autoloop.records import Finding

RULE = "branch"
_ADVICE = "Treat every task alike, or go by what the agent finds in the container."
_SHORT = 4
_BRIEF = 3
_TABLE = 5
_PHRASE = 4
_START = 6
_TELLING = 2.0
"""What a phrase of plain words says of one task, to point at it."""
_PLAIN_COUNT = 12
_NARROW = 0.2
_MANY = 12
_ESCAPE = re.compile(r"\\[A-Za-z]|\[[^\]]*\]|\(\?[:=!<a-zP]+")
_BELOW = frozenset({ast.Lt, ast.LtE, ast.Eq})
_BITS = re.compile(r"[01]{3,}|[TF]{3,}|[yn]{3,}|(?:[01TF][,;|. -]){2,}[01TF]")
_FRACTION = re.compile(r"\d+\.\d+")
_META = re.compile(r"[|()^$*+?{}]|(?<!\\)\.[*+?]")


class BranchGuard:
    """Blocks questions to the instruction that only one train task answers with yes."""

    def __init__(self, instructions: Mapping[str, str]) -> None:
        self._tasks = Instructions(instructions)
        self._topics = Topics(instructions)

    def check(self, *, before: str, after: str) -> tuple[Finding, ...]:
        """Findings, blocking ones first; `after` must parse."""
        return added(RULE, self._look, before=before, after=after)

    def _look(self, program: Program) -> Iterator[Sighting]:
        asked = probes(program)
        for probe in asked:
            yield from self._of_probe(probe)
        yield from self._together(program, asked)
        yield from self._gathered(asked)
        yield from _windows(program)
        yield from _counted(program)
        for line, word, task in meetings(program, self._tasks.words):
            text = f"The code goes by {word!r}, which only train task {task!r} has. {_ADVICE}"
            yield Sighting(key=f"met {word}", severity="block", message=text, line=line)

    def _together(self, program: Program, asked: tuple[Probe, ...]) -> Iterator[Sighting]:
        """Plain words that meet in one task only."""
        pieces = [
            (probe.node, _pieces(text))
            for probe in asked
            for text in probe.constants
            if probe.kind == "text" and "|" not in text and ".*" in text
        ]
        for node, texts in (*conjunctions(program, asked), *pieces):
            plain_texts = [one.strip() for text in texts for one in _pieces(text)]
            told = [text for text in dict.fromkeys(plain_texts) if len(text) >= _BRIEF]
            special = [text for text in told if not is_of_the_trade(text.lower())]
            tasks = self._tasks.holding_all(told) if len(special) > 1 else ()
            if len(tasks) == 1:
                text = (
                    f"{quote(node)} asks the instruction for {', '.join(told[:4])} at once, which "
                    f"only train task {tasks[0]!r} has. {_ADVICE}"
                )
                yield Sighting(key=quote(node), severity="block", message=text, line=node.lineno)

    def _gathered(self, asked: tuple[Probe, ...]) -> Iterator[Sighting]:
        """Words that each are general enough, but tell the tasks apart when taken together."""
        words = {
            constant: probe
            for probe in asked
            for constant in probe.constants
            if probe.kind == "text" and len(constant) >= _SHORT
        }
        found = {word: self._tasks.holding(word) for word in words if not is_of_the_trade(word)}
        tasks = {held[0] for held in found.values() if len(held) == 1}
        if len(tasks) >= _TABLE and len(tasks) * 2 > len(words):
            probe = next(iter(words.values()))
            text = (
                f"The edit asks the instruction for words that {len(tasks)} train tasks have, one "
                f"each: that is a table of tasks. {_ADVICE}"
            )
            yield Sighting(key="gathered", severity="block", message=text, line=probe.line)

    def _of_probe(self, probe: Probe) -> Iterator[Sighting]:
        if probe.kind == "print":
            yield from _fingerprint(probe)
        elif probe.kind == "measure":
            yield from _measure(probe)
        else:
            yield from _letter(probe)
            yield from _bits(probe)
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
        tasks = self._tasks.holding(piece)
        certain = [
            *(n for n, w in self._tasks.words.items() if _tokens(piece) & (w.files | w.others)),
            *(self._at_ends(piece, tasks) if at_ends else ()),
        ]
        if certain:
            return certain[0]
        if not tasks or len(tasks) > self._tasks.few:
            return None
        is_phrase = len(tasks) == 1 and (
            len(plain(piece).split()) >= _PHRASE or self._is_telling(piece)
        )
        return tasks[0] if is_phrase or not is_all_common(piece) else None

    def _at_ends(self, piece: str, tasks: Sequence[str]) -> Sequence[str]:
        """Tasks that begin or end with a text, or alone have what is asked for as a whole."""
        if len(piece.strip()) < _START:
            return ()
        is_whole = len(tasks) == 1 and len(piece.split()) > 1
        return self._tasks.beginning(piece) or (tasks if is_whole else ())

    def _is_telling(self, piece: str) -> bool:
        score = self._topics.nearest(piece.lower()).score
        return score >= _TELLING or (score > 0 and len(piece.split()) == _PHRASE - 1)


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
    is_bits = isinstance(probe.node, ast.BinOp) and isinstance(probe.node.op, ast.BitAnd)
    if not isinstance(probe.node, ast.Compare | ast.Subscript) and not (probe.is_equal or is_bits):
        return
    yield _sighting(
        probe,
        "block",
        f"{quote(probe.node)} compares a hash or sum of the instruction with known values: that "
        f"recognises single tasks. {_ADVICE}",
    )


def _measure(probe: Probe) -> Iterator[Sighting]:
    is_remainder = any(
        isinstance(part, ast.BinOp) and isinstance(part.op, ast.Mod) for part in walk(probe.node)
    )
    if is_remainder and isinstance(probe.node, ast.Compare | ast.Subscript):
        text = (
            f"{quote(probe.node)} tells tasks apart by a remainder, which says nothing of them. "
            f"{_ADVICE}"
        )
        yield _sighting(probe, "block", text)
    elif probe.is_equal and (_is_row(probe) or any(map(_is_odd_count, probe.constants))):
        yield _sighting(
            probe,
            "block",
            f"{quote(probe.node)} recognises a task by the exact length or count of its "
            f"instruction. {_ADVICE}",
        )


def _is_odd_count(constant: str) -> bool:
    return constant.isdigit() and int(constant[:9]) > _PLAIN_COUNT


def _is_row(probe: Probe) -> bool:
    """Several counts at once, small as they may be: `(lines, ticks) == (8, 10)`."""
    return sum(map(str.isdigit, probe.constants)) > 1 and any(
        isinstance(part, ast.Tuple) for part in walk(probe.node)
    )


def _letter(probe: Probe) -> Iterator[Sighting]:
    """`instruction[17] == "q"`: what stands at a place says nothing but which task it is."""
    for part in walk(probe.node) if isinstance(probe.node, ast.Compare) else ():
        place = part.slice if isinstance(part, ast.Subscript) else None
        if isinstance(place, ast.Constant) and isinstance(place.value, int) and place.value > 1:
            text = f"{quote(probe.node)} looks at one place of the instruction. {_ADVICE}"
            yield _sighting(probe, "block", text)
            return


def _bits(probe: Probe) -> Iterator[Sighting]:
    """`"100010"`: a row of answers of the instruction, looked up as one."""
    rows = [one for one in probe.constants if _BITS.fullmatch(one) or _FRACTION.fullmatch(one)]
    if probe.is_equal and len(rows) > 1:
        text = (
            f"{quote(probe.node)} looks up what several questions to the instruction come to "
            f"together: that recognises single tasks. {_ADVICE}"
        )
        yield _sighting(probe, "block", text)


def _windows(program: Program) -> Iterator[Sighting]:
    """`610 < len(instruction) < 614` is an exact length, too."""
    flow = program.flow
    for unit in flow.units:
        for node, scope in unit.of(ast.Compare):
            if len(node.ops) < len("<<"):
                continue
            if any(flow.kind(part, unit) == "measure" for part in node.comparators[:1]):
                low = program.folding.value(node.left, scope)
                high = program.folding.value(node.comparators[-1], scope)
                if isinstance(low, int) and isinstance(high, int) and _is_narrow(low, high):
                    text = f"{quote(node)} fits the length of few instructions only. {_ADVICE}"
                    yield Sighting(
                        key=quote(node), severity="block", message=text, line=node.lineno
                    )


def _counted(program: Program) -> Iterator[Sighting]:
    """`text.count("a") > 20 and text.count("b") < 5`: counts that fit few tasks together."""
    for unit in program.flow.units:
        for node, scope in unit.of(ast.BoolOp):
            ways = {
                type(part.ops[0]) in _BELOW
                for part in node.values
                if isinstance(node.op, ast.And)
                and isinstance(part, ast.Compare)
                and program.flow.kind(part.left, unit)
                and isinstance(program.folding.value(part.comparators[0], scope), int)
            }
            if len(ways) > 1:
                text = f"{quote(node)} fits the counts of few instructions only. {_ADVICE}"
                yield Sighting(key=quote(node), severity="block", message=text, line=node.lineno)


def _is_narrow(low: int, high: int) -> bool:
    return abs(high - low) <= _NARROW * max(abs(high), abs(low))


def _sighting(probe: Probe, severity: Severity, message: str) -> Sighting:
    return Sighting(key=quote(probe.node), severity=severity, message=message, line=probe.line)
