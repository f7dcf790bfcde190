"""Harbor's environments as places for trials: Daytona, Modal, E2B, Kubernetes and the rest."""

from autoloop.errors import UserError
from autoloop.records.installing import install_command

try:
    from harbor.environments.base import BaseEnvironment

    from autoloop.remote.bridge import Bridge
    from autoloop.remote.container import RemoteContainer
    from autoloop.remote.sandbox import HarborSandbox
except ModuleNotFoundError as error:
    if not (error.name or "").startswith("harbor"):
        raise
    raise UserError(
        "Harbor's environments need Harbor itself, which is not installed here. With Python 3.12"
        f" or later install it from autoloop's own repository: `{install_command('harbor')}`."
    ) from error

__all__ = ["BaseEnvironment", "Bridge", "HarborSandbox", "RemoteContainer"]
