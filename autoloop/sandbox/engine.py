"""The connection to the container engine, and its errors in our words."""

import errno
import os
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import docker
import docker.errors
import requests
import urllib3.exceptions
from docker.api.client import APIClient

from autoloop.errors import EngineError, InfraError, StorageError, UserError
from autoloop.records.secrets import blank_secrets

POOLED_CONNECTIONS = 128
API_TIMEOUT_S = 120
"""How long the engine may be silent on one request; starting a container on a busy disk is slow."""


def connect() -> APIClient:
    """Connect to the engine that DOCKER_HOST names, else to the local Docker socket.

    Raises:
        UserError: no engine answers there, or this user may not use it.
    """
    address = engine_address()
    if address.startswith("ssh://"):
        raise UserError(
            f"DOCKER_HOST is {address!r}, and commands cannot be streamed over ssh://: forward the "
            f"engine's socket with ssh -L and set DOCKER_HOST to unix:// and its path."
        )
    try:
        _knock(address)
        api = docker.from_env(timeout=API_TIMEOUT_S, max_pool_size=POOLED_CONNECTIONS).api
    except (docker.errors.DockerException, requests.RequestException, OSError) as error:
        raise UserError(
            f"No container engine answers at {address} ({_reason(error)}): run sandboxes/setup.sh "
            f"as root, or set DOCKER_HOST to the socket of a Docker or Podman that you may use."
        ) from error
    # No proxy leads to a socket. To look for one, each request would read the whole environment,
    # which fails where another thread changes it.
    api.trust_env = not address.startswith("unix://")
    # Helper programs that know the logins of registries would inherit the keys.
    api.credstore_env = blank_secrets()
    api.reload_config()
    return api


def engine_address() -> str:
    """Where the engine is looked for."""
    return os.environ.get("DOCKER_HOST") or "unix:///var/run/docker.sock"


def _knock(address: str) -> None:
    """Fail early where no socket is: the SDK would, too, but forgets to close its own."""
    if address.startswith("unix://"):
        with socket.socket(socket.AF_UNIX) as probe:
            probe.connect(address.removeprefix("unix://"))


def url(api: APIClient, path: str) -> str:
    """Address of an API endpoint, for the requests that the SDK cannot send as we need them."""
    return f"{api.base_url}/v{api.api_version}{path}"


def ask(
    api: APIClient,
    method: str,
    path: str,
    *,
    params: Mapping[str, str | bytes],
    headers: Mapping[str, str] | None = None,
) -> requests.Response:
    """Send a request whose answer is read as a stream; the caller closes the answer.

    The engine must not compress: it would not notice that we stopped reading, and would go on with
    a sparse terabyte while the container stays locked.
    """
    response = api.request(
        method,
        url(api, path),
        params=dict(params),
        headers={"Accept-Encoding": "identity", **(headers or {})},
        timeout=API_TIMEOUT_S,
        stream=True,
    )
    refuse_errors(response)
    return response


def refuse_errors(response: requests.Response) -> None:
    """Raise the engine's refusal as docker's own APIError, as the SDK does for its requests."""
    try:
        response.raise_for_status()
    except requests.HTTPError as error:
        with response:
            docker.errors.create_api_error_from_http_exception(error)


@contextmanager
def engine_errors(doing: str) -> Iterator[None]:
    """Translate every failure of engine, connection and disk; `doing` says what was tried."""
    try:
        yield
    except docker.errors.APIError as error:
        raise _refusal(error, doing) from error
    except (
        docker.errors.DockerException,
        requests.RequestException,
        urllib3.exceptions.HTTPError,
        ConnectionError,
        TimeoutError,
    ) as error:
        raise EngineError(
            f"The container engine stopped answering while {doing}: {_reason(error)}."
        ) from error
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
        raise StorageError(f"The disk is full; it filled while {doing}.") from error


def explanation(error: docker.errors.APIError) -> str:
    """What the engine said, as one line."""
    return " ".join(str(error.explanation or error).split())


def _refusal(error: docker.errors.APIError, doing: str) -> InfraError:
    said = explanation(error)
    if "no space left on device" in said.lower():
        return StorageError(f"The engine's disk is full; it filled while {doing}: {said}")
    return EngineError(f"The container engine refused while {doing}: {said}")


def innermost(error: BaseException) -> BaseException:
    """The cause of an error below the four layers of wrapping of the HTTP stack."""
    while (cause := error.__cause__ or error.__context__) is not None:
        error = cause
    return error


def _reason(error: BaseException) -> str:
    error = innermost(error)
    text = " ".join(str(error).split())
    return text[:300] or type(error).__name__
