"""Tools that change or leave something: the draft, the notebook, spot checks, the submission."""

from typing import ClassVar

from pydantic import Field

from autoloop.meta.bench import Bench
from autoloop.meta.passages import SOURCE_CHARS, PassageError, Replacement, replaced
from autoloop.meta.submitting import Submit, blocking, findings_text
from autoloop.meta.toolbox import Tool, refuse
from autoloop.meta.verifying import feedback_lines
from autoloop.ports import SpotResult
from autoloop.records import Outcome
from autoloop.records.quoting import clip, fence, one_line, pages

_NOTEBOOK_CHARS = 10_000
_SPOT_TASKS = 4


class ReadAgent(Tool):
    """One page of your draft of agent.py; it starts as the current agent.py."""

    tool: ClassVar[str] = "read_agent"
    page: int = Field(1, ge=1, description="1 is the first page.")

    def run(self, bench: Bench) -> str:
        found = pages(bench.draft)
        if self.page > len(found):
            return refuse(f"agent.py has {len(found)} pages; there is no page {self.page}.")
        head = f"Draft of agent.py, page {self.page} of {len(found)}."
        return f"{head}\n{fence('agent.py', found[self.page - 1])}"


class EditAgent(Tool):
    """Replace one passage of the draft. `old` must match exactly once, spaces included."""

    tool: ClassVar[str] = "edit_agent"
    old: str = Field(min_length=1, max_length=SOURCE_CHARS, description="Text to replace.")
    new: str = Field(max_length=SOURCE_CHARS, description="Text to put in its place.")

    def run(self, bench: Bench) -> str:
        try:
            draft = replaced(bench.draft, [Replacement(old=self.old, new=self.new)])
        except PassageError as why:
            return refuse(str(why))
        return _take(bench, draft)


class ReplaceAgent(Tool):
    """Replace the whole draft of agent.py."""

    tool: ClassVar[str] = "replace_agent"
    source: str = Field(min_length=1, max_length=SOURCE_CHARS)

    def run(self, bench: Bench) -> str:
        return _take(bench, self.source)


class CheckAgent(Tool):
    """What the guards say about the draft, and how it differs from the current agent.py."""

    tool: ClassVar[str] = "check_agent"

    def run(self, bench: Bench) -> str:
        if not bench.changed():
            return "The draft is the current agent.py, but for comments and layout at most."
        findings = findings_text(bench.check()) or "The guards found nothing."
        return f"{clip(findings, 3_000)}\n{clip(bench.diff(), 8_000)}"


class WriteNotebook(Tool):
    """Replace the notebook, which outlives this step. Keep what still holds."""

    tool: ClassVar[str] = "write_notebook"
    text: str = Field(max_length=_NOTEBOOK_CHARS)

    def run(self, bench: Bench) -> str:
        bench.desk.write_notebook(self.text)
        return "Done."


class SpotCheck(Tool):
    """Run the draft once on a few train tasks. Costs budget; says little about the verdict."""

    tool: ClassVar[str] = "spot_check"
    tasks: list[str] = Field(min_length=1, max_length=_SPOT_TASKS)

    def run(self, bench: Bench) -> str:
        if not bench.spot_checks_left:
            return refuse("the spot checks of this step are used up.")
        if not bench.changed():
            return refuse("the draft does nothing new; its results stand on the scoreboard.")
        blocked = findings_text(blocking(bench.check()))
        if blocked:
            return refuse(f"the guards block the draft:\n{blocked}")
        tasks = list(dict.fromkeys(self.tasks))
        try:
            results = bench.desk.spot_check(bench.draft, tasks)
        except KeyError as error:
            return refuse(f"{error.args[0]!r} is no train task; see scoreboard.")
        bench.spot_checks_left -= 1
        lines = [*map(_spot_line, results), f"{bench.spot_checks_left} spot checks left."]
        return "\n".join(lines)


EDITING_TOOLS: tuple[type[Tool], ...] = (
    ReadAgent, EditAgent, ReplaceAgent, CheckAgent, WriteNotebook, SpotCheck, Submit,
)  # fmt: skip


def _take(bench: Bench, source: str) -> str:
    bench.draft = source
    return f"Done: the draft has {source.count(chr(10)) + 1} lines now."


def _spot_line(result: SpotResult) -> str:
    task = one_line(result.task)
    if result.outcome == Outcome.INVALID:
        return f"- {task}: invalid, the machine's fault; it says nothing about the draft."
    failure = f" ({one_line(result.failure)})" if result.failure else ""
    line = f"- {task}: {result.outcome}, reward {result.reward:g}{failure}"
    return "\n".join([line, *feedback_lines(result.feedback)])
