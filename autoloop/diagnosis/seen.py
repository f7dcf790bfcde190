"""Goes through a trace once and keeps what symptoms are read off: never the whole of it."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from autoloop.ports import Trace, TrialCase
from autoloop.records import TraceEntry
from autoloop.records.acts import UNREADABLE, Act, ActReader, is_ending

REFUSED = "Model call refused: "
_CUT = re.compile(
    r"\[[^\]\n]*\b(?:cut|truncated|omitted|elided)\b[^\]\n]*\]|<response clipped>"
    r"|^\W*output (?:was |is )?truncated",
    re.IGNORECASE | re.MULTILINE,
)
_SAID_CHARS = 400


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Something that was said in an entry."""

    entry: int
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A trial and what its trace shows."""

    case: TrialCase
    acts: tuple[Act, ...]
    refused: tuple[Place, ...]
    """Model calls that were refused or failed, with the reason."""
    empty: tuple[int, ...]
    """Answers of the model without a word and without a call."""
    cut: tuple[int, ...]
    """Where the model saw an output that had been cut."""
    unreadable: tuple[Place, ...]
    """Answers of the model that nothing could be made of, with what was said of it."""
    last: Place
    """The model's last words; entry 0 when it never spoke."""
    is_interrupted: bool
    """The model's last answer asked for something to be done, and it was not asked again."""

    @property
    def ended_by_itself(self) -> bool:
        """Nothing but the agent's own decision ended it."""
        return not (self.case.failure or self.is_interrupted)


def look_through(case: TrialCase) -> Seen:
    """Read a trial's trace from beginning to end."""
    looker = _Looker()
    for entry in _entries(case.trace()):
        looker.add(entry)
    acts = looker.acts.acts
    last = looker.last
    return Seen(
        case=case,
        acts=acts,
        refused=tuple(looker.refused),
        empty=tuple(looker.empty),
        cut=tuple(looker.cut),
        unreadable=tuple(looker.unreadable),
        last=Place(entry=last.number, text=last.message) if last else Place(entry=0, text=""),
        is_interrupted=last is not None and _is_interrupted(last, acts),
    )


def _entries(trace: Trace) -> Iterator[TraceEntry]:
    return (trace.entry(number + 1) for number in range(len(trace.sizes)))


class _Looker:
    def __init__(self) -> None:
        self.acts = ActReader()
        self.refused: list[Place] = []
        self.empty: list[int] = []
        self.cut: list[int] = []
        self.unreadable: list[Place] = []
        self.last: TraceEntry | None = None

    def add(self, entry: TraceEntry) -> None:
        self.acts.add(entry)
        if entry.speaker == "system" and entry.message.startswith(REFUSED):
            reason = entry.message.removeprefix(REFUSED)
            self.refused.append(Place(entry=entry.number, text=reason))
        elif entry.speaker == "model":
            self._model(entry)
        elif entry.speaker == "user" and self.last is not None:
            self._told(entry.number, entry.message)

    def _model(self, entry: TraceEntry) -> None:
        self.last = entry
        if not (entry.message.strip() or entry.calls):
            self.empty.append(entry.number)
        if any("not_an_object" in call.arguments for call in entry.calls):
            text = "The arguments of a tool call are no JSON object."
            self.unreadable.append(Place(entry=entry.number, text=text))
        for answer in entry.answers:
            self._told(entry.number, answer.text)

    def _told(self, number: int, text: str) -> None:
        """What the model was told, back from a tool or by agent.py."""
        if _CUT.search(text):
            self.cut.append(number)
        if UNREADABLE.search(text[:_SAID_CHARS]):
            self.unreadable.append(Place(entry=number, text=text[:_SAID_CHARS]))


def _is_interrupted(last: TraceEntry, acts: tuple[Act, ...]) -> bool:
    """Whether the last answer of the model asked for work, and nobody told it what came of it."""
    if last.calls:
        return not any(map(is_ending, last.calls))
    later = [act for act in acts if act.entry > last.number]
    own = [act for act in acts if act.entry == last.number]
    return bool(own) or any(act.command.strip() in last.message for act in later)
