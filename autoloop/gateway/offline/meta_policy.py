"""How the stand-in goes about a step as meta-agent: look, pick an idea, edit, check, submit.

The policy is a generator: it yields tool calls, is sent their answers, and returns final words.
Replayed over the answers already given, it needs no memory between two requests.
"""

from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass

from autoloop.gateway.offline.meta_choice import draw, rank_ideas
from autoloop.gateway.offline.meta_claims import Argument, cause, hypothesis, pleading
from autoloop.gateway.offline.meta_edits import Idea
from autoloop.gateway.offline.meta_reading import (
    Findings,
    ListedTrace,
    count_pages,
    diagnose,
    read_fenced,
    read_steps,
    read_traces,
)
from autoloop.gateway.offline.meta_source import smallest_edit

_TRACES = 6
_PAGES = 4
_ATTEMPTS = 5
_SPOT_CHANCE = 0.25
_UNCHECKED_CHANCE = 0.5
_NOTEBOOK_LINES = 30
_NO_NOTES = "The notebook is empty."


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A tool call to make."""

    tool: str
    arguments: Mapping[str, Argument]


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """What to say next; without calls these are the final words."""

    words: str
    calls: tuple[Call, ...] = ()


Policy = Generator[Turn, Sequence[str], str]


def advance(policy: Policy, answers: Sequence[Sequence[str]]) -> Turn:
    """The first turn that has no answers yet."""
    try:
        turn = next(policy)
        for given in answers:
            turn = policy.send(given)
    except StopIteration as end:
        return Turn(words=str(end.value))
    return turn


def improve(seed: int) -> Policy:
    """One step's work."""
    _, listed, notes = yield _turn(
        "Let me see where we stand.",
        _call("scoreboard"),
        _call("list_steps"),
        _call("read_notebook"),
    )
    steps = read_steps(listed)
    found, first = yield _turn(
        "Now the failures, and the agent itself.",
        _call("list_traces", failed_only=True),
        _call("read_agent"),
    )
    source = yield from _read_on(first)
    traces = yield from _read_traces(_pick(read_traces(found), seed))
    findings = diagnose(source, steps, traces)
    rejected = [step.index for step in steps if step.decision != "keep"]
    if rejected:
        yield _turn("What did the last refused edit change?", _call("show_step", step=rejected[-1]))
    attempt = _Attempt(findings=findings, seed=seed, notes="" if notes == _NO_NOTES else notes)
    draft = source
    for idea in rank_ideas(findings, seed)[:_ATTEMPTS]:
        new = idea.apply(source)
        if new is not None and (yield from attempt.make(idea, draft, new)):
            return "Submitted."
        draft = new or draft
    return "I have no idea left that fits this agent.py and was not tried."


@dataclass(frozen=True, slots=True, kw_only=True)
class _Attempt:
    """Trying to get an idea through, up to its submission."""

    findings: Findings
    seed: int
    notes: str

    def make(self, idea: Idea, draft: str, new: str) -> Generator[Turn, Sequence[str], bool]:
        """Edit the draft, look at it, submit it; False when it was turned down."""
        yield from self._edit(idea, draft, new)
        if idea.kind != "narrow" or draw(self.seed, "unchecked") > _UNCHECKED_CHANCE:
            (said,) = yield _turn("How does the draft look?", _call("check_agent"))
            if "- block:" in said:
                return False
        if draw(self.seed, f"spot {idea.title}") < _SPOT_CHANCE and self.findings.tasks:
            tasks = self.findings.tasks[:2]
            (said,) = yield _turn("A quick trial of it.", _call("spot_check", tasks=tasks))
            if said.startswith("- ") and said.count(": failed") == len(tasks):
                return False
        _, said = yield _turn(
            f"I submit it: {idea.title}.",
            _call("write_notebook", text=self._notebook(idea)),
            _call("submit", **pleading(idea, self.findings)),
        )
        return said.startswith("Done")

    def _edit(self, idea: Idea, draft: str, new: str) -> Generator[Turn, Sequence[str], None]:
        words = f"Hypothesis: {hypothesis(idea, self.findings)}"
        passage = smallest_edit(draft, new)
        if passage is None:
            return
        old, put = passage
        (said,) = yield _turn(words, _call("edit_agent", old=old, new=put))
        if not said.startswith("Done"):
            yield _turn("Then the whole file.", _call("replace_agent", source=new))

    def _notebook(self, idea: Idea) -> str:
        number = max((step.index for step in self.findings.steps), default=0) + 1
        line = f"Step {number}: tried {idea.title!r}, since {cause(idea)}."
        return "\n".join([*self.notes.splitlines()[-_NOTEBOOK_LINES:], line])


def _read_on(first: str) -> Generator[Turn, Sequence[str], str]:
    """All of agent.py, given its first page."""
    count = count_pages(first)
    if count == 1:
        return read_fenced(first)
    calls = [_call("read_agent", page=page) for page in range(2, count + 1)]
    rest = yield _turn("The rest of it.", *calls)
    return "".join(read_fenced(page) for page in (first, *rest))


def _read_traces(
    chosen: Sequence[ListedTrace],
) -> Generator[Turn, Sequence[str], list[tuple[ListedTrace, str]]]:
    if not chosen:
        return []
    firsts = yield _turn(
        "Where did these go wrong?", *(_call("read_trace", trial=trace.trial) for trace in chosen)
    )
    texts = [read_fenced(page) for page in firsts]
    for number, trace in enumerate(chosen):
        last = min(count_pages(firsts[number]), _PAGES)
        if last > 1:
            calls = [
                _call("read_trace", trial=trace.trial, page=page) for page in range(2, last + 1)
            ]
            rest = yield _turn("And how did it end?", *calls)
            texts[number] += "".join(map(read_fenced, rest))
    return list(zip(chosen, texts, strict=True))


def _pick(traces: Sequence[ListedTrace], seed: int) -> list[ListedTrace]:
    """Failing trials to read: the incumbent's if there are any, of as many tasks as possible."""
    own = [trace for trace in traces if trace.is_incumbent] or list(traces)
    shuffled = sorted(own, key=lambda trace: draw(seed, trace.trial))
    by_task = {trace.task: trace for trace in reversed(shuffled)}
    return list(reversed(by_task.values()))[:_TRACES]


def _turn(words: str, *calls: Call) -> Turn:
    return Turn(words=words, calls=calls)


def _call(tool: str, **arguments: Argument) -> Call:
    return Call(tool=tool, arguments=arguments)
