"""The offline stand-in as meta-agent, so that a climb runs without a key.

It is not a language model. It uses the meta-agent's tools as any chat model would, finds symptoms
in the traces it reads with regular expressions, and picks edits from a small library, some of them
useless, harmful or made for one task. The same seed and messages always give the same answer.
"""

import json
from collections.abc import Sequence

from autoloop.gateway.offline.meta_policy import Turn, advance, improve
from autoloop.gateway.offline.review import TOOL, give_review
from autoloop.gateway.offline.usage import estimate_usage
from autoloop.records import ChatReply, ChatRequest, Message, ToolCall

_NEEDED = frozenset(
    (
        "check_agent", "edit_agent", "list_steps", "list_traces", "read_agent", "read_notebook",
        "read_trace", "replace_agent", "scoreboard", "show_step", "spot_check", "submit",
        "write_notebook",
    )
)  # fmt: skip
_NO_TOOLS = "I am the offline stand-in for a meta-agent and know no other tools than its own."


class OfflineMetaModel:
    """Port `ChatModel`: plays a meta-agent of mixed talent, and whoever reviews its edits."""

    @property
    def name(self) -> str:
        """Always `offline`."""
        return "offline"

    def complete(self, request: ChatRequest) -> ChatReply:
        """The next turn of the conversation; never refuses."""
        message = _answer(request)
        return ChatReply(
            message=message,
            stop_reason="tool_calls" if message.tool_calls else "stop",
            model=self.name,
            usage=estimate_usage(request, message),
        )


def _answer(request: ChatRequest) -> Message:
    offered = {tool.name for tool in request.tools}
    number, may_call = len(request.messages), request.tool_choice != "none"
    if TOOL in offered and may_call:
        return give_review(request.messages, number=number)
    turn = Turn(words=_NO_TOOLS)
    if offered >= _NEEDED and may_call:
        turn = advance(improve(request.seed), _answers(request.messages))
    return _say(turn, number=number)


def _answers(messages: Sequence[Message]) -> list[list[str]]:
    """The tools' answers, turn by turn."""
    given = {
        message.tool_call_id: message.content for message in messages if message.role == "tool"
    }
    return [
        [given.get(call.id, "") for call in message.tool_calls]
        for message in messages
        if message.role == "assistant" and message.tool_calls
    ]


def _say(turn: Turn, *, number: int) -> Message:
    calls = tuple(
        ToolCall(id=f"call_{number}_{at}", name=call.tool, arguments=json.dumps(call.arguments))
        for at, call in enumerate(turn.calls)
    )
    return Message(role="assistant", content=turn.words, tool_calls=calls)
