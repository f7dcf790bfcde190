"""Desks, steps and calls that name only what matters."""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from autoloop.meta.bench import Bench
from autoloop.meta.editing import EDITING_TOOLS
from autoloop.meta.reading import READING_TOOLS
from autoloop.meta.toolbox import Toolbox
from autoloop.ports import TaskStanding, TraceSummary
from autoloop.records import Decision, Proposal, Step, ToolCall, Verdict
from autoloop.testing.desk import DeskFake

SOURCE = 'PROMPT = "Solve it."\n\n\ndef solve(instruction, env, model):\n    env.run("ls")\n'
TOOLS = Toolbox((*READING_TOOLS, *EDITING_TOOLS))


def trace(trial: str = "csv__1", *, task: str = "csv", reward: float = 0.0) -> TraceSummary:
    return TraceSummary(
        trial=trial,
        task=task,
        step=0,
        agent="incumbent",
        reward=reward,
        outcome="scored",
        failure="",
        model_calls=3,
        seconds=1.5,
    )


def standing(task: str = "csv", *, mean: float = 0.0) -> TaskStanding:
    return TaskStanding(task=task, family="tables", passes=int(mean), attempts=1, mean_reward=mean)


def step(
    index: int,
    source: str = SOURCE,
    *,
    decision: Decision = Decision.REVERT,
    title: str = "An earlier edit",
    numbers: Mapping[str, float] | None = None,
) -> Step:
    return Step(
        index=index,
        parent="0" * 40,
        started_at=datetime(2026, 1, 1, tzinfo=UTC),
        proposal=Proposal(
            source=source,
            title=title,
            hypothesis="It forgets things.",
            expected="Fewer lost details.",
            generality="Yes, for any task.",
        ),
        candidate="1" * 40,
        verdict=Verdict(decision=decision, reason="It was no better.", numbers=numbers or {}),
        lesson="Prompts alone do little.",
    )


def desk(transcripts: Mapping[str, str] | None = None, *, steps: Sequence[Step] = ()) -> DeskFake:
    texts = transcripts if transcripts is not None else {"csv__1": "--- 1 user\nSort it."}
    return DeskFake(
        source=SOURCE,
        step=len(steps) + 1,
        steps=steps,
        standings=(standing("csv"), standing("logs", mean=1.0)),
        summaries=[trace(name) for name in texts],
        transcripts=texts,
    )


def call(tool: str, **arguments: object) -> ToolCall:
    return ToolCall(id=f"id-{tool}", name=tool, arguments=json.dumps(arguments))


def ask(bench: Bench, tool: str, **arguments: object) -> str:
    return TOOLS.answer(call(tool, **arguments), bench).text


PLEADING = {
    "title": "Use another prompt",
    "hypothesis": "The agent forgets the details.",
    "expected": "Fewer lost details.",
    "generality": "Yes, it names no task at all.",
}
