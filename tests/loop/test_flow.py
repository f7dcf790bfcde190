"""What a verifier says reaches the meta-agent as far as settings let it, and no further."""

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from hashlib import sha256
from pathlib import Path

import pytest

from autoloop.loop import climb
from autoloop.meta import ConversationProposer
from autoloop.records import (
    Budget,
    ChatReply,
    ChatRequest,
    Failure,
    Feedback,
    TrialRequest,
    TrialResult,
)
from autoloop.testing.models import ScriptedModel, reply
from autoloop.testing.trials import InlineEngine, SimulatedRunner
from autoloop.traces import TraceLibrary
from autoloop.trial import read_feedback
from autoloop.trial.feedback import Level
from tests.loop.builders import SPLITS, Table, agent
from tests.meta.builders import PLEADING, TOOLS, call

CHECKS = "def test_rows():\n    pass\n\n\ndef test_header():\n    pass\n"
TRAIN = [name for name in SPLITS if name.startswith("train/")]
HIDDEN = [name for name in SPLITS if not name.startswith("train/")]


def canary(task: str) -> str:
    """What the tests of a task must not be heard to say."""
    return f"canary-{sha256(task.encode()).hexdigest()[:12]}"


@dataclass
class Telltale:
    """A runner whose verifiers print, raise, report and reward their canary."""

    inner: SimulatedRunner
    folder: Path
    kinds: Iterator[str] = field(
        default_factory=lambda: iter(["VerifierOutputParseError", "AgentError"] * 1_000)
    )

    def run(self, request: TrialRequest) -> TrialResult:
        result, secret = self.inner.run(request), canary(request.task.name)
        place = self.folder / "jobs" / result.id / "verifier"
        place.mkdir(parents=True)
        (place / "test-stdout.txt").write_text(
            f"{secret}\ntests/test_outputs.py::test_rows[{secret}] PASSED\n"
            f"tests/test_outputs.py::test_header FAILED\nE  AssertionError: {secret}\n"
            f"tests/test_outputs.py::test_{secret} PASSED\nnot ok 1 - {secret}\n"
            f"FAILED tests/test_outputs.py::test_header - assert {secret}\n"
        )
        (place / "reward.json").write_text(json.dumps({"reward": 0, secret: 1}))
        return replace(
            result,
            folder=f"jobs/{result.id}",
            rewards={"reward": result.reward, secret: 1.0},
            failure=None if result.passed else Failure(kind=next(self.kinds), message=secret),
        )


@dataclass
class Snoop:
    """A meta-agent that calls every tool there is, and submits one agent after the other."""

    heard: list[str] = field(default_factory=list)
    skills: Iterator[float] = field(default_factory=lambda: iter([1.0, 0.5, 0.9]))

    def __call__(self, request: ChatRequest) -> ChatReply:
        said = [message.content for message in request.messages]
        self.heard += said
        turn = sum(message.role == "assistant" for message in request.messages)
        trials = re.findall(r"trial='([^']+)'", "\n".join(said))
        rounds = [
            [call("scoreboard"), call("list_traces"), call("list_traces", failed_only=True)],
            [call("read_trace", trial=trial) for trial in trials[:9]],
            [call("outline", trial=trial) for trial in trials[:4]]
            + [call("compare_trials", trial=trial) for trial in trials[:4]],
            [call("failures"), call("failures", agent="all"), call("failures", agent="step 1")],
            [call("list_traces", task=name) for name in HIDDEN]
            + [call("failures", task=name, agent="all") for name in HIDDEN],
            [call("search_traces", pattern="."), call("list_steps"), call("read_notebook")],
            [call("show_step", step=number) for number in (1, 2, 3)],
            [call("read_agent"), call("edit_agent", old="SKILL = ", new="SKILL=")],
            [call("replace_agent", source=agent(next(self.skills)) if turn == 8 else "")],
            [call("check_agent"), call("spot_check", tasks=TRAIN[:4])],
            [call("spot_check", tasks=[HIDDEN[0]]), call("write_notebook", text="Noted.")],
            [call("submit", **PLEADING)],
        ]
        return reply("", *(replace(one, id=f"{turn}-{n}") for n, one in enumerate(rounds[turn])))


def overhear(folder: Path, level: Level) -> str:
    """All that a curious meta-agent is told in three steps."""
    tests = folder / "tests"
    tests.mkdir()
    (tests / "test_outputs.py").write_text(CHECKS)
    (tests / "test.sh").write_text("\n".join(f"echo {canary(task)}" for task in SPLITS))
    table = Table(budget=Budget(hours=None, steps=3))
    table.engine = InlineEngine(Telltale(table.runner, folder), workers=2)
    snoop = Snoop()

    def told(trial: TrialResult) -> Feedback:
        return read_feedback(folder / trial.folder, trial, tests={"": (tests,)}, level=level)

    table.feedback = told
    library = TraceLibrary()
    parts = replace(
        table.parts(),
        proposer=ConversationProposer(ScriptedModel(snoop)),
        trace=lambda trial: library.open(folder / trial.folder),
    )
    climb(parts, table.plan(), table.begun(), table.stop)
    assert len(table.decisions()) == 3
    assert table.decisions().count("empty") == 0
    return "\n".join(snoop.heard)


def uttered(text: str, tasks: Sequence[str]) -> list[str]:
    """Tasks whose canary, or the telling part of it, is in a text."""
    return [task for task in tasks if canary(task).removeprefix("canary-") in text]


@pytest.mark.parametrize("level", ["score", "checks"])
def test_nothing_that_a_verifier_says_by_itself_is_told(tmp_path: Path, level: Level) -> None:
    heard = overhear(tmp_path, level)

    assert uttered(heard, list(SPLITS)) == []
    assert ("Checks that failed: test_header, canary-#." in heard) is (level == "checks")
    assert ("Checks that passed: test_rows." in heard) is (level == "checks")


def test_even_where_all_is_told_hidden_tasks_are_not_spoken_of(tmp_path: Path) -> None:
    heard = overhear(tmp_path, "full")

    assert uttered(heard, TRAIN)
    assert uttered(heard, HIDDEN) == []
    told = heard.replace(f"Refused: {HIDDEN[0]!r} is no train task", "")
    assert not [name for name in HIDDEN if name in told]


def test_the_snoop_calls_every_tool() -> None:
    snoop, called = Snoop(), set()
    for turn in range(12):
        spoken = (*(reply("x").message for _ in range(turn)),)
        called |= {one.name for one in snoop(ChatRequest(messages=spoken)).message.tool_calls}

    assert called | {"read_trace", "outline", "compare_trials"} == {
        spec.name for spec in TOOLS.specs
    }
