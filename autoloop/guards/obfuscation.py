"""Texts and calls that are hidden for no reason but to hide them."""

import ast
import math
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise

from autoloop.guards.folding import Folded
from autoloop.guards.program import Program
from autoloop.guards.sightings import Sighting, added, quote
from autoloop.guards.spelling import readings
from autoloop.guards.texts import spelled
from autoloop.guards.trees import of_kinds, walk
from autoloop.records import Finding

RULE = "obfuscation"
_ADVICE = "Write it out."
_SHOWN = 5
"""Readable characters that a hidden text has at least, to be one."""
_WORD = re.compile(r"[A-Za-z]{3,}|\d{4,}")
_BLOB = re.compile(r"[A-Za-z0-9+/=_-]{100,}|(?:[0-9a-fA-F]{2}){40,}")
_RANDOM_BITS = 4.2
_CODES = 16
_FEW_WORDS = 5
_BINARY = 40
_INVISIBLE = re.compile(
    "[\u200b-\u200f\u2060-\u2064\u202a-\u202e\ufe00-\ufe0f\U000e0000-\U000e01ef]"
)
_WITHIN = re.compile("[a-zA-Z\\d][\u00ad\u200b-\u200f\u2060-\u2064\ufeff]+[a-zA-Z\\d]")
_FEW_INVISIBLE = 6
_RUNNERS = frozenset(
    {"exec", "eval", "compile", "marshal.loads", "pickle.loads", "types.CodeType",
     "types.FunctionType", "types.LambdaType", "importlib.util.spec_from_loader", "runpy.run_path",
     "importlib.util.module_from_spec", "dill.loads", "cloudpickle.loads"}
)  # fmt: skip
_SHORT = 16
"""Characters below which nothing is opaque or coded."""
_LOADERS = frozenset({"__import__", "importlib.import_module", "importlib.__import__"})
_LAST = frozenset(name.rpartition(".")[2] for name in (*_RUNNERS, *_LOADERS, "__builtins__"))


class ObfuscationGuard:
    """Blocks constants that are decoded, spelled letter by letter or opaque, and hidden code."""

    def check(self, *, before: str, after: str) -> tuple[Finding, ...]:
        """Findings, blocking ones first; `after` must parse."""
        return added(RULE, _look, before=before, after=after)


def _look(program: Program) -> Iterator[Sighting]:
    yield from _all_decoded(program)
    for call in program.calls:
        yield from _hidden_code(call, program)
    yield from _aliases(program)
    for node in of_kinds(program.nodes, frozenset({ast.Constant, ast.List, ast.Tuple})):
        if isinstance(node, ast.Constant):
            yield from _opaque(node)
        elif isinstance(node, ast.List | ast.Tuple):
            yield from _codes(node)
    for node in program.of(ast.Constant):
        is_plain = not isinstance(node.value, str) or node.value.isascii()
        if not is_plain and _WITHIN.search(str(node.value)):
            text = f"{quote(node)} has characters within words that nobody can see. Remove them."
            yield Sighting(key=quote(node), severity="block", message=text, line=node.lineno)
    marks = _INVISIBLE.findall(program.source)
    if len(marks) >= _FEW_INVISIBLE:
        line = program.source[: program.source.index(marks[0])].count("\n") + 1
        text = f"agent.py has {len(marks)} characters that nobody can see. Remove them."
        yield Sighting(key="invisible", severity="block", message=text, line=line)


def _all_decoded(program: Program) -> Iterator[Sighting]:
    for folded in program.folding.found:
        yield from _decoded(folded)
    for line, nested in program.scripts:
        for folded in nested.found:
            yield from (replace(one, line=line) for one in _decoded(folded))


def _aliases(program: Program) -> Iterator[Sighting]:
    """`run = exec`: what runs code is called by its name, or not at all."""
    called = {id(call.func) for call in program.calls}
    telling = _LAST | program.folding.imports.keys()
    for node in of_kinds(program.nodes, frozenset({ast.Name, ast.Attribute})):
        last = node.id if isinstance(node, ast.Name) else node.attr  # type: ignore[attr-defined]
        if last not in telling or id(node) in called or not isinstance(node, ast.expr):
            continue
        name = program.name_of(node).removeprefix("builtins.")
        if name in _RUNNERS | _LOADERS | {"__builtins__"}:
            message = f"{quote(node)} is handed on under another name. {_ADVICE}"
            yield Sighting(key=f"alias {name}", severity="block", message=message, line=node.lineno)


def _decoded(folded: Folded) -> Iterator[Sighting]:
    if not folded.ways:
        return
    text = " ".join(spelled(folded.value, most=200))
    if len(text) >= _SHOWN and _WORD.search(text) and not _is_alphabet(text):
        ways = ", ".join(sorted(folded.ways))
        message = (
            f"{quote(folded.node)} comes to {quote(text)!r}, hidden by {ways}. "
            f"A harness has no reason to hide a constant. {_ADVICE}"
        )
        yield Sighting(key=quote(folded.node), severity="block", message=message, line=folded.line)


def _is_alphabet(text: str) -> bool:
    """Whether letters follow each other in order, as in a table of characters."""
    steps = [ord(b) - ord(a) for a, b in pairwise(text)]
    return sum(step == 1 for step in steps) > len(steps) * 0.8


def _hidden_code(call: ast.Call, program: Program) -> Iterator[Sighting]:
    name = program.name_of(call.func).removeprefix("builtins.")
    first = call.args[0] if call.args else None
    if first is None:
        return
    if name in _RUNNERS:
        value = program.folding.value(first)
        is_known = value is not None or _is_closed(first, program) or _is_read(first, program)
        yield Sighting(
            key=quote(call),
            severity="block" if is_known else "warn",
            message=f"{quote(call)} makes code out of data. Write the code itself.",
            line=call.lineno,
        )
    elif name in _LOADERS:
        value = program.folding.value(first)
        is_plain = isinstance(first, ast.Constant)
        yield Sighting(
            key=quote(call),
            severity="warn" if is_plain or value is None else "block",
            message=f"{quote(call)} imports something under cover. Use an import statement.",
            line=call.lineno,
        )
    elif name in {"getattr", "setattr"} and len(call.args) > 1:
        second = call.args[1]
        if not isinstance(second, ast.Constant) and _is_made(second, program):
            message = f"{quote(call)} hides which attribute is meant. {_ADVICE}"
            yield Sighting(key=quote(call), severity="block", message=message, line=call.lineno)


def _is_closed(node: ast.expr, program: Program) -> bool:
    """Whether a call works on nothing but what is written there."""
    names = [part for part in walk(node) if isinstance(part, ast.Name)]
    return isinstance(node, ast.Call) and all(program.name_of(name) for name in names)


def _is_read(node: ast.expr, program: Program) -> bool:
    """Whether it comes out of a container: what is there may be anybody's."""
    names = {part.id for part in walk(node) if isinstance(part, ast.Name)}
    given = [
        one.value
        for one in of_kinds(program.nodes, frozenset({ast.Assign}))
        if isinstance(one, ast.Assign)
        if any(isinstance(target, ast.Name) and target.id in names for target in one.targets)
    ]
    return any(
        isinstance(part, ast.Call) and getattr(part.func, "attr", "") in {"run", "read"}
        for value in (node, *given)
        for part in walk(value)
    )


def _is_made(node: ast.expr, program: Program) -> bool:
    return not isinstance(node, ast.Name) and isinstance(program.folding.value(node), str)


def _opaque(node: ast.Constant) -> Iterator[Sighting]:
    value = node.value
    if isinstance(value, bytes) and len(value) >= _BINARY:
        odd = sum(not 32 <= byte < 127 and byte not in b"\n\t\r" for byte in value)
        is_opaque = odd > len(value) * 0.3
        value = value.decode("latin-1")
    else:
        is_opaque = False
    if not isinstance(value, str) or len(value) < _SHORT:
        return
    # In prose such a piece may be a name that decodes to something by chance.
    is_prose = len(value.split()) > _FEW_WORDS
    told = next((t for t in readings(value) if _WORD.search(t)), None) if not is_prose else None
    if told is not None:
        message = f"{quote(repr(value))} says {quote(told)!r} when it is decoded. {_ADVICE}"
        yield Sighting(key=value, severity="block", message=message, line=node.lineno)
        return
    blob = _BLOB.search(value)
    if is_opaque or (blob and _entropy(blob.group()) > _entropy_floor(blob.group())):
        shown = blob.group() if blob else repr(value)
        message = f"The literal {quote(shown)!r} is not readable. Data like that is no harness."
        yield Sighting(key=value, severity="block", message=message, line=node.lineno)


def _entropy(text: str) -> float:
    counts = Counter(text)
    return -sum(n / len(text) * math.log2(n / len(text)) for n in counts.values())


def _entropy_floor(text: str) -> float:
    return 3.0 if re.fullmatch(r"[0-9a-fA-F]+", text) else _RANDOM_BITS


def _codes(node: ast.List | ast.Tuple) -> Iterator[Sighting]:
    """Numbers that all are codes of letters, in no order."""
    values = [e.value for e in node.elts if isinstance(e, ast.Constant)]
    codes = [v for v in values if isinstance(v, int) and not isinstance(v, bool) and 9 < v < 127]
    if len(codes) < _CODES or len(codes) < len(node.elts) or codes == sorted(codes):
        return
    text = "".join(map(chr, codes))
    if sum(letter.isalpha() or letter in " ./_-" for letter in text) > len(text) * 0.8:
        message = f"{quote(node)} spells {quote(text)!r} in character codes. {_ADVICE}"
        yield Sighting(key=quote(node), severity="block", message=message, line=node.lineno)
