"""Whatever is said in a wire format and read again stays the same.

All translation goes by way of our own records: what survives the way there and back in each of two
formats survives the way from one of them to the other.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from autoloop.gateway.upstream.sdk import Assembly
from autoloop.gateway.wire import (
    anthropic_messages,
    openai_chat,
    openai_responses,
    to_anthropic,
    to_chat,
    to_responses,
)
from autoloop.gateway.wire.asked import Asked
from autoloop.gateway.wire.reading import Json
from autoloop.records import (
    ChatReply,
    ChatRequest,
    JsonObject,
    Message,
    Thought,
    ToolCall,
    ToolSpec,
    Usage,
    WireFormat,
)

WRITE: Mapping[str, Callable[[ChatRequest], Json]] = {
    "anthropic": to_anthropic.request_json,
    "chat": to_chat.request_json,
    "responses": to_responses.request_json,
}
READ: Mapping[str, Callable[[bytes], Asked]] = {
    "anthropic": anthropic_messages.read_request,
    "chat": openai_chat.read_request,
    "responses": openai_responses.read_request,
}
ASSEMBLIES: Mapping[str, Callable[[], Assembly]] = {
    "anthropic": to_anthropic.MessageAssembly,
    "chat": to_chat.ChatAssembly,
    "responses": to_responses.ResponseAssembly,
}
REPLY: Mapping[str, Callable[..., ChatReply]] = {
    "anthropic": to_anthropic.read_reply,
    "chat": to_chat.read_reply,
    "responses": to_responses.read_reply,
}
FORMS: tuple[WireFormat, ...] = ("anthropic", "chat", "responses")
every_format = pytest.mark.parametrize("form", FORMS)
patient = settings(
    max_examples=25,
    database=None,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow],
)

LETTERS = st.characters(exclude_categories=["Cs"])
texts = st.text(LETTERS, max_size=30)
said = texts.filter(lambda text: bool(text.strip()))
names = st.text("abcdefgh_-123", min_size=1, max_size=12)
leaves = st.none() | st.booleans() | st.integers(-(2**53), 2**53) | texts
values = st.recursive(
    leaves, lambda v: st.lists(v, max_size=3) | st.dictionaries(names, v, max_size=3), max_leaves=4
)
objects = st.dictionaries(names.filter(lambda name: name != "invalid_json"), values, max_size=3)
images: st.SearchStrategy[JsonObject] = st.binary(min_size=1, max_size=12).map(
    lambda data: {
        "type": "image_url",
        "image_url": {"url": f"data:image/png;base64,{data.hex()}"},
    }
)
files: st.SearchStrategy[JsonObject] = st.tuples(st.binary(min_size=1, max_size=12), names).map(
    lambda pair: {
        "type": "file",
        "file": {
            "file_data": f"data:application/pdf;base64,{pair[0].hex()}",
            "filename": pair[1],
        },
    }
)
tools = st.lists(
    st.builds(
        ToolSpec,
        name=names,
        description=texts,
        parameters=objects.map(lambda more: {"type": "object", "properties": {}} | more),
    ),
    min_size=1,
    max_size=3,
).map(tuple)


@st.composite
def calls(draw: st.DrawFn, *, most: int = 3) -> tuple[ToolCall, ...]:
    made = draw(st.lists(st.tuples(names, objects), max_size=most))
    return tuple(
        ToolCall(id=f"call_{number}", name=name, arguments=json.dumps(given))
        for number, (name, given) in enumerate(made)
    )


@st.composite
def thoughts(draw: st.DrawFn, form: str) -> tuple[Thought, ...]:
    """Those that a provider of a format tells."""
    if form == "chat":
        return tuple(Thought(text=text) for text in draw(st.lists(said, max_size=1)))
    drawn = draw(st.lists(st.tuples(texts, names, names), max_size=2))
    if form == "anthropic":
        shown = [Thought(text=text, seal=seal, form="anthropic") for text, seal, _ in drawn]
        hidden = [Thought(seal=seal, form="anthropic", hidden=True) for _, _, seal in drawn]
        return (*shown, *hidden)
    return tuple(
        Thought(text=text, seal=seal, id=name, form="responses") for text, seal, name in drawn
    )


@st.composite
def conversations(draw: st.DrawFn, form: str) -> tuple[Message, ...]:
    """What agents send: questions and answers in turn, each call with its result."""
    told = [Message(role="system", content=text) for text in draw(st.lists(said, max_size=1))]
    for _ in range(draw(st.integers(1, 3))):
        parts: list[JsonObject] = list(draw(st.lists(images | files, max_size=2)))
        told.append(Message(role="user", content=draw(said), parts=tuple(parts)))
        made = draw(calls())
        # Thoughts go to the one provider that sealed them; chat completions take none back.
        own = draw(thoughts(form)) if form != "chat" else ()
        told.append(Message(role="assistant", content=draw(said), tool_calls=made, thoughts=own))
        for call in made:
            shown = tuple(draw(st.lists(images | files, max_size=2)))
            told.append(Message(role="tool", content=draw(said), tool_call_id=call.id, parts=shown))
    return tuple(told)


@st.composite
def replies(draw: st.DrawFn, form: str) -> ChatReply:
    made = draw(calls())
    sent, received = draw(st.integers(0, 10**6)), draw(st.integers(0, 10**6))
    usage = Usage(
        calls=1,
        prompt_tokens=sent,
        completion_tokens=received,
        cached_tokens=sent // 2,
        written_tokens=sent // 3,
        thinking_tokens=received // 2,
        cost_usd=None,
    )
    return ChatReply(
        message=Message(
            role="assistant",
            content=draw(said),
            tool_calls=made,
            thoughts=draw(thoughts(form)),
        ),
        stop_reason="tool_calls" if made else draw(st.sampled_from(["stop", "length", "refusal"])),
        model="m",
        usage=usage,
    )


@every_format
@patient
@given(data=st.data())
def test_a_request_is_read_as_it_was_written(form: str, data: st.DataObject) -> None:
    choice = data.draw(st.sampled_from([None, "auto", "required", "none"]))
    request = ChatRequest(
        messages=data.draw(conversations(form)), tools=data.draw(tools), tool_choice=choice
    )

    body = WRITE[form](request) | ({"max_tokens": 1} if form == "anthropic" else {})
    asked = READ[form](json.dumps(body).encode())

    assert replace(asked.request, max_tokens=None) == replace(
        request, messages=tuple(_with_texts_as_results(request.messages, form))
    )


def _with_texts_as_results(messages: Sequence[Message], form: str) -> Iterator[Message]:
    """Chat completions take only texts as results: the rest follows them, with its origin."""
    shown: list[Message] = []
    for message in (*messages, None):
        if message is not None and message.role == "tool" and form == "chat":
            shown += [message] if message.parts else []
            yield replace(message, parts=())
            continue
        if shown:
            content = "\n".join(f"Of the result of {one.tool_call_id}:" for one in shown)
            yield Message(
                role="user", content=content, parts=tuple(p for one in shown for p in one.parts)
            )
        shown = []
        if message is not None:
            yield message


@every_format
@patient
@given(data=st.data())
def test_a_streamed_reply_is_put_together_as_it_was(form: str, data: st.DataObject) -> None:
    answer = data.draw(replies(form))

    assembly = ASSEMBLIES[form]()
    for event in _events(_stream(answer, form)):
        assembly.add(event)

    assert assembly.is_complete
    assert REPLY[form](assembly.whole(), model="m") == answer


@every_format
@patient
@given(data=st.data())
def test_a_plain_reply_is_read_as_it_was_written(form: str, data: st.DataObject) -> None:
    answer = data.draw(replies(form))

    assert REPLY[form](json.loads(json.dumps(_plain(answer, form))), model="m") == answer


@pytest.mark.parametrize("form", ["anthropic", "responses"])
@pytest.mark.parametrize("own", FORMS)
@patient
@given(data=st.data())
def test_a_thought_of_any_provider_comes_back_whole_from_an_agent(
    form: str, own: str, data: st.DataObject
) -> None:
    answer = data.draw(replies(own))
    written = _plain(answer, form)

    if form == "anthropic":
        turn = {"role": "assistant", "content": written["content"]}
        asked = READ[form](json.dumps({"max_tokens": 1, "messages": [turn]}).encode())
    else:
        asked = READ[form](json.dumps({"input": written["output"]}).encode())

    (message,) = asked.request.messages
    assert [(t.text, t.seal, t.id if t.seal else "") for t in message.thoughts] == [
        (t.text, t.seal, t.id if t.seal else "") for t in answer.message.thoughts
    ]
    assert message.content == answer.message.content
    assert message.tool_calls == answer.message.tool_calls


@pytest.mark.parametrize("arguments", ['{"command": "ls', "[]", "nonsense", '"text"', "{" * 5_000])
@every_format
def test_invalid_arguments_survive_a_stream(form: str, arguments: str) -> None:
    call = ToolCall(id="c", name="bash", arguments=arguments)
    answer = ChatReply(
        message=Message(role="assistant", tool_calls=(call,)),
        stop_reason="tool_calls",
        model="m",
        usage=Usage(calls=1),
    )

    assembly = ASSEMBLIES[form]()
    for event in _events(_stream(answer, form)):
        assembly.add(event)

    assert REPLY[form](assembly.whole(), model="m").message.tool_calls == (call,)


def _plain(answer: ChatReply, form: str) -> Json:
    if form == "anthropic":
        return anthropic_messages.reply_json(answer, call_id="1")
    if form == "chat":
        return openai_chat.reply_json(answer, call_id="1", created=1)
    return openai_responses.reply_json(answer, call_id="1", created=1)


def _stream(answer: ChatReply, form: str) -> str:
    if form == "anthropic":
        return anthropic_messages.reply_stream(answer, call_id="1")
    if form == "chat":
        return openai_chat.reply_stream(answer, call_id="1", created=1, usage=True)
    return openai_responses.reply_stream(answer, call_id="1", created=1)


def _events(stream: str) -> Iterator[Json]:
    lines = (line[6:] for line in stream.split("\n") if line.startswith("data: "))
    return (json.loads(line) for line in lines if line != "[DONE]")
