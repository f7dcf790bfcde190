from collections.abc import Callable
from dataclasses import dataclass, field
from typing import cast

import pytest

from autoloop.gateway.offline import meta_source
from autoloop.gateway.offline.cues import read_cues
from autoloop.gateway.offline.meta_edits import IDEAS, Idea
from tests.offline.climbs import AGENT

CURES = [idea for idea in IDEAS if idea.kind == "cure"]
OTHERS = [idea for idea in IDEAS if idea.kind in ("idle", "harm")]
_CUE_OF = {"details": "restates", "unlooked": "looks", "gave up": "persists"}


def harness_text(source: str) -> str:
    """What the stand-in is told beside the instruction."""
    namespace: dict[str, object] = {}
    exec(source, namespace)  # noqa: S102 our own edits of our own file
    return f"{namespace['SYSTEM_PROMPT']}\n{namespace.get('CHECK_MESSAGE', '')}"


def applied(title: str, source: str = AGENT) -> str:
    edited = next(idea for idea in IDEAS if idea.title == title).apply(source)
    assert edited is not None
    return edited


@pytest.mark.parametrize("idea", [*CURES, *OTHERS], ids=lambda idea: idea.title)
def test_every_edit_fits_the_default_agent_and_is_made_by_one_exact_replacement(idea: Idea) -> None:
    edited = idea.apply(AGENT)
    assert edited is not None

    passage = meta_source.smallest_edit(AGENT, edited)

    assert passage is not None
    assert AGENT.count(passage[0]) == 1
    assert AGENT.replace(*passage) == edited
    assert meta_source.parsed(edited) is not None


@pytest.mark.parametrize("idea", [*CURES, *OTHERS], ids=lambda idea: idea.title)
def test_no_edit_is_made_twice(idea: Idea) -> None:
    edited = idea.apply(AGENT)
    assert edited is not None

    if idea.title != "Give commands twice the time":
        assert idea.apply(edited) is None


@pytest.mark.parametrize("idea", CURES, ids=lambda idea: idea.title)
def test_cures_reach_the_stand_in_and_nothing_in_them_hurries_it(idea: Idea) -> None:
    edited = idea.apply(AGENT)
    assert edited is not None
    cues = read_cues(harness_text(edited))

    assert not cues.hurries
    assert cues.checks == ("unchecked" in idea.cures)
    if "unchecked" not in idea.cures:
        # A check also brings to light what was lost or left, without a hint of its own.
        for symptom, cue in _CUE_OF.items():
            assert getattr(cues, cue) == (symptom in idea.cures)


def test_the_limits_are_raised() -> None:
    edited = applied("Give the agent more turns and a longer view")

    assert meta_source.find_number(edited, "MAX_TURNS") == 24
    assert meta_source.find_number(edited, "OUTPUT_LIMIT") == 20_000
    assert "# questions to the model" in edited


@pytest.mark.parametrize("title", ["Solve the task with a single command", "Ask for brevity"])
def test_harmful_edits_hurry_the_stand_in(title: str) -> None:
    assert read_cues(harness_text(applied(title))).hurries


def test_all_cures_together_still_give_every_cue() -> None:
    source = AGENT
    for idea in CURES:
        source = idea.apply(source) or source

    cues = read_cues(harness_text(source))

    assert cues.restates and cues.looks and cues.persists and cues.checks and cues.minds_cuts  # noqa: PT018
    assert not cues.hurries


@pytest.mark.parametrize("idea", [i for i in OTHERS if i.kind == "idle"], ids=lambda i: i.title)
def test_idle_edits_tell_the_stand_in_nothing(idea: Idea) -> None:
    edited = idea.apply(AGENT)
    assert edited is not None

    assert read_cues(harness_text(edited)) == read_cues(harness_text(AGENT))


def test_empty_phrases_are_dropped_again() -> None:
    chatty = applied("Tell the model that it is an expert")

    assert applied("Drop empty phrases from the prompt", chatty) == AGENT


def test_remarks_are_dropped_where_the_file_stays_valid() -> None:
    assert "env.note(f" not in applied("Drop remarks that nobody acts on")


@dataclass
class _Reply:
    tool_calls: list[object] = field(default_factory=list)
    message: dict[str, str] = field(default_factory=dict)


@dataclass
class _Silent:
    """A model that never calls a tool; as an environment it takes notes."""

    asked: list[int] = field(default_factory=list)

    def chat(self, messages: list[object], **options: object) -> _Reply:
        assert "tools" in options
        self.asked.append(len(messages))
        return _Reply(message={"role": "assistant", "content": "Done."})

    def note(self, text: str) -> None:
        raise AssertionError(text)


def test_the_round_of_checking_is_sent_once() -> None:
    source = applied("Send one round of checking before the agent stops")
    namespace: dict[str, object] = {}
    exec(source, namespace)  # noqa: S102 our own edit of our own file
    model = _Silent()

    solve = cast("Callable[[str, _Silent, _Silent], None]", namespace["solve"])
    solve("Do it.", model, model)

    assert model.asked == [2, 4]


@pytest.mark.parametrize(
    "source",
    [
        "",
        "def",
        "SYSTEM_PROMPT = make()\nMAX_TURNS = limit()\n",
        "def solve(a, b, c):\n    while True:\n        said = c.chat([])\n",
        "def solve(a, b, c):\n    said = c.chat(m)\n    if not said.tool_calls:\n        return\n",
    ],
)
def test_an_agent_of_another_shape_is_left_alone(source: str) -> None:
    assert [idea.title for idea in IDEAS if idea.apply(source) is not None] == []


def test_the_loop_of_an_asynchronous_agent_gets_its_round_of_checking_too() -> None:
    source = AGENT.replace("def solve", "async def solve").replace("model.chat", "await model.chat")

    assert "if not is_checked:" in applied(
        "Send one round of checking before the agent stops", source
    )


@pytest.mark.parametrize(
    ("old", "new"),
    [("a\na\nb\n", "a\na\nc\nb\n"), ("x\n", "y\nx\n"), ("x\nx\nx\n", "x\nx\n"), ("x", "x\ny\n")],
)
def test_the_smallest_edit_is_exact_even_between_equal_lines(old: str, new: str) -> None:
    passage = meta_source.smallest_edit(old, new)

    assert passage is not None
    assert old.count(passage[0]) == 1
    assert old.replace(*passage) == new
