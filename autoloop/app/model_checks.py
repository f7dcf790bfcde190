"""Asks the task model and the meta-agent's model one small question each."""

import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Literal, TypeAlias

from autoloop.app.compose import OFFLINE, meta_chat_model, resolve_models, task_chat_model
from autoloop.app.contents import program_of
from autoloop.app.models import facts_by
from autoloop.app.project import Project
from autoloop.app.results import ModelCheck
from autoloop.errors import AutoloopError, InfraError
from autoloop.gateway.choose import way_of
from autoloop.gateway.upstream.facts import ModelFacts
from autoloop.gateway.upstream.retry import Patience
from autoloop.ports import ChatModel
from autoloop.records import ChatReply, ChatRequest, Message, ToolSpec
from autoloop.settings import ModelSettings

PATIENCE = Patience(attempts=2, total_s=30.0)
"""A person waits for the answer."""
MAX_TOKENS = 2_000
QUESTION = ChatRequest(
    messages=(Message(role="user", content="Call the tool with the sum of 2 and 3."),),
    tools=(
        ToolSpec(
            name="answer",
            description="Takes the answer.",
            parameters={
                "type": "object",
                "properties": {"number": {"type": "integer"}},
                "required": ["number"],
            },
        ),
    ),
    max_tokens=MAX_TOKENS,
)
Role: TypeAlias = Literal["task", "meta", "task and meta"]


def check_models(project: Project) -> Iterator[ModelCheck]:
    """One small call to each model of the settings; one for both where they are the same."""
    settings = program_of(project).settings.models
    names = resolve_models(settings.task, settings.meta_name)
    if names.task == names.meta and settings.meta_effort is None and names.task != OFFLINE:
        yield _checked("task and meta", names.task, settings)
        return
    yield _checked("task", names.task, settings)
    yield _checked("meta", names.meta, settings)


def _checked(role: Role, name: str, settings: ModelSettings) -> ModelCheck:
    if name == OFFLINE:
        return ModelCheck(role=role, model=name, way="built-in stand-in")
    facts = facts_by(name, settings)
    check = _listed(ModelCheck(role=role, model=name, way=_way(name, facts)), facts)
    begun = time.monotonic()
    try:
        model = _model(role, name, settings)
        reply = model.complete(QUESTION)
    except AutoloopError as error:
        return replace(check, problem=str(error), may_pass=isinstance(error, InfraError))
    return _seen(replace(check, seconds=time.monotonic() - begun), reply)


def _model(role: Role, name: str, settings: ModelSettings) -> ChatModel:
    build = meta_chat_model if role == "meta" else task_chat_model
    return build(name, settings, patience=PATIENCE)


def _way(name: str, facts: ModelFacts) -> str:
    return way_of(name, endpoint=facts.endpoint).value


def _listed(check: ModelCheck, facts: ModelFacts) -> ModelCheck:
    """What is known without asking."""
    price = facts.price
    return replace(
        check,
        tools=facts.tools,
        caching=facts.caching,
        thinking=facts.thinking,
        input_usd=price.input if price else None,
        output_usd=price.output if price else None,
        cached_usd=price.cached if price else None,
        written_usd=price.written if price else None,
        price_source=facts.price_source,
    )


def _seen(check: ModelCheck, reply: ChatReply) -> ModelCheck:
    """What the answer showed takes the place of what was known before."""
    usage = reply.usage
    has_thought = bool(usage.thinking_tokens or reply.message.thoughts)
    has_cached = bool(usage.cached_tokens or usage.written_tokens)
    return replace(
        check,
        tools=bool(reply.message.tool_calls),
        caching=has_cached or check.caching,
        thinking=has_thought or check.thinking,
        cost_usd=usage.cost_usd,
    )
