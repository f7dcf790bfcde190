"""The one door to language models: sockets for trials, a meter for the meta-agent."""

from autoloop.gateway.choose import choose_model
from autoloop.gateway.effort import EffortModel
from autoloop.gateway.metered import MeteredModel
from autoloop.gateway.recorder import TraceLimits
from autoloop.gateway.server import SocketGateway

__all__ = ["EffortModel", "MeteredModel", "SocketGateway", "TraceLimits", "choose_model"]
