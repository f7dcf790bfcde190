"""Edits of a program's text that leave the rest as it was; None where its shape does not fit."""

import ast
import json
import re
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from autoloop.records.python_source import syntax_tree

_WIDTH = 88
_SENTENCE_GAP = re.compile(r"(?<=[.!?])\s+")


def find_number(source: str, name: str) -> int | None:
    """The value of a top-level constant."""
    found = re.search(rf"^{name} = (\d[\d_]*)", source, re.MULTILINE)
    return int(found.group(1)) if found else None


def set_number(source: str, name: str, value: int) -> str | None:
    """Give a top-level constant another value."""
    if find_number(source, name) in (None, value):
        return None
    return re.sub(rf"^({name} = )\d[\d_]*", rf"\g<1>{value}", source, count=1, flags=re.MULTILINE)


def find_prompt(source: str) -> str | None:
    """The text of SYSTEM_PROMPT, where it is a plain string."""
    node = _prompt_node(source)
    return node.text if node else None


def set_prompt(source: str, text: str) -> str | None:
    """Give SYSTEM_PROMPT another text, one sentence a line."""
    node = _prompt_node(source)
    if node is None or node.text == text or not text:
        return None
    lines = source.splitlines(keepends=True)
    assignment = _assignment("SYSTEM_PROMPT", text)
    return "".join([*lines[: node.first - 1], assignment, *lines[node.last :]])


def add_sentences(source: str, sentences: str) -> str | None:
    """Add sentences to the end of SYSTEM_PROMPT, unless they are there."""
    text = find_prompt(source)
    if text is None or sentences in text:
        return None
    return set_prompt(source, f"{text} {sentences}")


def split_sentences(text: str) -> list[str]:
    """The sentences of a prompt."""
    return [part for part in _SENTENCE_GAP.split(text) if part]


def rename(source: str, old: str, new: str) -> str | None:
    """Give a variable another name; None unless it is there and the new name is not."""
    if not re.search(rf"^\s*{old} = ", source, re.MULTILINE) or re.search(rf"\b{new}\b", source):
        return None
    return parsed(re.sub(rf"(?<![.\w]){old}(?!\w|=)", new, source))


def drop_lines(source: str, pattern: str) -> str | None:
    """Drop the lines that match."""
    kept = [line for line in source.splitlines(keepends=True) if not re.search(pattern, line)]
    text = "".join(kept)
    return parsed(text) if text != source else None


def parsed(source: str) -> str | None:
    """The source itself, if it parses."""
    try:
        syntax_tree(source)
    except (SyntaxError, ValueError):
        return None
    return source


def add_check_round(source: str, message: str) -> str | None:
    """Answer the model's first final answer once with a message instead of stopping.

    Fits a loop that asks `model.chat(MESSAGES, …)` and leaves at `if not REPLY.tool_calls`.
    """
    spot = _find_exit(source)
    if spot is None or "CHECK_MESSAGE" in source:
        return None
    lines = source.splitlines(keepends=True)
    pad = " " * spot.indent
    block = (
        f"{pad}if not is_checked:\n"
        f"{pad}    is_checked = True\n"
        f'{pad}    {spot.messages}.append({{"role": "user", "content": CHECK_MESSAGE}})\n'
        f"{pad}    continue\n"
    )
    lines.insert(spot.exit_line - 1, block)
    lines.insert(spot.loop_line - 1, f"{' ' * spot.loop_indent}is_checked = False\n")
    lines.insert(spot.function_line - 1, _assignment("CHECK_MESSAGE", message) + "\n\n")
    return parsed("".join(lines))


def smallest_edit(old: str, new: str) -> tuple[str, str] | None:
    """A passage of `old` that occurs once, and what to put there to get `new`; None if equal."""
    if old == new:
        return None
    before, after = old.splitlines(keepends=True), new.splitlines(keepends=True)
    top = _common(before, after)
    end = _common(before[top:][::-1], after[top:][::-1])
    first, last = top, len(before) - end
    while first > 0 and old.count("".join(before[first:last]) or "\n") != 1:
        first -= 1
    if old.count("".join(before[first:last])) != 1:
        last = len(before)
    return "".join(before[first:last]), "".join(after[first : len(after) - (len(before) - last)])


@dataclass(frozen=True, slots=True, kw_only=True)
class _Prompt:
    text: str
    first: int
    last: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _Exit:
    """Where the loop ends once the model calls no tool."""

    function_line: int
    loop_line: int
    loop_indent: int
    exit_line: int
    indent: int
    messages: str


def _prompt_node(source: str) -> _Prompt | None:
    for node in _tree(source).body:
        if not isinstance(node, ast.Assign) or not isinstance(node.value, ast.Constant):
            continue
        names = [target.id for target in node.targets if isinstance(target, ast.Name)]
        if names == ["SYSTEM_PROMPT"] and isinstance(node.value.value, str):
            last = node.end_lineno or node.lineno
            return _Prompt(text=node.value.value, first=node.lineno, last=last)
    return None


def _assignment(name: str, text: str) -> str:
    sentences = split_sentences(text)
    if len(sentences) == 1 and len(text) < _WIDTH - len(name):
        return f"{name} = {_literal(text)}\n"
    pieces: list[str] = []
    for number, sentence in enumerate(sentences, start=1):
        wrapped = textwrap.wrap(sentence, _WIDTH, break_on_hyphens=False)
        gaps = [" "] * (len(wrapped) - 1) + ["" if number == len(sentences) else " "]
        pieces += [piece + gap for piece, gap in zip(wrapped, gaps, strict=True)]
    body = "".join(f"    {_literal(piece)}\n" for piece in pieces)
    return f"{name} = (\n{body})\n"


def _literal(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _find_exit(source: str) -> _Exit | None:
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
    for function in (node for node in _tree(source).body if isinstance(node, kinds)):
        loops = (node for node in ast.walk(function) if isinstance(node, ast.For | ast.While))
        for loop in loops:
            messages, leave = _asked(loop), next(_leaves(loop), None)
            if messages and leave:
                return _Exit(
                    function_line=function.lineno,
                    loop_line=loop.lineno,
                    loop_indent=loop.col_offset,
                    exit_line=leave.lineno,
                    indent=leave.col_offset,
                    messages=messages,
                )
    return None


def _asked(loop: ast.For | ast.While) -> str | None:
    """The name of the list that `model.chat` is given inside a loop."""
    for call in (node for node in ast.walk(loop) if isinstance(node, ast.Call)):
        is_chat = isinstance(call.func, ast.Attribute) and call.func.attr == "chat"
        if is_chat and call.args and isinstance(call.args[0], ast.Name):
            return call.args[0].id
    return None


def _leaves(loop: ast.AST) -> Iterator[ast.stmt]:
    """Statements that leave a loop right where no tool was called."""
    for node in ast.iter_child_nodes(loop):
        if not isinstance(node, ast.If) or not isinstance(node.test, ast.UnaryOp):
            continue
        tested = node.test.operand
        is_last = isinstance(tested, ast.Attribute) and tested.attr == "tool_calls"
        if is_last and len(node.body) == 1 and isinstance(node.body[0], ast.Return | ast.Break):
            yield node.body[0]


@lru_cache(maxsize=16)
def _tree(source: str) -> ast.Module:
    """The syntax tree, shared between callers: read it, never change it."""
    try:
        return syntax_tree(source)
    except (SyntaxError, ValueError):
        return ast.Module(body=[], type_ignores=[])


def _common(one: list[str], other: list[str]) -> int:
    """How many lines both begin with."""
    count = 0
    for left, right in zip(one, other, strict=False):
        if left != right:
            break
        count += 1
    return count
