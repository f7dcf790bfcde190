"""What a tool is, and how a model's call becomes an answer: always text, never a crash."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, cast

from pydantic import BaseModel, ConfigDict, ValidationError

from autoloop.meta.bench import Bench
from autoloop.records import JsonObject, JsonValue, ToolCall, ToolSpec
from autoloop.records.quoting import clip, one_line, visible


class Tool(BaseModel):
    """One tool: its fields are the arguments, its docstring is what the model is told about it."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    tool: ClassVar[str]

    def run(self, bench: Bench) -> str:
        """Do it; the answer starts with `Refused:` when it was not done."""
        raise NotImplementedError


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """The answer to a call."""

    text: str
    understood: bool = True
    """False: no such tool, or arguments that make no sense."""


class Toolbox:
    """The tools of a conversation."""

    def __init__(self, tools: Sequence[type[Tool]]) -> None:
        self._tools = {tool.tool: tool for tool in tools}
        self.specs = tuple(
            ToolSpec(name=name, description=tool.__doc__ or "", parameters=_schema(tool))
            for name, tool in self._tools.items()
        )
        """The tools as a model is told about them."""

    def answer(self, call: ToolCall, bench: Bench) -> Answer:
        """Run a call, or say in a sentence why it cannot be run."""
        tool = self._tools.get(call.name)
        if tool is None:
            names = ", ".join(self._tools)
            text = f"Refused: there is no tool {one_line(call.name, 60)!r}; there are {names}."
            return Answer(text=text, understood=False)
        try:
            arguments = tool.model_validate_json(call.arguments.strip() or "{}")
        except ValidationError as error:
            return Answer(text=_complaint(call.name, error), understood=False)
        # Half characters in a draft must not break the wire when it is read back.
        text = arguments.run(bench).encode("utf-8", "replace").decode()
        return Answer(text=clip(text))


def refuse(reason: str) -> str:
    """The answer of a tool that did nothing."""
    return f"Refused: {reason}"


def _schema(tool: type[Tool]) -> JsonObject:
    schema = cast("dict[str, JsonValue]", tool.model_json_schema())
    kinds = cast("dict[str, JsonValue]", schema.pop("$defs", {}))
    schema.pop("description", None)
    return cast("JsonObject", _plain(schema, kinds))


def _plain(schema: JsonValue, kinds: Mapping[str, JsonValue]) -> JsonValue:
    """A schema without titles, and with what it refers to in its place: not all models look up."""
    if isinstance(schema, list):
        return [_plain(part, kinds) for part in schema]
    if not isinstance(schema, dict):
        return schema
    kind = str(schema.get("$ref", "")).rpartition("/")[2]
    if kind:
        found = cast("dict[str, JsonValue]", kinds[kind])
        rest = {key: value for key, value in schema.items() if key != "$ref"}
        return _plain({**found, **rest}, kinds)
    titled = isinstance(schema.get("title"), str)
    return {
        key: _plain(value, kinds)
        for key, value in schema.items()
        if not (key == "title" and titled)
    }


def _complaint(name: str, error: ValidationError) -> str:
    wrong = "; ".join(
        f"{'.'.join(map(str, item['loc'])) or 'arguments'}: {item['msg']}"
        f" (got {one_line(repr(item['input']), 80)})"
        for item in error.errors(include_url=False)[:5]
    )
    return f"Refused: the arguments of {name} are wrong: {visible(wrong)}. Call it again."
