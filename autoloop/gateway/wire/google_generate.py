"""Google's generateContent: requests in, answers, streams and errors out."""

import json
from collections import defaultdict, deque
from collections.abc import Iterable, Iterator, Mapping
from typing import Annotated, cast

from pydantic import Field, JsonValue
from pydantic.alias_generators import to_camel

from autoloop.gateway.wire.asked import (
    MAX_MESSAGES,
    MAX_PARTS,
    MAX_TOOLS,
    RequestError,
    WireModel,
    read,
    refuse_unless,
)
from autoloop.gateway.wire.reading import arguments_object
from autoloop.records import (
    ChatReply,
    ChatRequest,
    JsonObject,
    Message,
    ReplyStop,
    ToolCall,
    ToolSpec,
    Usage,
)

FINISH_REASONS: Mapping[ReplyStop, str] = {
    "stop": "STOP",
    "tool_calls": "STOP",
    "length": "MAX_TOKENS",
    "refusal": "SAFETY",
}
_CHOICES = {"AUTO": "auto", "ANY": "required", "NONE": "none", "VALIDATED": "auto"}
_STATUS = {400: "INVALID_ARGUMENT", 404: "NOT_FOUND", 429: "RESOURCE_EXHAUSTED"}
_Json = dict[str, JsonValue]


class _Camel(WireModel, alias_generator=to_camel, populate_by_name=True):
    """Names of JSON in Google's form; its clients may send either."""


class _Call(_Camel):
    name: str
    id: str | None = None
    args: _Json | None = None


class _Result(_Camel):
    name: str = ""
    id: str | None = None
    response: JsonValue = None


class _Data(_Camel):
    mime_type: str = "image/png"
    data: str


class _Part(_Camel):
    text: str | None = None
    thought: bool | None = None
    inline_data: _Data | None = None
    file_data: JsonValue = None
    function_call: _Call | None = None
    function_response: _Result | None = None


class _Content(_Camel):
    role: str | None = None
    parts: Annotated[list[_Part], Field(max_length=MAX_PARTS, default_factory=list)]


class _Function(_Camel):
    name: str = Field(min_length=1)
    description: str = ""
    parameters: _Json | None = None
    parameters_json_schema: _Json | None = None


class _Tool(_Camel):
    function_declarations: Annotated[list[_Function], Field(max_length=MAX_TOOLS)] | None = None


class _Calling(_Camel):
    mode: str = "AUTO"
    allowed_function_names: list[str] | None = None


class _ToolConfig(_Camel):
    function_calling_config: _Calling | None = None


class _Config(_Camel):
    temperature: Annotated[float, Field(ge=0, le=2, allow_inf_nan=False)] | None = None
    top_p: Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)] | None = None
    max_output_tokens: Annotated[int, Field(ge=1)] | None = None
    stop_sequences: Annotated[list[str], Field(max_length=64)] | None = None
    response_mime_type: str | None = None
    response_schema: _Json | None = None
    response_json_schema: _Json | None = None


class _Body(_Camel):
    contents: Annotated[list[_Content], Field(min_length=1, max_length=MAX_MESSAGES)]
    system_instruction: _Content | None = None
    tools: Annotated[list[_Tool], Field(max_length=MAX_TOOLS)] | None = None
    tool_config: _ToolConfig | None = None
    generation_config: _Config = _Config()


class _Count(_Camel):
    contents: list[_Content] | None = None
    generate_content_request: _Body | None = None


def read_request(raw: bytes) -> ChatRequest:
    """Translate a request's body.

    Raises:
        RequestError: it is malformed, or asks for something that the gateway does not offer.
    """
    return _request(read(_Body, raw))


def read_count(raw: bytes) -> ChatRequest:
    """Translate the body of a request to count tokens."""
    body = read(_Count, raw)
    if body.generate_content_request is not None:
        return _request(body.generate_content_request)
    return ChatRequest(messages=tuple(_conversation(body.contents or [])))


def _request(body: _Body) -> ChatRequest:
    config = body.generation_config
    head = _text(body.system_instruction) if body.system_instruction else ""
    system = (Message(role="system", content=head),) if head else ()
    return ChatRequest(
        messages=(*system, *_conversation(body.contents)),
        tools=tuple(_tools(body)),
        tool_choice=_choice(body.tool_config),
        max_tokens=config.max_output_tokens,
        temperature=config.temperature,
        top_p=config.top_p,
        stop=tuple(config.stop_sequences or ()),
        response_format=_format(config),
    )


def _tools(body: _Body) -> Iterator[ToolSpec]:
    for tool in body.tools or ():
        if not tool.function_declarations:
            raise RequestError("Only tools with functionDeclarations are offered.")
        for function in tool.function_declarations:
            schema = function.parameters_json_schema or _plain_schema(function.parameters or {})
            yield ToolSpec(
                name=function.name,
                description=function.description,
                parameters=cast("JsonObject", schema),
            )


def _plain_schema(value: JsonValue) -> JsonValue:
    """A schema in Google's own form, whose types are in capitals, as JSON schema."""
    if isinstance(value, list):
        return [_plain_schema(one) for one in value]
    if not isinstance(value, dict):
        return value
    return {
        key: inner.lower() if key == "type" and isinstance(inner, str) else _plain_schema(inner)
        for key, inner in value.items()
    }


def _choice(config: _ToolConfig | None) -> str | None:
    calling = config.function_calling_config if config else None
    if calling is None:
        return None
    names = calling.allowed_function_names or []
    if calling.mode == "ANY" and len(names) == 1:
        return names[0]
    return _CHOICES.get(calling.mode)


def _format(config: _Config) -> JsonObject:
    """The form of the answer, as chat completions have it."""
    if config.response_mime_type != "application/json":
        return {}
    schema = config.response_json_schema or _plain_schema(config.response_schema)
    if not schema:
        return {"type": "json_object"}
    return {"type": "json_schema", "json_schema": {"name": "answer", "schema": schema}}


class _Waiting:
    """Calls without a result, found by id or name in a time that does not grow with them."""

    def __init__(self) -> None:
        self._calls: list[ToolCall] = []
        self._answered: set[int] = set()
        self._by_id: defaultdict[str, deque[int]] = defaultdict(deque)
        self._by_name: defaultdict[str, deque[int]] = defaultdict(deque)

    def add(self, calls: Iterable[ToolCall]) -> None:
        """Take in calls in their order."""
        for call in calls:
            place = len(self._calls)
            self._calls.append(call)
            self._by_id[call.id].append(place)
            self._by_name[call.name].append(place)

    def take(self, result: _Result) -> ToolCall:
        """The first call that a result fits, by its id, or by its name where it has none."""
        places = self._by_id.get(result.id) if result.id else self._by_name.get(result.name)
        while places:
            if (place := places.popleft()) not in self._answered:
                self._answered.add(place)
                return self._calls[place]
        raise RequestError(f"A functionResponse of {result.name!r} answers no functionCall.")


def _conversation(contents: list[_Content]) -> Iterator[Message]:
    """The messages. Calls often have no ids here: results then answer them in order, by name."""
    waiting = _Waiting()
    for number, content in enumerate(contents):
        results = [part.function_response for part in content.parts if part.function_response]
        for result in results:
            yield _answered(result, waiting)
        calls = [
            _called(part.function_call, f"call_{number}_{index}")
            for index, part in enumerate(content.parts)
            if part.function_call
        ]
        waiting.add(calls)
        text, parts = _text(content), tuple(_files(content))
        if text or parts or calls or not results:
            role = "assistant" if content.role == "model" else "user"
            yield Message(
                role="assistant" if role == "assistant" else "user",
                content=text,
                tool_calls=tuple(calls),
                parts=parts,
            )


def _called(call: _Call, default: str) -> ToolCall:
    return ToolCall(id=call.id or default, name=call.name, arguments=json.dumps(call.args or {}))


def _answered(result: _Result, waiting: _Waiting) -> Message:
    call = waiting.take(result)
    text = result.response if isinstance(result.response, str) else json.dumps(result.response)
    return Message(role="tool", content=text, tool_call_id=call.id)


def _text(content: _Content) -> str:
    """What is said; thoughts that were shown are not said again."""
    return "\n".join(part.text for part in content.parts if part.text and not part.thought)


def _files(content: _Content) -> Iterator[JsonObject]:
    for part in content.parts:
        refuse_unless(
            part.file_data is None,
            "fileData is not offered, since nothing is stored or fetched; send inlineData.",
        )
        if (data := part.inline_data) is None:
            continue
        if not data.mime_type.startswith("image/"):
            raise RequestError(f"Data of type {data.mime_type!r} is not supported; images are.")
        url = f"data:{data.mime_type};base64,{data.data}"
        yield {"type": "image_url", "image_url": {"url": url}}


def reply_json(reply: ChatReply, *, call_id: str) -> _Json:
    """A complete answer."""
    parts: list[JsonValue] = list(_parts(reply.message))
    return {
        "candidates": [
            {
                "index": 0,
                "content": {"role": "model", "parts": parts},
                "finishReason": FINISH_REASONS[reply.stop_reason],
            }
        ],
        "usageMetadata": usage_json(reply.usage),
        "modelVersion": reply.model,
        "responseId": call_id,
    }


def reply_stream(reply: ChatReply, *, call_id: str) -> str:
    """The same answer as the one event of a stream."""
    return f"data: {json.dumps(reply_json(reply, call_id=call_id))}\r\n\r\n"


def usage_json(usage: Usage) -> _Json:
    """Tokens in Google's form."""
    return {
        "promptTokenCount": usage.prompt_tokens,
        "candidatesTokenCount": usage.completion_tokens,
        "cachedContentTokenCount": usage.cached_tokens,
        "totalTokenCount": usage.tokens,
    }


def _parts(message: Message) -> Iterator[_Json]:
    if message.content or not message.tool_calls:
        yield {"text": message.content}
    for call in message.tool_calls:
        called: _Json = {
            "id": call.id,
            "name": call.name,
            "args": arguments_object(call.arguments),
        }
        yield {"functionCall": called}


def error_json(status: int, message: str) -> _Json:
    """An error in the form that Google's clients read."""
    kind = _STATUS.get(status, "INVALID_ARGUMENT" if status < 500 else "UNAVAILABLE")
    return {"error": {"code": status, "message": message, "status": kind}}
