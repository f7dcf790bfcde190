"""A model that says what it was told to say."""

import threading
from collections.abc import Callable, Sequence

from autoloop.records import ChatReply, ChatRequest, Message, ReplyStop, ToolCall, Usage

Script = Sequence[ChatReply | Exception] | Callable[[ChatRequest], ChatReply]


class ScriptedModel:
    """A `ChatModel` that plays replies in turn, or asks a function. Any thread may call it.

    An exception in the script is raised in its turn; after the last reply it is an error to ask.
    """

    def __init__(self, script: Script, *, name: str = "scripted") -> None:
        self._script = script
        self._name = name
        self._requests: list[ChatRequest] = []
        self._lock = threading.Lock()

    @property
    def name(self) -> str:
        """The name it was given."""
        return self._name

    @property
    def requests(self) -> tuple[ChatRequest, ...]:
        """What it was asked so far."""
        return tuple(self._requests)

    def complete(self, request: ChatRequest) -> ChatReply:
        """Give the next reply."""
        with self._lock:
            turn = len(self._requests)
            self._requests.append(request)
        if callable(self._script):
            return self._script(request)
        if turn >= len(self._script):
            raise AssertionError(f"The script has {len(self._script)} replies; asked once more.")
        reply = self._script[turn]
        if isinstance(reply, Exception):
            raise reply
        return reply


def reply(
    text: str = "",
    *calls: ToolCall,
    usage: Usage | None = None,
    stop_reason: ReplyStop | None = None,
) -> ChatReply:
    """A reply with a text, tool calls, and the usage of one small call."""
    return ChatReply(
        message=Message(role="assistant", content=text, tool_calls=calls),
        stop_reason=stop_reason or ("tool_calls" if calls else "stop"),
        model="scripted",
        usage=usage or Usage(calls=1, prompt_tokens=10, completion_tokens=5),
    )
