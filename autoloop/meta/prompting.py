"""What the meta-agent is told at the start of a step: what stays the same first, then what changed.

The first part (system prompt, directive, agent.py) is the same from step to step as far as it can
be, so that providers' caches serve it.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from autoloop.meta.brief import agent_text, fit, sections_of
from autoloop.meta.wording import Prompts
from autoloop.ports import Approach, Course, StepDesk
from autoloop.records import ChangeKind, Message
from autoloop.records.quoting import clip, quote

CHARS_PER_TOKEN = 3
"""Of code and traces in the languages of most models; fewer than in prose, to be safe."""
_MOST_CHARS = 400_000
_BRIEF_CHARS = 60_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """Characters that fit into a model's context."""

    talk: int
    """A whole conversation: older answers are dropped beyond it."""
    brief: int
    """What it begins with, besides system prompt and directive."""

    @classmethod
    def of_context(cls, tokens: int) -> "Room":
        """The room in a context of so many tokens, a quarter of it left for the model's answers."""
        talk = min(_MOST_CHARS, tokens * CHARS_PER_TOKEN * 3 // 4)
        return cls(talk=talk, brief=min(_BRIEF_CHARS, talk // 4))


def opening(desk: StepDesk, *, turns: int, room: Room, prompts: Prompts) -> tuple[Message, ...]:
    """The messages that a conversation starts with."""
    agent = agent_text(desk.source, room.brief // 2)
    asked = _asked(desk, prompts, turns=turns)
    asked = f"\n{asked}\n" if asked else ""
    brief = fit(sections_of(desk), max(0, room.brief - len(agent)))
    text = prompts.text(
        "step", step=desk.step, agent=agent, budget=desk.budget_left, brief=brief, asked=asked,
        turns=turns,
    )  # fmt: skip
    return (
        Message(role="system", content=_system(desk, prompts, room)),
        Message(role="user", content=text),
    )


def _system(desk: StepDesk, prompts: Prompts, room: Room) -> str:
    directive = desk.directive.strip() or "Make the agent solve more tasks."
    head = "# What the owner of the agent wants"
    return f"{prompts.text('system')}\n\n{head}\n\n{clip(directive, room.brief)}"


def _asked(desk: StepDesk, prompts: Prompts, *, turns: int) -> str:
    """What this step is for, where it is not for whatever seems best."""
    if desk.rebase:
        return f"{prompts.text('rebase')}\n\n{clip(quote('diffs', desk.rebase))}"
    return approach_text(desk.course, prompts, turns=turns)


def approach_text(course: Course, prompts: Prompts, *, turns: int) -> str:
    """What is asked for after steps that led to nothing; empty where there is no need."""
    if course.approach is Approach.FREE:
        return ""
    others = [kind for kind in ChangeKind if kind not in course.kinds]
    return prompts.text(
        course.approach.value,
        fruitless=course.fruitless,
        empty=course.empty,
        kinds=_listed(course.kinds) or "nothing that was named",
        others=_listed(others or ChangeKind),
        steps=" and ".join(map(str, course.merge)),
        turns=max(1, turns // 2),
    )


def _listed(kinds: Iterable[ChangeKind]) -> str:
    return ", ".join(kind.value for kind in kinds)
