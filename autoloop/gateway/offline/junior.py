"""The offline stand-in as task model: a hasty junior who can do everyday terminal work.

It is not a language model, and its scores mean nothing beyond showing the loop. It reads
instructions with regular expressions (`skills`), works with a few typical weaknesses (`temper`)
and takes hints from the harness that cure them (`cues`). The same seed and messages always give
the same answer; it keeps no memory, and knows nothing but the messages and tools it is sent.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import lru_cache

from autoloop.gateway.offline.conversation import Conversation, read_conversation
from autoloop.gateway.offline.cues import read_cues
from autoloop.gateway.offline.policy import Action, advance, do_job, look_around
from autoloop.gateway.offline.skill import Job, Skill
from autoloop.gateway.offline.skills import SKILLS
from autoloop.gateway.offline.temper import Temper
from autoloop.gateway.offline.usage import estimate_usage
from autoloop.records import (
    ChatReply,
    ChatRequest,
    JsonValue,
    Message,
    ToolCall,
    ToolSpec,
)

_LIST_HEAD = "Requirements:"
_NO_TOOL = "I would need a shell tool to do this; without one I can only say so."


class OfflineTaskModel:
    """Port `ChatModel`: answers as the hasty junior would."""

    def __init__(self, skills: tuple[Skill, ...] = SKILLS) -> None:
        self._skills = skills
        # Every request of a conversation brings the same instruction again.
        self._understand = lru_cache(maxsize=64)(self._find_job)

    @property
    def name(self) -> str:
        """Always `offline`."""
        return "offline"

    def complete(self, request: ChatRequest) -> ChatReply:
        """Answer; never refuses."""
        conversation = read_conversation(
            request.messages, lambda text: self._understand(text) is not None
        )
        shell = None if request.tool_choice == "none" else _find_shell(request.tools)
        if shell is None:
            message = Message(role="assistant", content=_NO_TOOL)
        else:
            message = _say(self._act(conversation, request.seed), conversation, shell)
        return ChatReply(
            message=message,
            stop_reason="tool_calls" if message.tool_calls else "stop",
            model=self.name,
            usage=estimate_usage(request, message),
        )

    def _act(self, conversation: Conversation, seed: int) -> Action:
        job = self._understand(conversation.instruction)
        if job is None:
            return advance(look_around(), conversation.exchanges)
        cues = read_cues(conversation.harness_text)
        # Who is asked to check what it gave up on notices that there is nothing yet.
        cues = replace(cues, persists=cues.persists or read_cues(conversation.nudges).checks)
        policy = do_job(
            job,
            temper=Temper(seed=seed, instruction=conversation.instruction),
            cues=cues,
            is_retold=conversation.is_repeated,
        )
        action = advance(policy, conversation.exchanges)
        is_listed = any(reply.startswith(_LIST_HEAD) for reply in conversation.replies)
        return _with_list(action, job) if cues.restates and not is_listed else action

    def _find_job(self, text: str) -> Job | None:
        jobs = (skill.understand(text) for skill in self._skills)
        return next((job for job in jobs if job is not None), None)


def _find_shell(tools: Sequence[ToolSpec]) -> tuple[str, str] | None:
    """Name and parameter of the first tool that takes nothing but a command."""
    for tool in tools:
        required = tool.parameters.get("required")
        properties = tool.parameters.get("properties")
        if not isinstance(required, Sequence) or not isinstance(properties, Mapping):
            continue
        name = str(required[0]) if len(required) == 1 else ""
        if re.search("command|cmd|script", name, re.IGNORECASE) and _is_text(properties.get(name)):
            return tool.name, name
    return None


def _is_text(schema: JsonValue) -> bool:
    return isinstance(schema, Mapping) and schema.get("type", "string") == "string"


def _say(action: Action, conversation: Conversation, shell: tuple[str, str]) -> Message:
    if action.command is None:
        return Message(role="assistant", content=action.words)
    tool, parameter = shell
    call = ToolCall(
        id=f"call_{len(conversation.replies) + 1}",
        name=tool,
        arguments=json.dumps({parameter: action.command}),
    )
    return Message(role="assistant", content=action.words, tool_calls=(call,))


def _with_list(action: Action, job: Job) -> Action:
    lines = [_LIST_HEAD, *(f"- {detail}" for detail in job.details), "", action.words]
    return replace(action, words="\n".join(lines))
