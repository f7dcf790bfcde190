"""The container engine behind `autoloop.ports.Sandbox`."""

from autoloop.sandbox.sandbox import DockerSandbox

__all__ = ["DockerSandbox"]
