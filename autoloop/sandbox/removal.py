"""How a container is removed."""

import docker.errors
from docker.api.client import APIClient

from autoloop.sandbox.engine import engine_errors


def remove_container(api: APIClient, container_id: str) -> None:
    """End a container without grace and remove it with its anonymous volumes."""
    with engine_errors(f"removing the container {container_id[:12]}"):
        try:
            api.remove_container(container_id, force=True, v=True)
        except docker.errors.APIError as error:
            # Somebody else removed it, or is about to.
            if error.status_code not in {404, 409}:
                raise
