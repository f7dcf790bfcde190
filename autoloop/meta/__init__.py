"""The meta-agent: a conversation with tools that ends in one edit of agent.py."""

from autoloop.meta.conversation import ConversationProposer
from autoloop.meta.reviewing import ModelReviewer
from autoloop.meta.unchanged import UnchangedProposer

__all__ = ["ConversationProposer", "ModelReviewer", "UnchangedProposer"]
