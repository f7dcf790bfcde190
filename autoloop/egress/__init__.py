"""The way out for tasks that allow some hosts only: a proxy of our own, one socket per trial."""

from autoloop.egress.door import Limits
from autoloop.egress.proxy import EgressProxy

__all__ = ["EgressProxy", "Limits"]
