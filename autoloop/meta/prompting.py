"""What the meta-agent is told at the start of a step."""

from importlib.resources import files
from string import Template

from autoloop.meta.reading import step_line
from autoloop.ports import StepDesk
from autoloop.records import Message
from autoloop.records.quoting import clip, quote

_SHOWN_STEPS = 12


def opening(desk: StepDesk, *, turns: int) -> tuple[Message, ...]:
    """The messages that a conversation starts with."""
    board = desk.scoreboard()
    mean = sum(row.mean_reward for row in board) / len(board) if board else 0.0
    text = Template(_prompt("step.md")).substitute(
        step=desk.step,
        directive=desk.directive.strip() or "Make the agent solve more tasks.",
        budget=desk.budget_left,
        standing=f"mean reward {mean:.3f} over {len(board)} train tasks.",
        history=_history(desk),
        rebase=_rebase(desk),
        turns=turns,
    )
    return (
        Message(role="system", content=_prompt("system.md")),
        Message(role="user", content=text),
    )


def _history(desk: StepDesk) -> str:
    steps = desk.history()
    if not steps:
        return "None: this is the first."
    left = len(steps) - _SHOWN_STEPS
    head = [f"({left} older ones: see list_steps)"] if left > 0 else []
    return "\n".join([*head, *map(step_line, steps[-_SHOWN_STEPS:])])


def _rebase(desk: StepDesk) -> str:
    """The task of a step whose edit is to be made anew; empty otherwise."""
    if not desk.rebase:
        return ""
    return f"\n{_prompt('rebase.md').strip()}\n\n{clip(quote('diffs', desk.rebase))}\n"


def _prompt(name: str) -> str:
    return files("autoloop.meta").joinpath("prompts", name).read_text(encoding="utf-8")
