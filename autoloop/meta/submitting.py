"""The tool that ends a conversation: an edit, why, what it will do, and other ways to do it."""

from collections.abc import Iterator
from typing import Annotated, ClassVar

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from autoloop.meta.bench import Bench, same_program
from autoloop.meta.passages import SOURCE_CHARS, PassageError, Replacement, replaced
from autoloop.meta.toolbox import Tool, refuse
from autoloop.records import (
    Alternative,
    ChangeKind,
    Finding,
    Proposal,
    StepLesson,
    TaskPrediction,
)
from autoloop.records.quoting import one_line

_MOST_PREDICTED = 50
_LESSON_CHARS = 600

_Sentence = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=10, max_length=2_000)
]
_Title = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=5, max_length=100, pattern=r"^[^\r\n]+$"),
]
_Chance = Annotated[float, Field(ge=0.0, le=1.0)]


class _Cure(BaseModel):
    """A train task that the edit should cure."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    task: str
    chance: _Chance | None = Field(None, description="How likely, from 0 to 1.")


class _Other(BaseModel):
    """Another edit for the same hypothesis."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    title: _Title
    edits: list[Replacement] = Field(
        [], max_length=50, description="Passages of your draft to replace, one after the other."
    )
    source: str = Field("", max_length=SOURCE_CHARS, description="Or the whole agent.py.")
    chance: _Chance | None = Field(None, description="How likely it will be kept.")


class _RefusedError(Exception):
    """A submission cannot be taken; the message says why."""


class Submit(Tool):
    """Submit the draft as this step's edit. Ends the conversation if no guard blocks it."""

    tool: ClassVar[str] = "submit"
    title: _Title = Field(description="One line, as a commit subject.")
    hypothesis: _Sentence = Field(description="What goes wrong now, and why this edit mends it.")
    expected: _Sentence = Field(description="Which failures it should cure.")
    generality: _Sentence = Field(
        description="If this exact task disappeared, would this still be a worthwhile improvement?"
    )
    kind: ChangeKind = Field(description="What of the agent it changes, mainly.")
    chance: _Chance = Field(description="How likely it will be kept, from 0 to 1.")
    predicted: list[_Cure] = Field(
        [], max_length=_MOST_PREDICTED, description="Train tasks that it should cure."
    )
    alternatives: list[_Other] = Field(
        [], description="Other edits for this hypothesis, tried if those before are not kept."
    )
    lesson: str = Field(
        "",
        max_length=_LESSON_CHARS,
        description="What the decided step of the highest number has taught you.",
    )

    def run(self, bench: Bench) -> str:
        if not bench.changed():
            return refuse("the draft does nothing new; edit agent.py first.")
        try:
            findings = _checked(bench, bench.draft, "the draft")
            others = self._others(bench)
            predicted = self._predicted(bench)
        except _RefusedError as why:
            return refuse(str(why))
        bench.proposal = Proposal(
            source=bench.draft,
            title=one_line(self.title),
            hypothesis=self.hypothesis,
            expected=self.expected,
            generality=self.generality,
            findings=findings,
            kind=self.kind,
            chance=self.chance,
            predicted=predicted,
            alternatives=others,
            written_on=bench.desk.source if others else "",
            lesson=_lesson(bench, self.lesson),
        )
        return "Done: submitted."

    def _predicted(self, bench: Bench) -> tuple[TaskPrediction, ...]:
        known = {row.task for row in bench.desk.scoreboard()}
        named = {one.task: one.chance for one in self.predicted}
        wrong = [task for task in named if task not in known]
        if wrong:
            raise _RefusedError(
                f"{one_line(wrong[0])!r} in `predicted` is no train task; see scoreboard."
            )
        return tuple(TaskPrediction(task=task, chance=chance) for task, chance in named.items())

    def _others(self, bench: Bench) -> tuple[Alternative, ...]:
        most = bench.most_alternatives
        if len(self.alternatives) > most:
            raise _RefusedError(
                f"{len(self.alternatives)} alternatives are too many; {most} is the most here."
            )
        return tuple(_alternatives(bench, self.alternatives))


def _alternatives(bench: Bench, others: list[_Other]) -> Iterator[Alternative]:
    before = [bench.desk.source, bench.draft]
    for number, other in enumerate(others, start=1):
        name = f"alternative {number}"
        source = _source(bench, other, name)
        if any(same_program(source, known) for known in before):
            raise _RefusedError(f"{name} does nothing that the edits before it do not do.")
        _checked(bench, source, name)
        before.append(source)
        yield Alternative(source=source, title=one_line(other.title), chance=other.chance)


def _source(bench: Bench, other: _Other, name: str) -> str:
    if bool(other.source) == bool(other.edits):
        raise _RefusedError(f"{name} needs either `edits` of your draft or a whole `source`.")
    try:
        return other.source or replaced(bench.draft, other.edits)
    except PassageError as why:
        raise _RefusedError(f"{name}: {why}") from why


def _checked(bench: Bench, source: str, name: str) -> tuple[Finding, ...]:
    """What the guards say, as long as none of them blocks it."""
    findings = bench.check(source)
    blocked = blocking(findings)
    if blocked:
        raise _RefusedError(
            f"the guards block {name}; mend it and submit again:\n{findings_text(blocked)}"
        )
    return findings


def blocking(findings: tuple[Finding, ...]) -> tuple[Finding, ...]:
    """Those that refuse an edit."""
    return tuple(finding for finding in findings if finding.severity == "block")


def findings_text(findings: tuple[Finding, ...]) -> str:
    """Findings, one a line."""
    return "\n".join(map(_finding_line, findings))


def _finding_line(finding: Finding) -> str:
    line = f" (line {finding.line})" if finding.line else ""
    return f"- {finding.severity}: {finding.rule}{line}: {one_line(finding.message, 500)}"


def _lesson(bench: Bench, text: str) -> StepLesson | None:
    """What was learnt, of the last step, by number, that is decided."""
    decided = [step.index for step in bench.desk.history() if step.decision != "open"]
    said = one_line(text, _LESSON_CHARS)
    return StepLesson(step=decided[-1], text=said) if decided and said else None
