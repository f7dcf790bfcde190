"""What was done in a trial and what came of it, read off the entries of its trace."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from hashlib import blake2b

from autoloop.records.commands import writes
from autoloop.records.traces import TraceCall, TraceEntry

KEPT_CHARS = 2_000
"""Characters that are kept of an output's head, and as many of its tail."""
COMMAND_CHARS = 20_000
HOST = "env."
"""What the names of actions begin with that the host itself recorded."""
WORK = ("command", "keystrokes", "cmd", "code", "script", "input")
FINISHING = re.compile(
    r"finish|complete|submit|done|final|exit|stop|return|answer|think|report", re.IGNORECASE
)
# `[exit code 1, 0.13 s]` is the host's own word, the others are those of agents and their tools.
_END = re.compile(r"\[(?:(timed out)|exit code (-?\d+)), ([\d.]+) s\]\Z")
_CODE = re.compile(r"\bexit(?:ed)?(?: with)?(?: code| status)?\W{1,3}(-?\d+)", re.IGNORECASE)
_LATE = re.compile(r"\btimed out\b|\btimeout (?:reached|expired|exceeded)", re.IGNORECASE)
_SPOKEN = re.compile(
    r"<parameter=(?:command|code|path)>(.*?)</parameter>"
    r"|\"(?:keystrokes|command|cmd)\"\s*:\s*\"((?:[^\"\\]|\\.)*)\""
    r"|^```(?:bash|sh|shell)\n(.*?)^```",
    re.DOTALL | re.MULTILINE,
)
UNREADABLE = re.compile(
    r"pars(?:ing|e) error|(?:invalid|malformed|no valid|not valid) json"
    r"|could not (?:parse|be parsed)|invalid (?:tool )?arguments|no tool call|unknown tool"
    r"|missing required (?:field|parameter)",
    re.IGNORECASE,
)
"""What is said to a model whose answer could not be made sense of."""
_CODE_CHARS = 300
_ERROR = re.compile(
    r"^(?:.*: )?(?:command not found|No such file or directory|Permission denied|syntax error.*"
    r"|cannot (?:access|open|stat) .*)$|^Traceback \(most recent|^\w*(?:Error|Exception)\b",
    re.MULTILINE,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """A command, or another action, and what came back from it."""

    entry: int
    """Number of the entry that shows it."""
    tool: str
    command: str
    """The command, or what was done to which path; its beginning, where it is very long."""
    output: str = ""
    """Head and tail of what came back."""
    size: int = 0
    """Characters of all that came back."""
    digest: bytes = b""
    """Of all that came back but the time it took: equal outputs have equal digests."""
    exit_code: int | None = None
    """None where the trace does not say."""
    timed_out: bool = False
    seconds: float | None = None

    @property
    def failed(self) -> bool:
        """Whether it ended with an error, or late."""
        if self.timed_out or self.exit_code is not None:
            return self.timed_out or self.exit_code != 0
        return _ERROR.search(self.output) is not None

    @property
    def changes(self) -> bool:
        """Whether it changes something, by its words."""
        return self.tool == f"{HOST}write" or (self.tool != f"{HOST}read" and writes(self.command))


class ActReader:
    """Collects acts from entries that pass by; what the host recorded stands before all else.

    Where the host recorded actions in the task's container, the tools that a model called are only
    another name for them, and are left out.
    """

    def __init__(self) -> None:
        self._seen: list[Act] = []
        self._asked: list[Act] = []

    def add(self, entry: TraceEntry) -> None:
        """Take in the next entry."""
        if entry.speaker == "agent.py":
            self._seen += (act for act in entry_acts(entry) if act.tool.startswith(HOST))
        elif not self._seen:
            self._asked += entry_acts(entry)

    @property
    def acts(self) -> tuple[Act, ...]:
        """All acts up to here, oldest first."""
        return tuple(self._seen or self._asked)


def read_acts(entries: Iterable[TraceEntry]) -> tuple[Act, ...]:
    """All acts of a trace."""
    reader = ActReader()
    for entry in entries:
        reader.add(entry)
    return reader.acts


def entry_acts(entry: TraceEntry) -> Iterator[Act]:
    """The acts of one entry, whoever recorded them; tools that only end the work are none."""
    calls = [call for call in entry.calls if not is_ending(call)]
    if entry.speaker == "model" and entry.answers and not entry.calls:
        calls = _spoken_calls(entry)
    for call in calls:
        # What says not whose answer it is, is that of the last call: so terminals write it.
        last = call is calls[-1]
        own = [a.text for a in entry.answers if a.call == call.id or (last and not a.call)]
        yield _act(entry.number, call, "\n".join(own))


def is_ending(call: TraceCall) -> bool:
    """Whether a tool ends the work or only thinks, by its name, and does nothing to the task."""
    return FINISHING.search(call.name) is not None and not any(map(call.arguments.get, WORK))


def command_of(call: TraceCall) -> str:
    """What a call does, as one text."""
    given = call.arguments
    main = next((given[key] for key in WORK if given.get(key)), None)
    if main is None:
        return " ".join([*given.values()]).strip()[:COMMAND_CHARS]
    path = given.get("path", "")
    return f"{main} {path}".strip()[:COMMAND_CHARS]


def _spoken_calls(entry: TraceEntry) -> list[TraceCall]:
    """Commands of a model that has no tools and writes them into its answer."""
    if any(UNREADABLE.search(answer.text[:_CODE_CHARS]) for answer in entry.answers):
        return []
    found = [command for one in _SPOKEN.findall(entry.message) for command in one if command]
    return [TraceCall(id="", name="text", arguments={"command": command}) for command in found]


def _act(entry: int, call: TraceCall, output: str) -> Act:
    own = _END.search(output)
    plain = output[: own.start()] if own else output
    code = own[2] if own else _spoken_code(output)
    return Act(
        entry=entry,
        tool=call.name,
        command=command_of(call),
        output=_ends_of(plain),
        size=len(output),
        digest=blake2b(plain.encode(errors="replace"), digest_size=16).digest(),
        exit_code=int(code) if code else None,
        timed_out=bool(own[1]) if own else _LATE.search(output[-_CODE_CHARS:]) is not None,
        seconds=float(own[3]) if own else None,
    )


def _spoken_code(output: str) -> str | None:
    """The exit code that an agent's own tool tells, at the end of what it returns."""
    found = _CODE.findall(output[-_CODE_CHARS:])
    return found[-1] if found else None


def _ends_of(output: str) -> str:
    if len(output) <= 2 * KEPT_CHARS:
        return output
    return f"{output[:KEPT_CHARS]}\n{output[-KEPT_CHARS:]}"
