"""How the stand-in goes about a job: look, work, perhaps check, and stop.

A policy is a generator: it yields the next thing to do, is sent the output of the command, and
returns its final words. `advance` replays it over the commands already run, so that nothing has to
be remembered between two requests.
"""

import re
from collections.abc import Generator, Sequence
from dataclasses import dataclass, replace

from autoloop.gateway.offline.conversation import Exchange
from autoloop.gateway.offline.cues import Cues
from autoloop.gateway.offline.skill import Job, View
from autoloop.gateway.offline.temper import Temper

_CUT_MARK = re.compile(
    r"(?:\[[^\]\n]*|<[^>\n]*|\.\.\.[^\n]*|…[^\n]*)\b(?:cut|truncated|omitted)\b", re.IGNORECASE
)
_FAILURE = re.compile(r"not found|No such file|exit.?(?:code|status)\W*127", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """The next thing to do: a command with a remark, or, without a command, final words."""

    words: str
    command: str | None = None


Policy = Generator[Action, str, str]


def advance(policy: Policy, exchanges: Sequence[Exchange]) -> Action:
    """The first action of a policy that the commands already run do not cover."""
    rest = list(exchanges)
    try:
        action = next(policy)
        while (output := _take(rest, action.command)) is not None:
            action = policy.send(output)
    except StopIteration as end:
        return Action(words=str(end.value))
    return action


def do_job(job: Job, *, temper: Temper, cues: Cues, is_retold: bool) -> Policy:
    """Work on an understood instruction."""
    guesses = bool(job.looks) and (cues.hurries or (temper.guesses and not cues.looks))
    told = cues.restates or is_retold
    outputs = [] if guesses else (yield from _look(job))
    view = View(
        dropped=frozenset() if told else temper.forgotten(job.details),
        looked=not guesses,
        seen_lines=_believed_lines(outputs, temper=temper, cues=cues),
    )
    finished = yield from _work(job, view, temper=temper, cues=cues)
    if not finished:
        return "python is not installed here, so I cannot do this one."
    if cues.checks:
        yield from _check(job, view, temper)
        return "Checked, and done."
    return "Done."


def look_around() -> Policy:
    """Face an instruction that no skill understands."""
    yield Action(words="Let me see what is there.", command="ls -la")
    return "I do not know how to do this, so I leave everything as it is."


def _look(job: Job) -> Generator[Action, str, list[str]]:
    outputs = []
    for command in job.looks:
        output = yield Action(words="Having a look.", command=command)
        outputs.append(output)
    return outputs


def _work(job: Job, view: View, *, temper: Temper, cues: Cues) -> Generator[Action, str, bool]:
    steps = list(job.steps(view))
    if temper.wanders_off:
        steps = steps[:-1]
    if cues.hurries and steps:
        steps = ["\n".join(steps)]
    mistyped = temper.gives_up
    for step in steps:
        if mistyped and re.match("python3 ", step):
            mistyped = False
            output = yield Action(words="On it.", command=step.replace("python3", "python", 1))
            if not _FAILURE.search(output):
                continue
            if not cues.persists:
                return False
        yield Action(words="On it.", command=step)
    return True


def _check(job: Job, view: View, temper: Temper) -> Generator[Action, str, None]:
    yield Action(words="Checking what I made.", command=job.check)
    better = _mended(view, temper)
    if better == view or temper.wanders_off:
        return
    if better.looked and not view.looked:
        yield from _look(job)
    for step in job.steps(better):
        yield Action(words="That was not right yet, once more.", command=step)


def _mended(view: View, temper: Temper) -> View:
    return replace(
        view,
        dropped=frozenset(detail for detail in view.dropped if not temper.mends(detail)),
        looked=view.looked or temper.mends("a guess"),
        seen_lines=None if temper.mends("a cut") else view.seen_lines,
    )


def _believed_lines(outputs: Sequence[str], *, temper: Temper, cues: Cues) -> int | None:
    if cues.minds_cuts or not temper.believes_cuts:
        return None
    marks = [(output, _CUT_MARK.search(output)) for output in outputs]
    # The last line before the mark is seldom whole.
    counts = [len(text[: mark.start()].splitlines()) - 1 for text, mark in marks if mark]
    return max(1, min(counts)) if counts else None


def _take(rest: list[Exchange], command: str | None) -> str | None:
    """Drop exchanges up to the one of `command` and return its output; None when there is none."""
    for at, exchange in enumerate(rest):
        if exchange.command == command:
            del rest[: at + 1]
            return exchange.output
    return None
