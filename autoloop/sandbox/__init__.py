"""The container engine behind `autoloop.ports.Sandbox`."""

from autoloop.sandbox.leftovers import Collected
from autoloop.sandbox.sandbox import DockerSandbox

__all__ = ["Collected", "DockerSandbox"]
