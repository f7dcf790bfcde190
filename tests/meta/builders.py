"""Desks, steps and calls that name only what matters."""

import json
from collections.abc import Mapping, Sequence

from autoloop.meta.bench import Bench
from autoloop.meta.editing import EDITING_TOOLS
from autoloop.meta.reading import READING_TOOLS
from autoloop.meta.toolbox import Toolbox
from autoloop.ports import EarlierStep, TaskStanding, TraceSummary
from autoloop.records import Decision, Review, ToolCall
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
    return TaskStanding(
        task=task, family="tables", passes=int(mean), attempts=1, mean_reward=mean, high=0.975
    )


def step(
    index: int,
    *,
    decision: Decision = Decision.REVERT,
    title: str = "An earlier edit",
    train_gain: float | None = None,
    review: Review | None = None,
) -> EarlierStep:
    return EarlierStep(
        index=index,
        decision=decision.value,
        lesson="It was no better.",
        title=title,
        hypothesis="It forgets things.",
        expected="Fewer lost details.",
        train_gain=train_gain,
        review=review,
    )


def desk(
    transcripts: Mapping[str, str] | None = None, *, steps: Sequence[EarlierStep] = ()
) -> DeskFake:
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


PLEADING: dict[str, object] = {
    "title": "Use another prompt",
    "hypothesis": "The agent forgets the details.",
    "expected": "Fewer lost details.",
    "generality": "Yes, it names no task at all.",
    "kind": "prompt",
    "chance": 0.6,
}
