"""The container engine behind `autoloop.ports.Sandbox`."""

from autoloop.sandbox.leftovers import Collected
from autoloop.sandbox.quota import DiskShare
from autoloop.sandbox.sandbox import DockerSandbox

__all__ = ["Collected", "DiskShare", "DockerSandbox"]
