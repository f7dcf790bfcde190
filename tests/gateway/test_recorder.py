"""The record of a trial stays small whatever is sent."""

from datetime import UTC, datetime, timedelta

from autoloop.gateway.recorder import Recorder, TraceLimits, cut
from autoloop.records import AgentNote, ChatRequest, Message, ModelCall, ToolSpec, TraceEvent
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


def test_the_last_event_says_that_there_were_more() -> None:
    events = _record(TraceLimits(events=3), *[_note(str(n), second=n) for n in range(9)])

    assert len(events) == 3
    assert isinstance(events[-1], AgentNote)
    assert "only the first 2 events" in events[-1].text


def test_when_the_trace_is_full_events_are_recorded_without_their_texts() -> None:
    events = _record(TraceLimits(total=1_000), _call("a" * 900), _call("b" * 900), _call("c"))

    texts = [e.request.messages[0].content for e in events if isinstance(e, ModelCall)]
    assert texts[0] == "a" * 900
    assert all("the trace of this trial is full" in text for text in texts[1:])


def test_a_conversation_that_is_sent_again_and_again_is_kept_once() -> None:
    turns = [f"{number}" * 1_000 for number in range(50)]
    calls = [_call(*turns[: number + 1]) for number in range(50)]

    events = _record(TraceLimits(total=150_000), *calls)

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
