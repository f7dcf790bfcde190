"""The edits of agent.py that the stand-in can think of as meta-agent: good, idle and bad ones."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from autoloop.gateway.offline import meta_source as text

Kind = Literal["cure", "idle", "harm", "narrow", "tidy"]
Symptom = Literal["limit", "cut", "details", "unlooked", "gave up", "unchecked"]
Change = Callable[[str], str | None]

SYMPTOM_WORDS: Mapping[Symptom, str] = {
    "limit": "the agent ran out of turns before it was done",
    "cut": "an output was cut and the agent worked on the part it saw",
    "details": "a detail of the task got lost on the way",
    "unlooked": "the agent started to work before it had looked at its input",
    "gave up": "the agent stopped at an error",
    "unchecked": "the agent never looked at what it had made",
}
HINT = "Explain the format of"
LONG_HINT = "Explain input and output beside"


@dataclass(frozen=True, slots=True, kw_only=True)
class Idea:
    """One edit, and how it is argued for."""

    title: str
    kind: Kind
    change: Change
    """The new source, or None where the edit does not fit or changes nothing."""
    cures: tuple[Symptom, ...] = ()
    unless: str = ""
    """Pattern; a source that it is found in has this cure already."""
    after: str = ""
    """Title of the idea that must have been tried before: this one is a second attempt."""
    claim: str = ""
    """Why it should help, where no symptom says so."""

    def apply(self, source: str) -> str | None:
        """The edited source; None when there is nothing to do."""
        # The prompt may be written in pieces, so it is looked at as a whole, too.
        said = f"{source}\n{text.find_prompt(source) or ''}"
        if self.unless and re.search(self.unless, said, re.IGNORECASE):
            return None
        return self.change(source)


def narrow_ideas(files: Sequence[str], separator: str) -> tuple[Idea, ...]:
    """Hints for one task only, from the files that its trace names: what a guard should see."""
    if not files:
        return ()
    first, last = files[0], files[:2][-1]
    form = f"The fields of {first} are separated by {separator}."
    claim = f"the agent does not know how {first} is laid out"
    hint = Idea(title=_titled(HINT, first), kind="narrow", change=_saying(form), claim=claim)
    if last == first:
        return (hint,)
    both = _saying(f"{form} The result belongs into {last}.")
    return (hint, replace(hint, title=_titled(LONG_HINT, first), change=both))


def kind_of(title: str) -> Kind | None:
    """The kind of an earlier edit, by its title; None for somebody else's."""
    if title.startswith((HINT, LONG_HINT)):
        return "narrow"
    return next((idea.kind for idea in IDEAS if idea.title == title), None)


def _titled(hint: str, path: str) -> str:
    return f"{hint} {path.rpartition('/')[2]}"[:100]


def _saying(sentences: str) -> Change:
    return lambda source: text.add_sentences(source, sentences)


def _at_least(name: str, value: int) -> Change:
    def change(source: str) -> str | None:
        now = text.find_number(source, name)
        return text.set_number(source, name, value) if now is not None and now < value else None

    return change


def _at_most(name: str, value: int) -> Change:
    def change(source: str) -> str | None:
        now = text.find_number(source, name)
        return text.set_number(source, name, value) if now is not None and now > value else None

    return change


def _twice(name: str) -> Change:
    def change(source: str) -> str | None:
        now = text.find_number(source, name)
        return text.set_number(source, name, 2 * now) if now else None

    return change


def _all(*changes: Change) -> Change:
    """All changes together; None unless each of them fits."""

    def change(source: str) -> str | None:
        changed: str | None = source
        for each in changes:
            changed = each(changed) if changed is not None else None
        return changed

    return change


def _reword(source: str) -> str | None:
    now = text.find_prompt(source)
    if now is None:
        return None
    first = "Use the Linux shell to solve the task that you are given."
    return text.set_prompt(source, " ".join([first, *text.split_sentences(now)[1:]]))


def _cold(source: str) -> str | None:
    if "temperature" in source:
        return None
    changed = re.sub(r"(model\.chat\([^()\n]*)\)", r"\1, temperature=0)", source, count=1)
    return text.parsed(changed) if changed != source else None


def _without_idle_words(source: str) -> str | None:
    now = text.find_prompt(source)
    if now is None:
        return None
    kept = [part for part in text.split_sentences(now) if part not in _IDLE_WORDS]
    return text.set_prompt(source, " ".join(kept))


_RESTATE = "Before you start, list every requirement of the task, down to the small details."
_LOOK = "Look at the input files first, and open each one before you work with it."
_ERRORS = "When a command fails, read its error and try another way."
_CHECK = "Before you finish, check your result against the task and correct it."
_CHECK_MESSAGE = (
    "Before you finish, check your result against the task: look at what you made, compare it with "
    "each point of the task, and correct what is wrong. If all is right, say so."
)
_EXPERT = "You are an expert engineer with many years of practice."
_CAREFUL = "Be careful and smart."
_POLITE = "Keep a friendly tone."
_IDLE_WORDS = (_EXPERT, _CAREFUL, _POLITE)

_HAS_RESTATE = r"(?:list|write down|restate).{0,40}(?:requirement|detail)"
_HAS_LOOK = r"(?:look at|open|inspect).{0,30}(?:files|data|input)"
_HAS_ERRORS = r"(?:fails|error).{0,40}(?:try|again)"
_HAS_CHECK = r"(?:check|verify) your (?:result|work)"
_HAS_CUT = r"(?:when|if) an output is (?:cut|incomplete)"

_ROOM = Idea(
    title="Give the agent more turns and a longer view",
    kind="cure",
    cures=("limit", "cut"),
    change=_all(_at_least("MAX_TURNS", 24), _at_least("OUTPUT_LIMIT", 20_000)),
)
_UNDERSTAND = Idea(
    title="Understand task and input before working",
    kind="cure",
    cures=("details", "unlooked"),
    unless=f"{_HAS_RESTATE}|{_HAS_LOOK}",
    change=_saying(f"{_RESTATE} {_LOOK}"),
)
_PERSIST = Idea(
    title="Stay with the task until its result is checked",
    kind="cure",
    cures=("gave up", "unchecked"),
    unless=f"{_HAS_ERRORS}|{_HAS_CHECK}",
    change=_saying(f"{_ERRORS} {_CHECK}"),
)
_SINGLE = (
    Idea(
        title="Allow more turns",
        kind="cure",
        cures=("limit",),
        change=_at_least("MAX_TURNS", 20),
    ),
    Idea(
        title="Show more of each output",
        kind="cure",
        cures=("cut",),
        change=_at_least("OUTPUT_LIMIT", 20_000),
    ),
    Idea(
        title="Have the requirements listed first",
        kind="cure",
        cures=("details",),
        unless=_HAS_RESTATE,
        change=_saying(_RESTATE),
    ),
    Idea(
        title="Look at the input first",
        kind="cure",
        cures=("unlooked",),
        unless=_HAS_LOOK,
        change=_saying(_LOOK),
    ),
    Idea(
        title="Read errors and try another way",
        kind="cure",
        cures=("gave up",),
        unless=_HAS_ERRORS,
        change=_saying(_ERRORS),
    ),
    Idea(
        title="Ask in the prompt for a check of the result",
        kind="cure",
        cures=("unchecked", "details"),
        unless=_HAS_CHECK,
        change=_saying(_CHECK),
    ),
    Idea(
        title="Send one round of checking before the agent stops",
        kind="cure",
        cures=("unchecked", "details", "gave up"),
        unless=_HAS_CHECK,
        change=lambda source: text.add_check_round(source, _CHECK_MESSAGE),
    ),
    Idea(
        title="Warn of cut outputs",
        kind="cure",
        cures=("cut",),
        unless=_HAS_CUT,
        change=_saying("When an output is cut, see the missing part with another command."),
    ),
)
# The same aims once more, in other words or sizes, for when the first attempt was not kept.
_AGAIN = (
    replace(
        _SINGLE[0],
        title="Allow many more turns",
        after="Allow more turns",
        change=_at_least("MAX_TURNS", 40),
    ),
    replace(
        _SINGLE[1],
        title="Show nearly all of each output",
        after="Show more of each output",
        change=_at_least("OUTPUT_LIMIT", 40_000),
    ),
    replace(
        _SINGLE[2],
        title="Have the details written down",
        after="Have the requirements listed first",
        change=_saying("First write down all details and requirements that the result must meet."),
    ),
    replace(
        _SINGLE[3],
        title="Inspect the data first",
        after="Look at the input first",
        change=_saying("Always inspect the data in a file before you decide how to work on it."),
    ),
    replace(
        _SINGLE[4],
        title="Never give up at an error",
        after="Read errors and try another way",
        change=_saying("Do not give up when a command fails: try again in a different way."),
    ),
    replace(
        _SINGLE[5],
        title="Have the work verified with a command",
        after="Ask in the prompt for a check of the result",
        change=_saying("Verify your work with a command before you say that you are done."),
    ),
    replace(_ROOM, title="Make room: turns and view together", after=_ROOM.title),
    replace(
        _UNDERSTAND,
        title="Understand first, in other words",
        after=_UNDERSTAND.title,
        change=_saying(
            "First open and read all input files. Then write down each requirement and detail."
        ),
    ),
    replace(
        _PERSIST,
        title="Persist and verify",
        after=_PERSIST.title,
        change=_saying("If a command fails, fix it and try again. At the end verify your result."),
    ),
)
_IDLE = (
    Idea(
        title="Tell the model that it is an expert",
        kind="idle",
        change=_saying(_EXPERT),
        claim="a model that is addressed as an expert may think like one",
    ),
    Idea(
        title="Ask for careful work",
        kind="idle",
        change=_saying(_CAREFUL),
        claim="the failures look like a lack of care",
    ),
    Idea(
        title="Ask for a friendly tone",
        kind="idle",
        change=_saying(_POLITE),
        claim="the agent's answers are curt",
    ),
    Idea(
        title="Reword the system prompt",
        kind="idle",
        change=_reword,
        claim="the first sentence of the prompt could be clearer",
    ),
    Idea(
        title="Use a temperature of 0",
        kind="idle",
        change=_cold,
        claim="the same task ends differently from one trial to the next",
    ),
    Idea(
        title="Rename reply to response",
        kind="idle",
        change=lambda source: text.rename(source, "reply", "response"),
        claim="clearer names make the file easier to improve",
    ),
    Idea(
        title="Give commands twice the time",
        kind="idle",
        change=_twice("COMMAND_TIMEOUT_S"),
        claim="a slow command may have been killed",
    ),
)
_HARM = (
    Idea(
        title="Solve the task with a single command",
        kind="harm",
        change=_saying("Use a single command to solve the task."),
        claim="many turns go by with little done in each",
    ),
    Idea(
        title="Ask for brevity",
        kind="harm",
        change=_saying("Be brief and use as few commands as you can."),
        claim="the agent spends its turns on side issues",
    ),
    Idea(
        title="Shorten the outputs",
        kind="harm",
        change=_at_most("OUTPUT_LIMIT", 200),
        claim="long outputs distract the model from the task",
    ),
    Idea(
        title="Stop after three turns",
        kind="harm",
        change=_at_most("MAX_TURNS", 3),
        claim="trials that go on for long tend to fail",
    ),
    Idea(
        title="Trust the first result",
        kind="harm",
        change=_saying("Trust your first result and stop there."),
        claim="late changes to a finished result can spoil it",
    ),
)
_TIDY = (
    Idea(
        title="Drop empty phrases from the prompt",
        kind="tidy",
        change=_without_idle_words,
        claim="some sentences of the prompt ask for nothing",
    ),
    Idea(
        title="Drop remarks that nobody acts on",
        kind="tidy",
        change=lambda source: text.drop_lines(source, r"^\s+env\.note\(.*\)\s*$"),
        claim="the agent's remarks in the trace change nothing for the model",
    ),
)
IDEAS: tuple[Idea, ...] = (
    _ROOM, _UNDERSTAND, _PERSIST, *_SINGLE, *_AGAIN, *_IDLE, *_HARM, *_TIDY,
)  # fmt: skip
