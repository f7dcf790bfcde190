"""What of an agent's own request goes on to the provider as it is: a list of what may, no more.

Left out are tools that run at the provider, its stores, files and containers, other tiers of
service, and whatever is not known yet: nobody has said that an agent may have it.
"""

from collections.abc import Callable, Mapping

from pydantic import JsonValue
from pydantic_core import from_json

from autoloop.gateway.wire.asked import RequestError
from autoloop.gateway.wire.reading import Json, rows_at, table_at, text_at
from autoloop.records import Native, WireFormat

_Keys = frozenset[str]

_MESSAGES: _Keys = frozenset(
    {
        *("system", "messages", "tools", "tool_choice", "max_tokens", "stop_sequences"),
        *("temperature", "top_p", "top_k", "thinking", "output_config", "cache_control"),
    }
)
_BLOCKS: Mapping[str, _Keys] = {
    "text": frozenset({"text", "citations"}),
    "image": frozenset({"source"}),
    "document": frozenset({"source", "title", "context", "citations"}),
    "tool_use": frozenset({"id", "name", "input"}),
    "tool_result": frozenset({"tool_use_id", "content", "is_error"}),
    "thinking": frozenset({"thinking", "signature"}),
    "redacted_thinking": frozenset({"data"}),
}
_OF_EVERY_BLOCK = frozenset({"type", "cache_control"})
_ANTHROPIC_TOOL = frozenset(
    {"type", "name", "description", "input_schema", "strict", "cache_control", "input_examples"}
)
_SOURCES = frozenset({"base64", "text"})

_INNER: Mapping[str, _Keys] = {
    "thinking": frozenset({"type", "budget_tokens", "display"}),
    "output_config": frozenset({"effort", "format"}),
    "cache_control": frozenset({"type", "ttl"}),
    "reasoning": frozenset({"effort", "summary", "generate_summary"}),
    "text": frozenset({"format", "verbosity"}),
    "source": frozenset({"type", "media_type", "data"}),
    "image_url": frozenset({"url", "detail"}),
}
"""Of what is an object, what may go on."""

_CHAT: _Keys = frozenset(
    {
        *("messages", "tools", "tool_choice", "parallel_tool_calls", "response_format", "stop"),
        *("max_tokens", "max_completion_tokens", "temperature", "top_p", "n", "seed"),
        *("frequency_penalty", "presence_penalty", "logit_bias", "reasoning_effort", "verbosity"),
    }
)
_CHAT_MESSAGE = frozenset(
    {
        *("role", "content", "name", "tool_calls", "tool_call_id", "refusal"),
        *("reasoning_content", "reasoning"),
    }
)
_CHAT_PART = frozenset({"type", "cache_control"})
_CHAT_TOOL = frozenset({"type", "function"})

_RESPONSES: _Keys = frozenset(
    {
        *("input", "instructions", "tools", "tool_choice", "parallel_tool_calls", "text"),
        *("max_output_tokens", "temperature", "top_p", "reasoning", "truncation"),
    }
)
_ITEMS: Mapping[str, _Keys] = {
    "message": frozenset({"role", "content", "phase"}),
    "function_call": frozenset({"call_id", "name", "arguments"}),
    "function_call_output": frozenset({"call_id", "output"}),
    "reasoning": frozenset({"id", "summary", "content", "encrypted_content"}),
}
_RESPONSES_PARTS: Mapping[str, _Keys] = {
    "input_image": frozenset({"type", "image_url", "detail"}),
    "input_file": frozenset({"type", "file_data", "filename"}),
}
_RESPONSES_TEXT = frozenset({"type", "text", "refusal", "annotations", "logprobs"})
_RESPONSES_TOOL = frozenset({"type", "name", "description", "parameters", "strict"})


def open_native(native: Native) -> Json:
    """The body of an agent's request, with what may go on and nothing else.

    The request was read before as the format demands, so that its kinds of content are known.

    Raises:
        RequestError: it holds content that only its provider would have.
    """
    return _OPENERS[native.form](from_json(native.body))


def whole_reply(native: Native | None, form: WireFormat) -> Json | None:
    """The answer in the format that the agent speaks, where the provider gave it in this one."""
    if native is None or native.form != form:
        return None
    body: Json = from_json(native.body)
    return body


def _messages(body: Json) -> Json:
    kept = _only(body, _MESSAGES)
    kept["messages"] = [
        {"role": message["role"], "content": _blocks(message.get("content"))}
        for message in rows_at(body, "messages")
    ]
    if isinstance(body.get("system"), list):
        kept["system"] = _blocks(body["system"])
    if isinstance(body.get("tools"), list):
        kept["tools"] = [_only(tool, _ANTHROPIC_TOOL) for tool in rows_at(body, "tools")]
    return kept


def _blocks(content: JsonValue) -> JsonValue:
    if not isinstance(content, list):
        return content
    return [_block(block) for block in content if isinstance(block, dict)]


def _block(block: Json) -> Json:
    kind = text_at(block, "type")
    kept = _only(block, _OF_EVERY_BLOCK | _BLOCKS.get(kind, frozenset()))
    if "source" in kept and text_at(table_at(kept, "source"), "type") not in _SOURCES:
        raise RequestError("Content is sent as base64 or as text; nothing is stored or fetched.")
    if kind == "tool_result":
        kept["content"] = _blocks(block.get("content") or "")
    return kept


def _chat(body: Json) -> Json:
    kept = _only(body, _CHAT)
    kept["messages"] = [_chat_message(message) for message in rows_at(body, "messages")]
    if isinstance(body.get("tools"), list):
        kept["tools"] = [_only(tool, _CHAT_TOOL) for tool in rows_at(body, "tools")]
    return kept


def _chat_message(message: Json) -> Json:
    kept = _only(message, _CHAT_MESSAGE)
    if isinstance(kept.get("content"), list):
        kept["content"] = [
            _only(part, _CHAT_PART | {text_at(part, "type")}) for part in rows_at(kept, "content")
        ]
    return kept


def _responses(body: Json) -> Json:
    kept = _only(body, _RESPONSES)
    if isinstance(body.get("input"), list):
        kept["input"] = [_item(item) for item in rows_at(body, "input") if _is_readable(item)]
    if isinstance(body.get("tools"), list):
        kept["tools"] = [_only(tool, _RESPONSES_TOOL) for tool in rows_at(body, "tools")]
    return kept


def _item(item: Json) -> Json:
    kind = text_at(item, "type") or "message"
    kept = _only(item, _ITEMS.get(kind, frozenset()) | {"type"})
    for key in ("content", "output"):
        if isinstance(kept.get(key), list):
            kept[key] = [
                _only(part, _RESPONSES_PARTS.get(text_at(part, "type"), _RESPONSES_TEXT))
                for part in rows_at(kept, key)
            ]
    return kept


def _is_readable(item: Json) -> bool:
    """Whether the provider can read an item that it has not stored."""
    return item.get("type") != "reasoning" or bool(item.get("encrypted_content"))


def _only(table: Json, keys: _Keys) -> Json:
    return {
        key: _only(value, _INNER[key]) if isinstance(value, dict) and key in _INNER else value
        for key, value in table.items()
        if key in keys and value is not None
    }


_OPENERS: Mapping[WireFormat, Callable[[Json], Json]] = {
    "anthropic": _messages,
    "chat": _chat,
    "responses": _responses,
}
