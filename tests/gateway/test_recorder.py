"""The record of a trial stays small whatever is sent."""

import base64
import json
from datetime import UTC, datetime, timedelta
from urllib.parse import quote

from autoloop.gateway.recorder import Recorder, TraceLimits, cut
from autoloop.records import (
    AgentNote,
    ChatRequest,
    CommandResult,
    EnvCall,
    Message,
    ModelCall,
    ToolCall,
    ToolSpec,
    TraceEvent,
)
from autoloop.records.secrets import Mask, spellings
from autoloop.testing.models import reply

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def _note(text: str, *, second: int = 0) -> AgentNote:
    return AgentNote(at=NOON + timedelta(seconds=second), text=text)


def _call(*texts: str) -> ModelCall:
    messages = tuple(Message(role="user", content=text) for text in texts)
    return ModelCall(at=NOON, seconds=0, request=ChatRequest(messages=messages), reply=reply("ok"))


def _record(limits: TraceLimits, *events: TraceEvent) -> tuple[TraceEvent, ...]:
    recorder = Recorder(limits)
    for event in events:
        recorder.add(event)
    return recorder.events


def test_events_come_in_the_order_in_which_they_began() -> None:
    events = _record(TraceLimits(), _note("b", second=2), _note("a", second=1))

    assert [event.text for event in events if isinstance(event, AgentNote)] == ["a", "b"]


def test_the_last_event_says_how_many_there_were_more() -> None:
    events = _record(TraceLimits(events=3), *[_note(str(n), second=n) for n in range(9)])

    assert len(events) == 3
    assert isinstance(events[-1], AgentNote)
    assert "is full; 7 events from here on are not recorded" in events[-1].text


def test_gigabytes_of_notes_leave_a_small_trace_and_are_counted() -> None:
    recorder, text = Recorder(TraceLimits(total=200_000)), "\x00\N{GRINNING FACE}" * 5_000

    for second in range(1_000):
        recorder.add(_note(text, second=second))

    texts = [event.text for event in recorder.events if isinstance(event, AgentNote)]
    written = json.dumps(texts, ensure_ascii=False).encode()
    assert len(written) < 300_000
    assert recorder.unrecorded > 990
    assert "of this trial is full" in str(recorder.events)


def test_a_million_tiny_messages_count_for_what_they_take() -> None:
    recorder = Recorder(TraceLimits(total=1_000_000))

    for first in range(0, 20_000, 1_000):
        recorder.add(_call(*map(str, range(first, first + 1_000))))

    kept = {
        m.content for e in recorder.events if isinstance(e, ModelCall) for m in e.request.messages
    }
    assert len(kept) < 2_500
    assert recorder.unrecorded >= 17


def test_secrets_are_masked_in_every_text_of_every_event() -> None:
    key = "sk-canary/0123+456"
    mask = Mask([key])
    encoded = base64.b64encode(f"user:{key}".encode()).decode()
    message = Message(
        role="assistant",
        content=f"it is {key}",
        tool_calls=(ToolCall(id=key, name=key, arguments=json.dumps({"key": key})),),
        parts=({"type": "text", "text": quote(key, safe="")},),
    )
    tool = ToolSpec(name=key, description=key, parameters={"default": key})
    request = ChatRequest(messages=(message,), tools=(tool,), stop=(key,))
    result = CommandResult(exit_code=0, stdout=encoded, stderr=key)
    recorder = Recorder(TraceLimits(), mask=mask)

    recorder.add(ModelCall(at=NOON, seconds=0, request=request, reply=reply(key), refusal=key))
    recorder.add(EnvCall(at=NOON, seconds=0, action="run", argument=key, result=result))
    recorder.add(_note(f"Authorization: Bearer {key}"))

    text = repr(recorder.events)
    assert text.count("***") >= 12
    assert not any(form in text for form in spellings(key))


def test_when_the_trace_is_full_events_are_recorded_without_their_texts() -> None:
    events = _record(TraceLimits(total=3_000), _call("a" * 900), _call("b" * 900), _call("c"))

    texts = [e.request.messages[0].content for e in events if isinstance(e, ModelCall)]
    assert texts[0] == "a" * 900
    assert all("the trace of this trial is full" in text for text in texts[1:])


def test_a_conversation_that_is_sent_again_and_again_is_kept_once() -> None:
    turns = [f"{number}" * 1_000 for number in range(50)]
    calls = [_call(*turns[: number + 1]) for number in range(50)]

    events = _record(TraceLimits(total=200_000), *calls)

    last = events[-1]
    assert isinstance(last, ModelCall)
    assert [message.content for message in last.request.messages] == turns
    assert isinstance(events[0], ModelCall)
    assert last.request.messages[0] is events[0].request.messages[0]


def test_images_and_huge_schemas_are_replaced_by_their_length() -> None:
    image = Message(role="user", parts=({"type": "image_url", "url": "x" * 500},))
    tool = ToolSpec(name="t", parameters={"x": "y" * 500})
    request = ChatRequest(messages=(image,), tools=(tool,))
    call = ModelCall(at=NOON, seconds=0, request=request, reply=None, refusal="no")

    event = _record(TraceLimits(text=200), call)[0]

    assert isinstance(event, ModelCall)
    assert event.request.messages[0].parts[0]["type"] == "not_recorded"
    assert event.request.tools[0].parameters["type"] == "not_recorded"


def test_a_short_text_is_not_cut() -> None:
    assert cut("12345", 5) == "12345"
    assert cut("1234567890", 4) == "12\n[... 6 characters not recorded ...]\n90"
