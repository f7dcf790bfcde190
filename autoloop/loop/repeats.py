"""No program is evaluated twice, and few that differ in constants alone.

Whoever may look each of a thousand constant answers up needs to know nothing. So what counts is the
program without names, comments and layout, whatever became of the step that tried it.
"""

from collections.abc import Iterator

from autoloop.loop.work import Work
from autoloop.ports import Likeness
from autoloop.records import Decision, Finding, Step


def repeats(work: Work, source: str, *, step: int, foundation: str) -> tuple[Finding, ...]:
    """What speaks against one more trial of such a program; nothing where none is refused.

    Args:
        work: The climb.
        source: The edited agent.py.
        step: Whose edit it is: its own earlier version does not count.
        foundation: What it was written on.
    """
    if work.plan.variants is None:
        return ()
    others = [s for s in work.book.all() if s.index != step and s.proposal is not None]
    same = next(_same(work, source, others, foundation=foundation), None)
    if same is not None:
        return (_block("repeated", same),)
    near = [s for s in others if _likeness(work, source, s) is Likeness.NEAR]
    if len(near) < work.plan.variants:
        return ()
    text = (
        f"{len(near)} edits of this run, the last in step {near[-1].index}, differ from it in"
        " constants alone, and no more of them are tried. Change what the program does."
    )
    return (_block("variants", text),)


def _same(work: Work, source: str, others: list[Step], *, foundation: str) -> Iterator[str]:
    """Sentences that name who tried this very program."""
    but = "but for names of variables, comments and layout"
    if work.parts.guard.likeness(source, foundation) is Likeness.SAME:
        yield f"The edit is the agent.py that it was written on, {but}: change what it does."
    for other in reversed(others):
        if _likeness(work, source, other) is Likeness.SAME:
            yield f"Step {other.index} tried this very program, {but}, and {_fate(other)}."
    if work.parts.guard.likeness(source, work.baseline) is Likeness.SAME:
        yield f"The run began with this very program, {but}: it is known how that does."


def _likeness(work: Work, source: str, other: Step) -> Likeness:
    if other.proposal is None:
        raise AssertionError("only an edit has a program")
    return work.parts.guard.likeness(source, other.proposal.source)


def _fate(step: Step) -> str:
    if step.verdict is None:
        return "it is under test"
    kept = step.verdict.decision is Decision.KEEP
    return "it was kept" if kept else "it was not kept; see show_step"


def _block(rule: str, message: str) -> Finding:
    return Finding(rule=rule, severity="block", message=message)
