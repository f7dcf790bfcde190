"""The meta-agent: a conversation with tools that ends in one edit of agent.py."""

from autoloop.meta.conversation import ConversationProposer, TalkLimits
from autoloop.meta.reviewing import ModelReviewer
from autoloop.meta.unchanged import UnchangedProposer
from autoloop.meta.wording import Prompts

__all__ = [
    "ConversationProposer",
    "ModelReviewer",
    "Prompts",
    "TalkLimits",
    "UnchangedProposer",
]
