from collections import Counter
from collections.abc import Sequence

import pytest

from autoloop.gateway.offline.meta_edits import kind_of
from autoloop.gateway.offline.meta_model import OfflineMetaModel
from autoloop.guards import standard_guards
from autoloop.records import ChatRequest, Message, Outcome, Proposal, ToolSpec
from tests.offline.climbs import (
    AGENT,
    CUT,
    TRAIN,
    Climb,
    climb,
    finished,
    lay_out,
    propose,
    transcript,
)

SEEDS = range(8)


def is_cure(proposal: Proposal) -> bool:
    return kind_of(proposal.title) == "cure"


@pytest.fixture(scope="module")
def climbs() -> Sequence[Climb]:
    return [climb(seed, steps=8, keep=is_cure) for seed in SEEDS]


def test_every_step_submits_another_edit_that_no_guard_blocks(climbs: Sequence[Climb]) -> None:
    guards = standard_guards(TRAIN)

    for run in climbs:
        assert len(run.proposals) == 8
        assert len({proposal.source for proposal in run.proposals}) == 8
        assert len({proposal.title for proposal in run.proposals}) == 8
    for source in {proposal.source for run in climbs for proposal in run.proposals}:
        found = guards.check(before=AGENT, after=source)
        assert all(finding.severity != "block" for finding in found)


def test_good_and_bad_edits_are_mixed_from_the_start(climbs: Sequence[Climb]) -> None:
    for run in climbs:
        kinds = [kind_of(proposal.title) for proposal in run.proposals]

        assert None not in kinds
        assert 3 <= kinds.count("cure") <= 6
        assert "cure" in kinds[:2]
        assert any(kind != "cure" for kind in kinds[:3])


def test_all_kinds_of_edits_come_up_and_hints_for_one_task_are_warned_of(
    climbs: Sequence[Climb],
) -> None:
    made = [proposal for run in climbs for proposal in run.proposals]
    kinds = Counter(kind_of(proposal.title) for proposal in made)
    narrow = [proposal for proposal in made if kind_of(proposal.title) == "narrow"]

    assert min(kinds[kind] for kind in ("cure", "idle", "harm", "narrow", "tidy")) > 0
    assert all(proposal.findings[0].severity == "warn" for proposal in narrow)


def test_the_same_seed_gives_the_same_climb_and_another_seed_another() -> None:
    one, same, other = (climb(seed, steps=3, keep=is_cure).proposals for seed in (1, 1, 2))

    assert one == same
    assert one != other


def test_a_step_looks_before_it_edits() -> None:
    _, model = propose(lay_out())

    names = [call.name for message in model.requests[-1].messages for call in message.tool_calls]
    assert names[:5] == ["scoreboard", "list_steps", "read_notebook", "list_traces", "read_agent"]
    assert names.count("read_trace") == 6
    assert names.index("read_trace") < names.index("edit_agent") < names.index("check_agent")


def test_a_blocked_edit_is_followed_by_a_sound_one() -> None:
    outcomes = [propose(lay_out(), seed=seed) for seed in range(24)]
    blocked = [
        outcome
        for outcome, model in outcomes
        if any("block: task-words" in answer for answer in model.answers())
    ]

    assert blocked
    assert all(outcome.proposal and is_cure(outcome.proposal) for outcome in blocked)


def test_the_hypothesis_counts_what_the_traces_show() -> None:
    def show(_: str) -> str:
        return transcript("Sort it.", shown=CUT)

    found = [propose(lay_out(show=show, model_calls=3), seed=seed)[0] for seed in range(20)]
    about_cuts = [
        outcome.proposal.hypothesis
        for outcome in found
        if outcome.proposal and "an output was cut" in outcome.proposal.hypothesis
    ]

    assert len(about_cuts) > 3
    assert all("worked on the part it saw (6 of 6)" in words for words in about_cuts)


@pytest.mark.parametrize("number", SEEDS)
def test_an_edit_that_was_tried_is_not_tried_again(number: int) -> None:
    first = propose(lay_out(), seed=number)[0].proposal
    assert first is not None

    desk = lay_out(steps=[finished(first, index=1, kept=False)])
    second = propose(desk, seed=number)[0].proposal

    assert second is not None
    assert second.title != first.title


def test_a_climb_that_keeps_every_cure_ends_without_an_idea() -> None:
    run = climb(3, steps=60, keep=is_cure)

    assert 12 < len(run.proposals) < 60
    assert "MAX_TURNS = 6" not in run.source
    assert "OUTPUT_LIMIT = 600 " not in run.source


def test_each_step_leaves_a_line_in_the_notebook() -> None:
    run = climb(0, steps=5, keep=is_cure)

    lines = run.notes.splitlines()
    assert [line.partition(":")[0] for line in lines] == [f"Step {n}" for n in range(1, 6)]
    assert all(repr(made.title) in line for made, line in zip(run.proposals, lines, strict=True))


def test_a_long_agent_is_read_page_by_page() -> None:
    padded = AGENT + "".join(f"\n# remark {n}" for n in range(1_500)) + "\n"

    proposal = propose(lay_out(padded))[0].proposal

    assert proposal is not None
    assert "# remark 1499\n" in proposal.source


def test_long_traces_are_read_to_their_end() -> None:
    text = transcript("Sort it.", shown="x;y\n" * 5_000, ending="python: command not found")

    _, model = propose(lay_out(show=lambda _: text, model_calls=3))

    assert any("page 3 of 3" in answer for answer in model.answers())
    assert any("Trace" in answer and "command not found" in answer for answer in model.answers())


def test_an_edit_that_crashes_in_its_spot_check_is_given_up() -> None:
    crashed = []
    for seed in range(20):
        desk = lay_out()
        desk.outcome = Outcome.FAILED
        outcome, _ = propose(desk, seed=seed)
        tried = {source for source, _ in desk.spot_checks}
        crashed += [outcome for source in tried if outcome.proposal]
        assert outcome.proposal is None or outcome.proposal.source not in tried

    assert crashed


def test_an_agent_without_anything_it_knows_gets_no_edit() -> None:
    desk = lay_out("def solve(instruction, env, model):\n    pass\n")

    assert propose(desk)[0].reason == "the model answered twice without calling a tool"


def test_without_failing_traces_it_still_finds_something() -> None:
    desk = lay_out()
    desk.summaries = []

    assert propose(desk)[0].proposal is not None


def test_without_the_meta_agents_tools_it_only_talks() -> None:
    request = ChatRequest(
        messages=(Message(role="user", content="Hello"),), tools=(ToolSpec(name="bash"),)
    )

    reply = OfflineMetaModel().complete(request)

    assert "offline stand-in" in reply.message.content
    assert reply.message.tool_calls == ()
    assert reply.usage.cost_usd == 0.0
