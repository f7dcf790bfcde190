"""What the stand-in makes of the meta-agent's tool answers: plain text in, facts out."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from autoloop.gateway.offline.meta_edits import Symptom
from autoloop.gateway.offline.meta_source import find_number
from autoloop.records.commands import writes

_FENCE = re.compile(r"<<<[^\n]* (\w+)\n(.*)\n\1>>>", re.DOTALL)
_PAGE = re.compile(r"\bpage (\d+) of (\d+)")
_STEP = re.compile(r"^step (\d+): (\w+): (['\"])(.*?)\3\. ", re.MULTILINE)
_TRACE = re.compile(
    r"^- trial='([^']+)' task='([^']+)' agent='([^']+)' .*?model_calls=(\d+)", re.MULTILINE
)
_COMMAND = re.compile(r"^(?:command: |\$ )(.*?)(?=^< |^--- |\Z)", re.MULTILINE | re.DOTALL)
_CUT = re.compile(r"\[[^\]\n]*\b(?:cut|truncated|omitted)\b[^\]\n]*\]", re.IGNORECASE)
_ERROR = re.compile(r"not found|No such file|Traceback|exit.?code\W*[1-9]", re.IGNORECASE)
_BULLET = re.compile(r"^\s*[-*] .+$", re.MULTILINE)
_FILE = re.compile(r"(?:/[\w.-]+)+\.[a-z]\w{1,4}\b")
_ENDING_CHARS = 1_200
_MANY_DETAILS = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class EarlierStep:
    """A line of `list_steps`."""

    index: int
    decision: str
    title: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedTrace:
    """A line of `list_traces`."""

    trial: str
    task: str
    is_incumbent: bool
    model_calls: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """What was learnt before an idea is picked."""

    source: str
    steps: tuple[EarlierStep, ...] = ()
    read: int = 0
    """Failing traces that were read."""
    symptoms: Mapping[Symptom, int] = field(default_factory=dict)
    """In how many of them each symptom showed."""
    tasks: tuple[str, ...] = ()
    """Their tasks."""
    files: tuple[str, ...] = ()
    """Files that the first of them names."""
    separator: str = "commas"


def read_fenced(answer: str) -> str:
    """The foreign text of an answer; the whole answer where it quotes none."""
    found = _FENCE.search(answer)
    return found.group(2) if found else answer


def count_pages(answer: str) -> int:
    """How many pages there are, by the first page's head."""
    found = _PAGE.search(answer.partition("\n")[0])
    return int(found.group(2)) if found else 1


def read_steps(answer: str) -> tuple[EarlierStep, ...]:
    """The steps of `list_steps`."""
    return tuple(
        EarlierStep(index=int(index), decision=decision, title=title)
        for index, decision, _, title in _STEP.findall(answer)
    )


def read_traces(answer: str) -> tuple[ListedTrace, ...]:
    """The trials of `list_traces`."""
    return tuple(
        ListedTrace(
            trial=trial, task=task, is_incumbent=agent == "incumbent", model_calls=int(calls)
        )
        for trial, task, agent, calls in _TRACE.findall(answer)
    )


def diagnose(
    source: str, steps: Sequence[EarlierStep], traces: Sequence[tuple[ListedTrace, str]]
) -> Findings:
    """Look for symptoms in the transcripts of failing trials."""
    limit = find_number(source, "MAX_TURNS")
    counts: Counter[Symptom] = Counter()
    for trace, transcript in traces:
        is_cut_off = limit is not None and trace.model_calls >= limit
        counts.update(_symptoms(transcript, is_cut_off=is_cut_off))
    first = traces[0][1] if traces else ""
    return Findings(
        source=source,
        steps=tuple(steps),
        read=len(traces),
        symptoms=counts,
        tasks=tuple(dict.fromkeys(trace.task for trace, _ in traces)),
        files=tuple(dict.fromkeys(_FILE.findall(first))),
        separator=_separator(first),
    )


def _symptoms(transcript: str, *, is_cut_off: bool) -> set[Symptom]:
    commands = _COMMAND.findall(transcript)
    found: set[Symptom] = set()
    if _CUT.search(transcript):
        found.add("cut")
    if commands and writes(commands[0]):
        found.add("unlooked")
    if is_cut_off:
        found.add("limit")
    elif _ERROR.search(transcript[-_ENDING_CHARS:]):
        found.add("gave up")
    elif commands and writes(commands[-1]):
        found.add("unchecked")
    bullets = Counter(line.strip() for line in _BULLET.findall(transcript))
    if len(bullets) >= _MANY_DETAILS and max(bullets.values()) == 1:
        found.add("details")
    return found


def _separator(transcript: str) -> str:
    """The name of the character that separates most in a transcript's lines."""
    names = {";": "semicolons", "|": "bars", "\t": "tabs", ",": "commas"}
    counts = Counter({name: transcript.count(character) for character, name in names.items()})
    return counts.most_common(1)[0][0]
