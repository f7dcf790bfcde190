"""Symptoms of what was done: repeated, failing, on wrong paths, unchecked."""

import re
from collections import defaultdict
from collections.abc import Iterator
from itertools import groupby

from autoloop.diagnosis.seen import Seen
from autoloop.records import Sign, Symptom
from autoloop.records.acts import Act
from autoloop.records.commands import ends_with_a_look

OFTEN = 3
_PATH = re.compile(
    r"No such file or directory|cannot access|FileNotFoundError|can't open file"
    r"|Cannot find (?:path|file)"
)
_ERROR = re.compile("command not found|Permission denied|Error: |Exception: |[Ss]yntax error")
_NUMBERS = re.compile(r"\d+")
_DETAIL_CHARS = 200


def deed_signs(seen: Seen) -> Iterator[Sign]:
    """What the agent did, as far as it may have cost the trial."""
    acts = seen.acts
    yield from _repeated(acts)
    yield from _failing(acts)
    yield from _wrong_paths(acts)
    slow = [act for act in acts if act.timed_out]
    if slow:
        yield _sign(Symptom.SLOW_COMMAND, slow, slow[0].command)
    if seen.cut:
        yield Sign(symptom=Symptom.TRUNCATED, entries=seen.cut)
    changing = [at for at, act in enumerate(acts) if act.changes]
    if not changing:
        yield Sign(symptom=Symptom.NOTHING_DONE)
    elif seen.ended_by_itself and not _is_checked(acts, changing[-1]):
        last = acts[changing[-1]]
        yield _sign(Symptom.UNCHECKED, [last], last.command)


def _repeated(acts: tuple[Act, ...]) -> Iterator[Sign]:
    """The command that came most often, where one came again and again."""
    same: defaultdict[tuple[str, bytes], list[Act]] = defaultdict(list)
    for act in acts:
        same[" ".join(act.command.split()), act.digest].append(act)
    most = max(same.values(), key=len, default=[])
    if len(most) >= OFTEN:
        yield _sign(Symptom.REPEATED, most, f"{len(most)} times: {most[0].command}")


def _failing(acts: tuple[Act, ...]) -> Iterator[Sign]:
    """The longest row of failures, or the error that came most often."""
    rows = [list(row) for failed, row in groupby(acts, lambda act: act.failed) if failed]
    alike: defaultdict[str, list[Act]] = defaultdict(list)
    for act in acts:
        if act.failed and (error := _line_with(_ERROR, act.output)):
            alike[_NUMBERS.sub("0", error)].append(act)
    most = max([*rows, *alike.values()], key=len, default=[])
    if len(most) >= OFTEN:
        yield _sign(Symptom.FAILING, most, f"{len(most)} times, first: {_what_failed(most[0])}")


def _wrong_paths(acts: tuple[Act, ...]) -> Iterator[Sign]:
    found = [(act, line) for act in acts if (line := _line_with(_PATH, act.output))]
    if found:
        yield _sign(Symptom.WRONG_PATH, [act for act, _ in found], found[0][1])


def _is_checked(acts: tuple[Act, ...], written: int) -> bool:
    """Whether anything looked at the result after the last change; a failed look saw nothing.

    Where the change itself failed there is nothing to look at.
    """
    last, *later = acts[written:]
    seen = last.failed or ends_with_a_look(last.command)
    return seen or any(not act.failed for act in later)


def _what_failed(act: Act) -> str:
    return _line_with(_ERROR, act.output) or act.command


def _line_with(pattern: re.Pattern[str], text: str) -> str:
    """The first line that a pattern is found in; empty where there is none."""
    found = pattern.search(text)
    if found is None:
        return ""
    start = text.rfind("\n", 0, found.start()) + 1
    end = text.find("\n", found.end())
    return text[start : end if end >= 0 else len(text)].strip()


def _sign(symptom: Symptom, acts: list[Act], detail: str) -> Sign:
    entries = tuple(dict.fromkeys(act.entry for act in acts))
    return Sign(symptom=symptom, entries=entries, detail=detail[:_DETAIL_CHARS])
