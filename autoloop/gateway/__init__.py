"""The one door to language models: sockets for trials, models for the meta-agent."""

from autoloop.gateway.choose import choose_model
from autoloop.gateway.effort import EffortModel
from autoloop.gateway.recorder import TraceLimits
from autoloop.gateway.server import SocketGateway

__all__ = ["EffortModel", "SocketGateway", "TraceLimits", "choose_model"]
