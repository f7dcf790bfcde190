"""Where trials run: on this machine."""

from autoloop.engines.local import LocalEngine, default_workers

__all__ = ["LocalEngine", "default_workers"]
