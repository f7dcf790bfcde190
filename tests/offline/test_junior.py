"""The stand-in as task model: what it gets wrong, and what cures it."""

import json
from collections.abc import Callable, Sequence

import pytest

from autoloop.gateway.offline.junior import OfflineTaskModel
from autoloop.gateway.offline.temper import Temper
from autoloop.records import ChatReply, ChatRequest, JsonObject, Message, ToolCall, ToolSpec
from tests.offline.stage import (
    CUTS,
    LIST,
    LOOK,
    OUTPUT,
    RETRY,
    TURNS,
    VERIFY,
    agent,
    everything,
    is_solved,
    play,
)

ORDERS = """The shop wrote its orders to `/data/in.csv`. Put a copy into `/data/out.csv`.

- Keep only the orders whose `state` is `open`.
- Sort them by `due`, the earliest first.
- Leave out the column `note`.
"""
LONG = {"/data/in.csv": "no;state;due;note\n" + "1;open;2024-05-01;-\n" * 200}
SHORT = {"/data/in.csv": "no;state;due;note\n1;open;2024-05-01;-\n"}
BASH = ToolSpec(
    name="bash",
    parameters={
        "type": "object",
        "properties": {"command": {"type": "string"}},
        "required": ["command"],
    },
)
SEEDS = range(200)


def a_seed(wanted: Callable[[Temper], bool]) -> int:
    """The first seed with the wanted weaknesses and no others."""
    tempers = (Temper(seed=seed, instruction=ORDERS) for seed in SEEDS)
    return next(temper.seed for temper in tempers if wanted(temper))


def traits(temper: Temper) -> dict[str, bool]:
    return {
        "forgets": bool(temper.forgotten(("a", "b"))),
        "believes": temper.believes_cuts,
        "gives up": temper.gives_up,
        "guesses": temper.guesses,
        "wanders": temper.wanders_off,
    }


def seed_with(trait: str | None) -> int:
    """A seed whose only weakness is this one."""
    return a_seed(
        lambda temper: [t for t, has in traits(temper).items() if has] == [trait][: bool(trait)]
    )


def solves(source: str, *, trait: str | None, files: dict[str, str] = SHORT) -> bool:
    return is_solved(play(source, ORDERS, seed=seed_with(trait), files=files), ORDERS)


def ask(*messages: Message, seed: int = 0, tools: Sequence[ToolSpec] = (BASH,)) -> ChatReply:
    request = ChatRequest(messages=messages, tools=tuple(tools), seed=seed)
    return OfflineTaskModel().complete(request)


def user(text: str) -> Message:
    return Message(role="user", content=text)


def converse(texts: Sequence[str], *, seed: int, output: str = "") -> list[Message]:
    """Let it work on the first text, and say each further one after its final answer."""
    messages: list[Message] = []
    for text in texts:
        messages.append(user(text))
        while (reply := ask(*messages, seed=seed).message).tool_calls:
            call = reply.tool_calls[0]
            failed = "exit code 127" if "python -" in call.arguments else output
            messages += [reply, Message(role="tool", tool_call_id=call.id, content=failed)]
        messages.append(reply)
    return messages


def commands(messages: Sequence[Message]) -> list[str]:
    calls = [call for message in messages for call in message.tool_calls]
    return [json.loads(call.arguments)["command"] for call in calls]


def test_the_same_seed_and_messages_give_the_same_answer() -> None:
    answers = {repr(ask(user(ORDERS), seed=7)) for _ in range(3)}

    assert len(answers) == 1


def test_different_seeds_make_different_mistakes() -> None:
    runs = {tuple(play(agent(), ORDERS, seed=seed, files=LONG)) for seed in range(40)}

    assert len(runs) > 4


@pytest.mark.parametrize("trait", ["forgets", "gives up", "guesses"])
def test_each_weakness_spoils_the_work_of_the_default_agent(trait: str) -> None:
    assert not solves(agent(), trait=trait)
    assert solves(agent(), trait=None)


@pytest.mark.parametrize(
    ("trait", "words"), [("forgets", LIST), ("gives up", RETRY), ("guesses", LOOK)]
)
def test_words_in_the_prompt_cure_a_weakness(trait: str, words: str) -> None:
    assert solves(agent(words), trait=trait)


def test_a_cut_output_is_believed() -> None:
    assert not solves(agent(), trait="believes", files=LONG)
    assert solves(agent(), trait="believes", files=SHORT)


@pytest.mark.parametrize("source", [agent(CUTS), agent(edits=[OUTPUT])])
def test_a_warning_or_a_higher_limit_cures_the_belief_in_cut_outputs(source: str) -> None:
    assert solves(source, trait="believes", files=LONG)


@pytest.mark.parametrize("trait", ["forgets", "guesses", "believes"])
def test_checking_mends_most_slips(trait: str) -> None:
    def has_only(temper: Temper) -> bool:
        return [name for name, has in traits(temper).items() if has] == [trait]

    source = agent(VERIFY, edits=[TURNS])
    seeds = [s for s in range(400) if has_only(Temper(seed=s, instruction=ORDERS))]
    solved = [is_solved(play(source, ORDERS, seed=s, files=LONG), ORDERS) for s in seeds]
    assert 0.6 < sum(solved) / len(solved) < 1


def test_nothing_cures_a_mind_that_wanders_off() -> None:
    assert not solves(everything(), trait="wanders")


@pytest.mark.parametrize(
    "words", ["Be very careful.", "You are an expert in data work.", "Think hard, be smart."]
)
def test_well_meant_words_change_nothing(words: str) -> None:
    for seed in range(30):
        plain = play(agent(), ORDERS, seed=seed, files=LONG)

        assert play(agent(words), ORDERS, seed=seed, files=LONG) == plain


@pytest.mark.parametrize(
    "words", ["Be brief.", "Use one command only.", "Work as quick as you can."]
)
def test_hurry_makes_it_skip_looks_and_checks_and_join_its_steps(words: str) -> None:
    ran = play(agent(LOOK, VERIFY, words), ORDERS, seed=seed_with(None), files=SHORT)

    assert len(ran) == 1
    assert not solves(agent(LOOK, VERIFY, words), trait=None)


def test_a_harness_that_forbids_checks_gets_none() -> None:
    ran = play(agent(VERIFY, "Do not check anything."), ORDERS, seed=seed_with(None), files=SHORT)

    assert ran == play(agent(), ORDERS, seed=seed_with(None), files=SHORT)


def test_too_few_turns_cut_the_work_off() -> None:
    one_turn = agent(edits=[("MAX_TURNS = 6", "MAX_TURNS = 2")])

    assert not solves(one_turn, trait=None)


def test_the_first_reply_lists_the_requirements_when_asked() -> None:
    first = ask(Message(role="system", content=LIST), user(ORDERS)).message

    assert first.content.startswith("Requirements:\n- Keep only the orders")
    assert first.tool_calls


def test_an_instruction_that_is_sent_again_is_done_again_with_all_details() -> None:
    messages = converse([ORDERS, f"Here it is again:\n{ORDERS}"], seed=seed_with("forgets"))

    assert is_solved(commands(messages), ORDERS)


def test_a_question_after_the_answer_makes_it_check() -> None:
    messages = converse([ORDERS, "Did you verify the result?"], seed=seed_with(None))

    assert commands(messages)[-1] == "cat /data/out.csv"


def test_encouragement_after_giving_up_makes_it_go_on() -> None:
    messages = converse([ORDERS, "Please try again."], seed=seed_with("gives up"))

    assert is_solved(commands(messages), ORDERS)


def test_what_it_does_not_understand_it_leaves_alone_and_says_so() -> None:
    messages = converse(["Compose a symphony in C minor."], seed=1)

    assert commands(messages) == ["ls -la"]
    assert "do not know how" in messages[-1].content


@pytest.mark.parametrize(
    "tools",
    [
        (),
        (ToolSpec(name="search", parameters={"required": ("query",)}),),
        (ToolSpec(name="odd", parameters={"required": "command"}),),
        (ToolSpec(name="two", parameters={"required": ("cmd", "cwd")}),),
    ],
)
def test_without_a_shell_tool_it_answers_in_words(tools: tuple[ToolSpec, ...]) -> None:
    reply = ask(user(ORDERS), tools=tools)

    assert reply.stop_reason == "stop"
    assert reply.message.content


def test_it_finds_a_shell_tool_by_its_parameter() -> None:
    schema: JsonObject = {"required": ["cmd"], "properties": {"cmd": {"type": "string"}}}
    tools = (ToolSpec(name="search"), ToolSpec(name="terminal", parameters=schema))

    (call,) = ask(user(ORDERS), tools=tools).message.tool_calls

    assert (call.name, list(json.loads(call.arguments))) == ("terminal", ["cmd"])


@pytest.mark.parametrize(
    "messages",
    [
        (),
        (Message(role="assistant"),),
        (Message(role="tool", content="?", tool_call_id="unknown"), user("")),
        (
            user(ORDERS),
            Message(role="assistant", tool_calls=(ToolCall(id="x", name="y", arguments="{"),)),
        ),
        (user(ORDERS), Message(role="tool", content="\x00[... cut", tool_call_id=None)),
        (Message(role="system", content="."), user(ORDERS), user("\u2603"), user("")),
    ],
)
def test_odd_conversations_get_an_answer_too(messages: tuple[Message, ...]) -> None:
    reply = ask(*messages)

    assert reply.message.role == "assistant"
    assert reply.usage.calls == 1


def test_a_call_that_is_nested_too_deeply_is_like_any_that_cannot_be_read() -> None:
    call = ToolCall(id="1", name="bash", arguments="[" * 200_000)
    done = Message(role="tool", tool_call_id="1", content="-")

    answer = ask(user(ORDERS), Message(role="assistant", tool_calls=(call,)), done)

    assert answer.message.role == "assistant"


def test_tokens_are_estimated_from_length_and_cost_nothing() -> None:
    short, long = ask(user("hello")).usage, ask(user("hello" * 400)).usage

    assert 450 < long.prompt_tokens - short.prompt_tokens < 550
    assert short.completion_tokens > 0
    assert short.cost_usd == 0
