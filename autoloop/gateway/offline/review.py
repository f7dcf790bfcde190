"""How the stand-in reviews an edit: by what the checks found, its author admits and the diff adds.

It is not a language model. The same edit always gets the same answer, which costs next to nothing.
"""

import json
import re
from collections.abc import Mapping, Sequence

from autoloop.records import Message, ToolCall

TOOL = "give_review"
_PART = re.compile(r"<<<(\w+) (\w+)\n(.*?)\n\2>>>", re.DOTALL)
_NAMED = re.compile(r"train task '([^']+)'")
_ADMITS = re.compile(
    r"^Would it be worthwhile without its task: (?:no\b|it is about)", re.IGNORECASE | re.MULTILINE
)
_ADDED = re.compile(r"^\+(?!\+\+)(.*)$", re.MULTILINE)
_FILE = re.compile(r"(?:/[\w.-]+)+\.[a-z]\w{1,4}\b")
_SHORTEST = 5


def give_review(messages: Sequence[Message], *, number: int) -> Message:
    """The call that answers a reviewer's question."""
    parts = {label: text for label, _, text in _PART.findall(messages[-1].content)}
    call = ToolCall(id=f"call_{number}", name=TOOL, arguments=json.dumps(_judged(parts)))
    return Message(role="assistant", content="I have read the edit.", tool_calls=(call,))


def _judged(parts: Mapping[str, str]) -> dict[str, str | list[str]]:
    added = "\n".join(_ADDED.findall(parts.get("diff", "")))
    tasks = sorted({*_NAMED.findall(parts.get("findings", "")), *_spoken_of(parts, added)})
    if tasks:
        why = "It speaks of single train tasks; without them nothing of it would be left."
        return {"worthwhile": "no", "reason": why, "tasks": tasks}
    if _ADMITS.search(parts.get("author", "")):
        why = "Its author says that it is about one task."
        return {"worthwhile": "no", "reason": why, "tasks": []}
    if _FILE.search(added):
        why = "It adds the path of a file, which may belong to one task alone."
        return {"worthwhile": "unsure", "reason": why, "tasks": []}
    why = "It speaks of no task, file or value."
    return {"worthwhile": "yes", "reason": why, "tasks": []}


def _spoken_of(parts: Mapping[str, str], added: str) -> set[str]:
    """Train tasks whose own names the edit adds."""
    names = {name: name.rpartition("/")[2] for name in parts.get("tasks", "").splitlines()}
    return {name for name, own in names.items() if len(own) >= _SHORTEST and own in added}
