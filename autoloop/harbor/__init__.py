"""autoloop's agent.py as an agent of Harbor's: `harbor run -a autoloop.harbor:Agent …`."""

from autoloop.harbor.agent import Agent, AgentCrashed, Options, QuotaExceededError

__all__ = ["Agent", "AgentCrashed", "Options", "QuotaExceededError"]
