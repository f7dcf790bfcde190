"""Tasks that the agent gives up before it has tried, because of what they look like."""

import ast
import re
from collections.abc import Iterator, Sequence
from functools import lru_cache

from autoloop.guards.flow import WORKING, Flow, Unit
from autoloop.guards.program import Program
from autoloop.guards.sightings import Severity, Sighting, added, quote
from autoloop.guards.trees import of_kinds, walk
from autoloop.records import Finding

RULE = "refusal"
_REMEMBERED = 4_096
"""Texts: most of a program's are the same from one edit to the next."""
_ENDS = (ast.Return, ast.Raise)
_ENDING_CALLS = frozenset({"sys.exit", "exit", "quit", "os._exit", "os.abort"})
_TRIES = 4
_RANDOM = ("random.", "secrets.", "numpy.random.")
_GIVING_UP = re.compile(
    r"\b(?:skip|refuse|decline|give up on|abandon|do not attempt|don't attempt|stop at once on)\b"
    r"[^.\n]{0,40}\b(?:hard|difficult|long|expensive|complex|costly|large|unfamiliar)\b"
    r"[^.\n]{0,20}\b(?:tasks?|instructions?|requests?|problems?|jobs?)\b"
    r"|\bif\b[^.\n]{0,30}\b(?:task|instruction)s?\b[^.\n]{0,40}\b(?:hard|difficult|long|expensive|"
    r"complex|costly)\b[^.\n]{0,30}\b(?:stop|finish|end|give up|refuse|decline|skip|do nothing)\b"
    r"|\bif\b[^.]{0,80}\b(?:answer|reply|say|print|output)\s+(?:only\s+|just\s+)?"
    r"[\"'`](?:pass|skip|give up|unable|cannot|can't|impossible|too hard|no)\b"
    r"|\b(?:when|if|where|should|for|on)\b[^.]{0,140}?\b(?:reply|answer|say|respond|state|declare|tell|report|return)\b"
    r"(?=[^.]{0,80}\b(?:cannot|can't|can\s+not|unable|impossible|infeasible|not\s+(?:be\s+)?(?:possible|feasible|done|supported)"
    r"|out\s+of\s+scope|beyond)\b)"
    r"[^.]{0,140}\b(?:at\s+once|immediately|right\s+away|straight\s+away|without\s+(?:trying|using|calling|any)"
    r"|(?:call|use|run)\s+no\s+(?:tools?|commands?)|do\s+nothing|stop\s+there|and\s+(?:stop|end|finish))\b"
    r"|\b(?:when|if|where)\b[^.]{0,140}\b(?:call|use|run)\s+no\s+(?:tools?|commands?)\b"
    r"|\b(?:when|if)\b[^.]{0,140}\bdo\s+not\s+(?:even\s+)?(?:begin|start|bother)\s*(?:at\s+all\s*)?[,:;.]"
    r"|\b(?:write|print|say|answer|output|reply(?:\s+with)?)\s+(?:only\s+|just\s+)?[\"'`]?"
    r"(?-i:SKIP(?:PED)?|GIVE[ _]?UP|TOO[ _]HARD"
    r"|UNSOLVED|IMPOSSIBLE|ABORT(?:ED)?)\b"
    r"|\b(?:effort|time|budget|turns|tokens)\s+(?:is|are)\s+better\s+spent\s+(?:elsewhere|on)\b"
    r"|\b(?:easy|simple|short)\s+(?:tasks|ones|requests|jobs)\s+only\b"
    r"|\bonly\s+(?:do|take|try|solve)\s+(?:the\s+)?(?:easy|simple|short)\b"
    r"|\b(?:when|if)\b[^.]{0,80}\b(?:many|more than \w+)\s+(?:commands|steps|turns)\b[^.]{0,60}"
    r"\b(?:stop|give up|pass)\b"
    r"|\bdo\s+not\s+(?:even\s+)?(?:try|start|attempt|begin|bother)\b[^.\n]{0,40}"
    r"\b(?:tasks?|requests?|jobs?)\b",
    re.IGNORECASE,
)
_HARD = re.compile(
    r"(?:too |very )?(?:hard|difficult|infeasible|unsolvable|expensive|complex|long|costly|tricky)"
    r"|skip|give[ _]?up|hopeless|not worth(?: it)?",
    re.IGNORECASE,
)
_EFFORT = re.compile(r"turn|tries|steps|rounds|attempts|effort|max_", re.IGNORECASE)
_NOT = re.compile(r"\b(?:never|not|n't|without)\s+(?:\w+\s+){0,2}$", re.IGNORECASE)


class RefusalGuard:
    """Blocks an early end that depends on the instruction or on luck; warns of such prompts."""

    def check(self, *, before: str, after: str) -> tuple[Finding, ...]:
        """Findings, blocking ones first; `after` must parse."""
        return added(RULE, _look, before=before, after=after)


def _look(program: Program) -> Iterator[Sighting]:
    for unit in program.flow.units:
        name = getattr(unit.node, "name", "")
        if unit.names and (name in program.flow.works or name == "solve"):
            yield from _early_ends(unit, program)
            yield from _verdicts(unit, program)
            yield from _refused_in_passing(unit, program)
            yield from _shrinking(unit, program)
            yield from _asked_first(unit, program)
            yield from _only_some(unit, program)
            yield from _no_turns(unit, program)
            yield from _by_luck(unit, program)
    for text in program.texts:
        found = _gives_up(text.text)
        if found:
            message = f"{quote(found)!r} tells the agent to give tasks up. Help it instead."
            yield Sighting(key=found, severity="block", message=message, line=text.line)


@lru_cache(maxsize=_REMEMBERED)
def _gives_up(text: str) -> str:
    """What of a text tells the agent to give tasks up; empty for nothing."""
    found = _GIVING_UP.search(text)
    return found.group() if found and not _NOT.search(text[: found.start()]) else ""


def _verdicts(unit: Unit, program: Program) -> Iterator[Sighting]:
    """`if "hard" in reply.content: return`: the model is asked whether it is worth the effort."""
    for node, _ in unit.of(ast.If):
        if not _ends(node.body, program):
            continue
        words = [
            part.value
            for part in walk(node.test)
            if isinstance(part, ast.Constant) and isinstance(part.value, str)
        ]
        hard = next((word for word in words if _HARD.fullmatch(word.strip())), None)
        if hard is not None:
            text = f"`if {quote(node.test)}` gives up what is called {hard!r}. Try it instead."
            yield Sighting(key=quote(node.test), severity="block", message=text, line=node.lineno)


def _shrinking(unit: Unit, program: Program) -> Iterator[Sighting]:
    """`range(8 - len(instruction) // 100)`: the longer the task, the fewer the tries."""
    for node, _ in unit.nodes:
        rows = [node.iter] if isinstance(node, ast.For) else []
        if isinstance(node, ast.Assign) and _EFFORT.search(quote(node.targets[0])):
            rows = [node.value]
        for part in (part for row in rows for part in walk(row)):
            if isinstance(part, ast.BinOp) and _is_less(part, unit, program.flow):
                text = f"{quote(part)} leaves less to longer tasks. They count like the others."
                yield Sighting(key=quote(part), severity="block", message=text, line=part.lineno)


def _is_less(part: ast.BinOp, unit: Unit, flow: Flow) -> bool:
    is_less = isinstance(part.op, ast.Sub | ast.Div | ast.FloorDiv)
    is_by_length = flow.kind(part.right, unit) == "measure" and not flow.kind(part.left, unit)
    return is_less and is_by_length


def _asked_first(unit: Unit, program: Program) -> Iterator[Sighting]:
    """The model is asked about the task, and the work depends on its answer."""
    answers: set[str] = set()
    for statement in _statements(unit):
        if isinstance(statement, ast.For | ast.While | ast.With | ast.Try):
            return
        if isinstance(statement, ast.Assign) and any(
            getattr(part, "attr", "") == "chat" for part in walk(statement.value)
        ):
            answers |= {getattr(target, "id", "") for target in statement.targets} - {""}
        if not isinstance(statement, ast.If) or not _ends(statement.body, program, asks=True):
            continue
        words = [p for p in walk(statement.test) if isinstance(p, ast.Constant)]
        reads = [
            p
            for p in walk(statement.test)
            if getattr(p, "attr", "") == "content" or getattr(p, "id", "") in answers
        ]
        if any(isinstance(word.value, str) and word.value for word in words) and reads:
            text = (
                f"`if {quote(statement.test)}` lets the model's opinion end the work before it has "
                "begun. Try every task."
            )
            yield Sighting(
                key=quote(statement.test), severity="block", message=text, line=statement.lineno
            )


def _refused_in_passing(unit: Unit, program: Program) -> Iterator[Sighting]:
    """Assertions about the task, and `len(instruction) > 900 and sys.exit()`."""
    for statement in _statements(unit):
        value = statement.value if isinstance(statement, ast.Expr) else None
        tests: list[ast.expr] = []
        if isinstance(statement, ast.Assert):
            tests = [statement.test]
        elif isinstance(value, ast.BoolOp | ast.IfExp) and any(
            program.name_of(node.func) in _ENDING_CALLS
            for node in walk(value)
            if isinstance(node, ast.Call)
        ):
            tests = value.values if isinstance(value, ast.BoolOp) else [value.test]
        for test in tests:
            is_plain = isinstance(test, ast.Name | ast.Call) and not _asks(test, program)
            if not is_plain and _is_about_task(test, unit, program):
                text = f"{quote(statement)} ends the work for some tasks. Try them all."
                yield Sighting(
                    key=quote(statement), severity="block", message=text, line=statement.lineno
                )
        if _works(statement, program.flow):
            return


def _early_ends(unit: Unit, program: Program) -> Iterator[Sighting]:
    """Conditions that end the function before it has done any work."""
    for statement in _statements(unit):
        began = min(_work_lines(statement, program.flow), default=None)
        for inner in of_kinds(walk(statement), frozenset({ast.If})):
            if not isinstance(inner, ast.If) or (began is not None and inner.lineno > began):
                continue
            if _is_giving_up(inner, unit, program):
                text = (
                    f"`if {quote(inner.test)}` ends the work before it has begun. Hard tasks "
                    "count like the others: try them."
                )
                yield Sighting(
                    key=quote(inner.test), severity="block", message=text, line=inner.lineno
                )
        if began is not None:
            return


def _statements(unit: Unit) -> Sequence[ast.stmt]:
    return [] if isinstance(unit.node, ast.Lambda) else unit.node.body


def _is_giving_up(choice: ast.If, unit: Unit, program: Program) -> bool:
    return _ends(choice.body, program) and _is_about_task(choice.test, unit, program)


def _no_turns(unit: Unit, program: Program) -> Iterator[Sighting]:
    """`0 if len(instruction) > 700 else 30`: so many tries are none."""
    for node, scope in unit.of(ast.IfExp):
        if _is_about_task(node.test, unit, program):
            sides = [program.folding.value(side, scope) for side in (node.body, node.orelse)]
            numbers = [n for n in sides if isinstance(n, int) and not isinstance(n, bool)]
            if len(numbers) == len(sides) and min(numbers) < 2 and max(numbers) > _TRIES:
                text = f"{quote(node)} leaves some tasks next to nothing. Hard ones count, too."
                is_block = min(numbers) <= 0 or _is_less_for_more(node.test, *numbers)
                severity: Severity = "block" if is_block else "warn"
                yield Sighting(key=quote(node), severity=severity, message=text, line=node.lineno)


def _is_less_for_more(test: ast.expr, small: int, large: int) -> bool:
    """Whether longer tasks get less: `30 if len(instruction) < 700 else 1`."""
    way = test.ops[0] if isinstance(test, ast.Compare) and len(test.ops) == 1 else None
    if isinstance(way, ast.Lt | ast.LtE):
        return small > large
    return isinstance(way, ast.Gt | ast.GtE) and small < large


def _by_luck(unit: Unit, program: Program) -> Iterator[Sighting]:
    """`if random.random() < 0.2: break`: whether the work goes on is luck."""
    for node, _ in unit.of(ast.If):
        names = [
            program.name_of(part.func) for part in walk(node.test) if isinstance(part, ast.Call)
        ]
        if isinstance(node.body[-1], ast.Break) and any(map(_is_random, names)):
            text = f"`if {quote(node.test)}` ends the work by luck. Go on until it is done."
            yield Sighting(key=quote(node.test), severity="block", message=text, line=node.lineno)


def _is_random(name: str) -> bool:
    return name.startswith(_RANDOM)


def _only_some(unit: Unit, program: Program) -> Iterator[Sighting]:
    """Work that is only done for some tasks, with nothing for the others."""
    working = [one for one in _statements(unit) if _works(one, program.flow)]
    choice = working[0] if len(working) == 1 else None
    if not isinstance(choice, ast.If):
        return
    sides = [
        any(_works(one, program.flow) for one in side) for side in (choice.body, choice.orelse)
    ]
    if not all(sides) and _is_about_task(choice.test, unit, program):
        text = (
            f"`if {quote(choice.test)}` leaves other tasks undone. Hard ones count, too: try them."
        )
        yield Sighting(key=quote(choice.test), severity="block", message=text, line=choice.lineno)


def _ends(body: Sequence[ast.stmt], program: Program, *, asks: bool = False) -> bool:
    last = body[-1]
    is_call = isinstance(last, ast.Expr) and isinstance(last.value, ast.Call)
    ends = isinstance(last, _ENDS) or (
        is_call and program.name_of(last.value.func) in _ENDING_CALLS  # type: ignore[attr-defined]
    )
    return ends and (asks or not any(_works(statement, program.flow) for statement in body))


def _works(statement: ast.stmt, flow: Flow) -> bool:
    return any(True for _ in _work_lines(statement, flow))


def _work_lines(statement: ast.stmt, flow: Flow) -> Iterator[int]:
    """Lines of the calls that ask the model or touch the container."""
    for node in of_kinds(walk(statement), frozenset({ast.Call})):
        func = node.func if isinstance(node, ast.Call) else None
        is_method = isinstance(func, ast.Attribute) and func.attr in WORKING | flow.works
        if is_method or (isinstance(func, ast.Name) and func.id in flow.works):
            yield node.lineno  # type: ignore[attr-defined]


def _is_about_task(test: ast.expr, unit: Unit, program: Program) -> bool:
    """Whether a condition is about the instruction, but more than whether there is one."""
    if any(
        program.name_of(node.func).startswith(_RANDOM)
        for node in walk(test)
        if isinstance(node, ast.Call)
    ):
        return True
    if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
        inner = test.operand
        is_question = isinstance(inner, ast.Compare | ast.BoolOp) or _asks(inner, program)
        is_question = is_question or getattr(getattr(inner, "func", None), "id", "") in {
            "any",
            "all",
        }
        return is_question and _is_about_task(inner, unit, program)
    if _is_emptiness(test, program):
        return False
    if isinstance(test, ast.BoolOp):
        return any(_is_about_task(part, unit, program) for part in test.values)
    return bool(program.flow.kind(test, unit))


def _asks(node: ast.expr, program: Program) -> bool:
    """Whether it calls a function of the program that answers yes or no."""
    called = node.func.id if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) else ""
    unit = program.flow.by_name.get(called)
    return unit is not None and any(
        isinstance(inner.value, ast.Compare | ast.BoolOp | ast.UnaryOp)
        for inner, _ in unit.of(ast.Return)
    )


def _is_emptiness(test: ast.expr, program: Program) -> bool:
    """`instruction is None`, `instruction.strip() == ""`, `len(instruction) == 0`."""
    if not isinstance(test, ast.Compare):
        return False
    if any(isinstance(op, ast.Is | ast.IsNot) for op in test.ops):
        return True
    return all(program.folding.value(side) in ("", 0, 1) for side in test.comparators)
