"""Answers questions from the container with the same tools that a conversation has."""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, cast

from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationError
from pydantic_core import from_json

from autoloop.meta.bench import Bench
from autoloop.meta.editing import EDITING_TOOLS
from autoloop.meta.outside.questions import refused
from autoloop.meta.reading import READING_TOOLS
from autoloop.meta.toolbox import Tool, Toolbox
from autoloop.records import CommandResult, ToolCall, ToolSpec
from autoloop.records.quoting import one_line

IN_FILES = frozenset({"read_agent", "edit_agent", "replace_agent"})
"""What a coding agent does with its own hands, on the agent.py of its workspace."""
MOST_QUESTIONS = 1_000
OBJECTIONS = 20
"""The guards know the tests of train tasks: who may ask them for ever can guess their words."""
SOURCE_CHARS = 200_000
HELP, STATUS = "help", "status"


class _Question(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")
    tool: Annotated[str, Field(min_length=1, max_length=100)]
    arguments: dict[str, JsonValue] = {}
    source: Annotated[str, Field(max_length=SOURCE_CHARS)] | None = None


class Clerk:
    """One step's counter. One thread only, for the desk behind it has one."""

    def __init__(self, bench: Bench, *, left: Callable[[], str]) -> None:
        """`left` says in words what is left of time and of the models' share."""
        self._bench = bench
        self._left = left
        self._asked = 0
        tools = [tool for tool in (*READING_TOOLS, *EDITING_TOOLS) if tool.tool not in IN_FILES]
        self._toolbox = Toolbox(cast("Sequence[type[Tool]]", tools))
        self._specs = {spec.name: spec for spec in self._toolbox.specs}

    @property
    def ending(self) -> str | None:
        """Why the step is over, if it is."""
        if self._bench.proposal is not None:
            return "submitted"
        if self._bench.objections >= OBJECTIONS:
            return f"something was said against {OBJECTIONS} drafts"
        return None

    def answer(self, text: str) -> CommandResult:
        """Answer a question, or say why not; never an exception for what was asked."""
        self._asked += 1
        if self.ending is not None:
            return refused(f"the step is over: {self.ending}. End now.")
        if self._asked > MOST_QUESTIONS:
            return refused(f"{MOST_QUESTIONS:,} questions were asked in this step; submit or end.")
        try:
            question = _Question.model_validate_json(text)
        except ValidationError as error:
            return refused(_complaint(error))
        return self._signed(self._told(question))

    def _told(self, question: _Question) -> str:
        if question.tool == HELP:
            return self._help()
        if question.tool == STATUS:
            return f"Step {self._bench.desk.step}."
        if question.source is not None:
            self._bench.draft = question.source
        spec = self._specs.get(question.tool)
        arguments = _typed(question.arguments, spec) if spec else question.arguments
        call = ToolCall(id="1", name=question.tool, arguments=json.dumps(arguments))
        return self._toolbox.answer(call, self._bench).text

    def _signed(self, text: str) -> CommandResult:
        checks = f"{self._bench.spot_checks_left} spot checks left"
        return CommandResult(
            exit_code=1 if text.startswith("Refused:") else 0,
            stdout=f"{text}\n[{self._left()}, {checks}]",
        )

    def _help(self) -> str:
        lines = [
            "autoloop-step TOOL [--name value ...] [--name @file] | autoloop-step TOOL --json FILE",
            "agent.py of the workspace is the draft; it goes along with every call.",
            "",
            *(f"{name}: {_usage(spec)}" for name, spec in self._specs.items()),
            f"{STATUS}: what is left of the step.",
        ]
        return "\n".join(lines)


def _usage(spec: ToolSpec) -> str:
    properties = cast("Mapping[str, Mapping[str, JsonValue]]", spec.parameters.get("properties"))
    needed = cast("Sequence[str]", spec.parameters.get("required", ()))
    words = " ".join(spec.description.split())
    options = [
        f"  --{name}{'' if name in needed else ' (optional)'} {field.get('description', '')}"
        for name, field in (properties or {}).items()
    ]
    return "\n".join([words, *map(str.rstrip, options)])


def _typed(arguments: Mapping[str, JsonValue], spec: ToolSpec) -> dict[str, JsonValue]:
    """Words of a command line, which come as lists, in the form that the tool's schema has."""
    properties = cast("Mapping[str, Mapping[str, JsonValue]]", spec.parameters.get("properties"))
    fields = properties or {}
    return {name: _value(value, fields.get(name, {})) for name, value in arguments.items()}


def _value(value: JsonValue, field: Mapping[str, JsonValue]) -> JsonValue:
    kinds = _kinds(field)
    is_words = isinstance(value, list) and all(isinstance(word, str) for word in value)
    if not is_words or not isinstance(value, list):
        return value
    words = cast("list[str]", value)
    if "array" in kinds:
        return _parsed_list(words)
    whole = " ".join(words)
    if "string" in kinds or not kinds:
        return whole
    return _parsed(whole or "true")


def _parsed_list(words: list[str]) -> JsonValue:
    """A list of words, or the one JSON list that was written out."""
    if len(words) == 1 and words[0].lstrip().startswith("["):
        return _parsed(words[0])
    return cast("JsonValue", words)


def _parsed(text: str) -> JsonValue:
    try:
        # It refuses what is nested too deeply with a ValueError, unlike `json.loads`.
        return cast("JsonValue", from_json(text))
    except ValueError:
        return text  # The tool says what is wrong with it.


def _kinds(field: Mapping[str, JsonValue]) -> set[str]:
    """Types that a field may have, by its JSON schema."""
    kind, others = field.get("type"), field.get("anyOf")
    found = {kind} if isinstance(kind, str) else set()
    if isinstance(others, list):
        found |= {str(one["type"]) for one in others if isinstance(one, dict) and "type" in one}
    if "$ref" in field or "enum" in field or "const" in field:
        found.add("object" if "$ref" in field and "enum" not in field else "string")
    return found - {"null"}


def _complaint(error: ValidationError) -> str:
    first = error.errors(include_url=False, include_input=False)[0]
    where = ".".join(map(str, first["loc"])) or "the question"
    return f"{where}: {one_line(first['msg'])}."
