"""Agents at a trial's socket, each with a client of its own kind.

Each asks in its own way, and does what the model calls for, until the model calls no tool any more.
"""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import anthropic
import httpx2
import openai

from autoloop.harness.door import Door
from autoloop.harness.env import Env
from autoloop.harness.errors import DoorError
from autoloop.harness.model import Model

DESCRIPTION = "Run a command."
BASH: dict[str, Any] = {
    "type": "object",
    "properties": {"command": {"type": "string"}},
    "required": ["command"],
}
BROKEN = (openai.OpenAIError, anthropic.AnthropicError, httpx2.HTTPError, DoorError)
"""What an agent ends with when its model does not answer."""


def by_harness(door: Door, env: Env, instruction: str) -> None:
    """As `agent.py` does with `model.chat`."""
    said: list[Any] = [{"role": "user", "content": instruction}]
    function = {"name": "bash", "description": DESCRIPTION, "parameters": BASH}
    while True:
        reply = Model(door).chat(said, tools=[{"type": "function", "function": function}])
        said.append(reply.message)
        if not reply.tool_calls:
            return
        for call in reply.tool_calls:
            result = env.run(call.arguments["command"]).stdout
            said.append({"role": "tool", "tool_call_id": call.id, "content": result})


def by_chat(client: openai.OpenAI, env: Env, instruction: str) -> None:
    """OpenAI's chat completions, streamed."""
    said: list[Any] = [{"role": "user", "content": instruction}]
    function: Any = {"name": "bash", "description": DESCRIPTION, "parameters": BASH}
    tools: Any = [{"type": "function", "function": function}]
    while True:
        with client.chat.completions.stream(model="m", messages=said, tools=tools) as stream:
            message = stream.get_final_completion().choices[0].message
        calls: Any = message.tool_calls or []
        said.append(message.model_dump(exclude_none=True, exclude={"parsed"}))
        if not calls:
            return
        for call in calls:
            result = env.run(json.loads(call.function.arguments)["command"]).stdout
            said.append({"role": "tool", "tool_call_id": call.id, "content": result})


def by_responses(client: openai.OpenAI, env: Env, instruction: str) -> None:
    """OpenAI's responses."""
    said: list[Any] = [{"role": "user", "content": instruction}]
    tool = {"type": "function", "name": "bash", "description": DESCRIPTION, "parameters": BASH}
    tools: Any = [tool | {"strict": False}]
    while True:
        answer = client.responses.create(model="m", input=said, tools=tools)
        said += [item.model_dump(exclude_none=True) for item in answer.output]
        calls = [item for item in answer.output if item.type == "function_call"]
        if not calls:
            return
        for call in calls:
            result = env.run(json.loads(call.arguments)["command"]).stdout
            said.append({"type": "function_call_output", "call_id": call.call_id, "output": result})


def by_messages(client: anthropic.Anthropic, env: Env, instruction: str) -> None:
    """Anthropic's messages, streamed."""
    said: list[Any] = [{"role": "user", "content": instruction}]
    tools: Any = [{"name": "bash", "description": DESCRIPTION, "input_schema": BASH}]
    while True:
        with client.messages.stream(
            model="m", max_tokens=1_000, messages=said, tools=tools
        ) as stream:
            answer = stream.get_final_message()
        said.append({"role": "assistant", "content": [_block(b) for b in answer.content]})
        calls: list[Any] = [block for block in answer.content if block.type == "tool_use"]
        if not calls:
            return
        results = [
            {
                "type": "tool_result",
                "tool_use_id": call.id,
                "content": env.run(call.input["command"]).stdout,
            }
            for call in calls
        ]
        said.append({"role": "user", "content": results})


def _block(block: Any) -> dict[str, Any]:  # noqa: ANN401 - any of the SDK's blocks
    kept = {"text": {"type", "text"}, "tool_use": {"type", "id", "name", "input"}}
    dumped: dict[str, Any] = block.model_dump(include=kept[block.type])
    return dumped


WAYS = ("harness", "chat", "responses", "messages")
"""By which client an agent asks."""


@contextmanager
def agent(way: str, path: str) -> Iterator[Callable[[str], None]]:
    """An agent at a trial's socket; it is given its instruction."""
    door = Door(path)
    env = Env(door)
    # No certificates are read for a socket; that alone would take longer than the trial.
    transport = httpx2.HTTPTransport(uds=path, verify=False)
    with httpx2.Client(transport=transport, timeout=600.0) as http:
        same: Any = {"api_key": "unused", "http_client": http}
        if way == "harness":
            yield partial(by_harness, door, env)
        elif way == "messages":
            client = anthropic.Anthropic(base_url="http://gateway", **same)
            yield partial(by_messages, client, env)
        else:
            act = by_chat if way == "chat" else by_responses
            yield partial(act, openai.OpenAI(base_url="http://gateway/v1", **same), env)
