"""What a request to the stand-in would have cost in tokens, estimated from its length."""

from autoloop.records import ChatRequest, Message, Usage

_CHARACTERS_PER_TOKEN = 4


def estimate_usage(request: ChatRequest, answer: Message) -> Usage:
    """Tokens of a question and its answer; no money."""
    sent = sum(map(_length, request.messages))
    sent += sum(len(tool.name + tool.description + str(tool.parameters)) for tool in request.tools)
    return Usage(
        calls=1,
        prompt_tokens=1 + sent // _CHARACTERS_PER_TOKEN,
        completion_tokens=1 + _length(answer) // _CHARACTERS_PER_TOKEN,
    )


def _length(message: Message) -> int:
    calls = sum(len(call.name) + len(call.arguments) for call in message.tool_calls)
    return len(message.content) + calls
