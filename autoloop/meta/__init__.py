"""The meta-agent: a conversation with tools that ends in one edit of agent.py."""

from autoloop.meta.conversation import ConversationProposer

__all__ = ["ConversationProposer"]
