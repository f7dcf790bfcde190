"""Steps of an ATIF document as entries of a trace; whoever wrote it, of versions 1.0 to 1.7."""

import json
from datetime import datetime

from pydantic import BaseModel, JsonValue

from autoloop.records import Speaker, TraceAnswer, TraceCall, TraceEntry

Content = str | list[dict[str, JsonValue]] | None
"""Text, or parts of which some are text."""


class _Call(BaseModel):
    tool_call_id: str = ""
    function_name: str = ""
    arguments: JsonValue = None


class _Result(BaseModel):
    source_call_id: str | None = None
    content: Content = None


class _Observation(BaseModel):
    results: list[_Result] = []


class _Step(BaseModel):
    source: str
    timestamp: datetime | None = None
    message: Content = ""
    tool_calls: list[_Call] | None = None
    observation: _Observation | None = None
    llm_call_count: int | None = None


def read_entry(document: bytes, *, number: int, stage: str) -> TraceEntry:
    """An entry from the JSON of its step.

    Raises:
        ValueError: it is no step.
    """
    step = _Step.model_validate_json(document)
    return TraceEntry(
        number=number,
        stage=stage,
        speaker=_speaker(step),
        message=_text(step.message),
        calls=tuple(map(_call, step.tool_calls or ())),
        answers=tuple(map(_answer, step.observation.results if step.observation else ())),
        at=step.timestamp,
    )


def _speaker(step: _Step) -> Speaker:
    """Only autoloop says of agents' steps without a model call that they have none."""
    if step.source != "agent":
        return "user" if step.source == "user" else "system"
    return "agent.py" if step.llm_call_count == 0 else "model"


def _call(call: _Call) -> TraceCall:
    given = call.arguments if isinstance(call.arguments, dict) else {"arguments": call.arguments}
    arguments = {key: _plain(value) for key, value in given.items()}
    return TraceCall(id=call.tool_call_id, name=call.function_name, arguments=arguments)


def _answer(result: _Result) -> TraceAnswer:
    return TraceAnswer(call=result.source_call_id or "", text=_text(result.content))


def _text(content: Content) -> str:
    if isinstance(content, list):
        return "\n".join(f"{part.get('text') or '[a part that is no text]'}" for part in content)
    return content or ""


def _plain(value: JsonValue) -> str:
    """A value as it reads best: texts as they are, the rest as Python shows it or as JSON."""
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False)
    return f"{value}"
