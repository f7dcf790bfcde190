"""What the meta-agent is shown of a run before it asks: sections that share the room there is."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from autoloop.meta.failing import group_line, trials_of
from autoloop.meta.reading import standing_line, step_line
from autoloop.ports import StepDesk
from autoloop.records import Foresight, PredictionRecord, PredictionScore
from autoloop.records.quoting import PAGE_CHARS, fence, pages

_DIAGNOSED = 100
"""Trials whose traces are looked at for a brief; the tool looks at more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """A part of the brief."""

    title: str
    text: str
    more: str
    """How to get what is cut."""
    keeps_end: bool = False
    """Whether its end is what counts most."""


def fit(sections: Sequence[Section], room: int) -> str:
    """The sections within so many characters: short ones whole, long ones share the rest."""
    shares = _shares([len(section.text) for section in sections], room)
    shown = zip(sections, shares, strict=True)
    return "\n\n".join(f"## {s.title}\n\n{_cut(s, share)}" for s, share in shown if s.text)


def _shares(sizes: Sequence[int], room: int) -> list[int]:
    """How much of the room each gets: what small ones leave goes to the larger."""
    shares = [0] * len(sizes)
    left, waiting = room, sorted(range(len(sizes)), key=lambda number: sizes[number])
    for done, number in enumerate(waiting):
        shares[number] = min(sizes[number], left // (len(waiting) - done))
        left -= shares[number]
    return shares


def _cut(section: Section, share: int) -> str:
    """As many whole lines of a section as have room, and how to get the others."""
    if len(section.text) <= share:
        return section.text
    lines = section.text.splitlines()
    kept: list[str] = []
    size = 0
    for line in reversed(lines) if section.keeps_end else lines:
        size += len(line) + 1
        if size > share:
            break
        kept.append(line)
    note = f"[{len(lines) - len(kept)} of {len(lines)} lines cut for want of room: {section.more}]"
    return "\n".join([note, *reversed(kept)] if section.keeps_end else [*kept, note])


def agent_text(source: str, room: int) -> str:
    """The agent.py to write on: all of it, or as many pages as there is room for."""
    found = pages(source)
    if len(source) <= room:
        return fence("agent.py", source)
    shown = found[: room // PAGE_CHARS]
    text = f"{fence('agent.py', ''.join(shown))}\n" if shown else ""
    return (
        f"{text}[{len(shown)} of {len(found)} pages; read_agent shows the others, from page"
        f" {len(shown) + 1} on]"
    )


def sections_of(desk: StepDesk) -> tuple[Section, ...]:
    """All that is told about the run so far."""
    return (
        Section(title="Scoreboard", text=_scoreboard(desk), more="call scoreboard"),
        Section(
            title="Failing train trials",
            text="\n".join(_failing(desk)),
            more="call failures",
        ),
        Section(
            title="Tried before, and what became of it",
            text="\n".join(map(step_line, desk.history())) or "Nothing: this is the first step.",
            more="call list_steps, and show_step for diffs",
            keeps_end=True,
        ),
        Section(
            title="Your predictions so far",
            text="\n".join(prediction_lines(desk.predictions())),
            more="they are in each step of list_steps",
        ),
        Section(
            title="Notebook",
            text=desk.notebook() or "It is empty.",
            more="call read_notebook",
        ),
    )


def _scoreboard(desk: StepDesk) -> str:
    rows = sorted(desk.scoreboard(), key=lambda row: (row.mean_reward, row.task))
    score = desk.score()
    if score is None:
        return "No train task has been tried yet."
    head = (
        f"Mean reward {score.mean:.3f} (95 %: {score.low:.3f} to {score.high:.3f}) over {score.n}"
        " train tasks, worst first:"
    )
    return "\n".join([head, *map(standing_line, rows)])


def _failing(desk: StepDesk) -> Iterator[str]:
    """What failed trials have in common, in words of our own: what a trace says is foreign."""
    traces, whose = trials_of(desk.traces())
    report = desk.failures([trace.trial for trace in traces[:_DIAGNOSED]])
    yield f"{report.failed} failed and {report.passed} passing trials of {whose}, by symptom:"
    yield from map(group_line, report.groups)
    if report.unexplained:
        yield f"- none of these: {len(report.unexplained)} failed"
    yield "`failures` says which trials they are and where in their traces to look."


def prediction_lines(record: PredictionRecord) -> Iterator[str]:
    """How good predictions were, overall and by kind of change."""
    if not record.overall.kept.count and not record.overall.cured.count:
        yield "None of them has met a verdict yet."
        return
    yield f"All: {_score(record.overall)}"
    for score in record.kinds:
        if score.kept.count or score.cured.count:
            yield f"{score.kind.value if score.kind else 'all'}: {_score(score)}"
    yield (
        "A Brier score is the mean squared error of the chances: 0 is perfect, 0.25 is what saying"
        " 50 % each time gives."
    )


def _score(score: PredictionScore) -> str:
    parts = [
        f"{words} {_calibration(own)}"
        for words, own in (
            ("an edit will be kept:", score.kept),
            ("a task will be cured:", score.cured),
        )
        if own.count
    ]
    return "; ".join(parts)


def _calibration(own: Foresight) -> str:
    brier = "" if own.brier is None else f", Brier score {own.brier:.2f}"
    return f"{own.hits} of {own.count} right, it happened {own.happened} times{brier}"
