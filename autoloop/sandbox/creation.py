"""A container's specification in the engine's terms: limits, capabilities, network, mounts."""

import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from docker.api.client import APIClient
from docker.types import DeviceRequest, LogConfig, Ulimit

from autoloop.ports import Bind, ContainerSpec

HOSTS = Path(__file__).with_name("hosts")
MEGABYTE = 1024 * 1024
TMP_MEGABYTES = 512
TMP_FILES = 100_000
KEPT_CAPABILITIES = (
    "CHOWN",
    "DAC_OVERRIDE",
    "FOWNER",
    "FSETID",
    "KILL",
    "NET_BIND_SERVICE",
    "SETGID",
    "SETPCAP",
    "SETUID",
)
"""What package managers, services and `su` need; the engine's default has five more."""
CORE = {"soft": 0, "hard": 0}
"""No core dumps."""
WITHOUT_HOST = {"com.docker.network.bridge.inhibit_ipv4": "true"}
"""Option of a network: the host has no address of its own on it, and cannot be reached by it."""
PRINTED_LOG = LogConfig(type=LogConfig.types.JSON, config={"max-size": "1m", "max-file": "2"})
"""Two files: with one, a rotation right before the end would leave no tail to read."""


def create(
    api: APIClient, spec: ContainerSpec, *, labels: Mapping[str, str], keeper: str | None = None
) -> str:
    """Create the container that `spec` describes; its id.

    `keeper` is a container with the network that `spec` wants, which it is to share.
    """
    created = api.create_container(
        spec.image,
        _command(spec),
        user=spec.user,
        working_dir=spec.workdir,
        environment=dict(spec.env),
        labels={**spec.labels, **labels},
        host_config=_host_config(api, spec, keeper),
        # Loopback alone all the same, without the engine's own network layer, which takes longer
        # than all the rest of a start.
        network_disabled=spec.hardened and not is_joined(spec),
        # A proxy in the user's docker configuration may carry a password.
        use_config_proxy=_has_network(spec),
    )
    return str(created["Id"])


def makes_folders(spec: ContainerSpec) -> bool:
    """Whether the container is to make its folders as it starts."""
    return bool(spec.folders) and not spec.hardened


def _command(spec: ContainerSpec) -> list[str]:
    """The command, after the folders are made where it may make them."""
    return making_folders(spec.folders if makes_folders(spec) else (), spec.command)


def making_folders(folders: tuple[str, ...], command: tuple[str, ...]) -> list[str]:
    """The command, which first makes the folders and opens them to everybody.

    To unpack them from outside would cost the engine as much as one more command.
    """
    if not folders:
        return list(command)
    names = shlex.join(folders)
    make = f"mkdir -p {names} && chmod 777 {names}"
    return ["sh", "-c", f'({make}) 2>/dev/null; exec "$@"', "sh", *command]


def is_joined(spec: ContainerSpec) -> bool:
    """Whether it lives in the network of another container."""
    return spec.network.startswith("container:")


def _has_network(spec: ContainerSpec) -> bool:
    return spec.network == "public" and not spec.hardened


def _network_mode(spec: ContainerSpec) -> str:
    if is_joined(spec):
        return spec.network
    return "bridge" if _has_network(spec) else "none"


def _host_config(api: APIClient, spec: ContainerSpec, keeper: str | None) -> dict[str, Any]:
    limits = spec.resources
    memory = None if limits.memory_mb is None else limits.memory_mb * MEGABYTE
    config: dict[str, Any] = api.create_host_config(
        init=True,
        network_mode=_network_mode(spec) if keeper is None else f"container:{keeper}",
        binds={str(bind.source): {"bind": bind.target, "mode": "ro"} for bind in _binds(spec)},
        nano_cpus=None if limits.cpus is None else int(limits.cpus * 1_000_000_000),
        mem_limit=memory,
        memswap_limit=memory,
        pids_limit=limits.pids,
        ulimits=_ulimits(limits.storage_mb),
        device_requests=_devices(limits.gpus),
        log_config=PRINTED_LOG,
        cap_drop=["ALL"],
        cap_add=None if spec.hardened else list(KEPT_CAPABILITIES),
        **(_hardening(spec) if spec.hardened else {}),
    )
    return config


def _binds(spec: ContainerSpec) -> tuple[Bind, ...]:
    """Without a network layer nobody writes the file that says what `localhost` is."""
    if not spec.hardened or is_joined(spec):
        return spec.binds
    return (*spec.binds, Bind(source=HOSTS, target="/etc/hosts"))


def _devices(gpus: int) -> list[DeviceRequest] | None:
    if not gpus:
        return None
    return [DeviceRequest(driver="nvidia", count=gpus, capabilities=[["gpu"]])]


def _ulimits(storage_mb: int | None) -> list[Ulimit]:
    """No core dumps, and no file larger than the storage: the one disk limit every engine has."""
    limits = [Ulimit(name="core", soft=CORE["soft"], hard=CORE["hard"])]
    if storage_mb is not None:
        size = storage_mb * MEGABYTE
        limits.append(Ulimit(name="fsize", soft=size, hard=size))
    return limits


def _hardening(spec: ContainerSpec) -> dict[str, Any]:
    """Folders become tmpfs, since nothing can be made in a read-only root."""
    tmpfs = f"rw,exec,nosuid,nodev,size={TMP_MEGABYTES}m,nr_inodes={TMP_FILES},mode=1777"
    return {
        "security_opt": ["no-new-privileges"],
        "read_only": True,
        "tmpfs": dict.fromkeys(("/tmp", *spec.folders), tmpfs),  # noqa: S108 — in the container
    }
