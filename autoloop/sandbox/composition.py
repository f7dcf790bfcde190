"""A task's docker-compose.yaml, resolved, and what a trial's own copy of it says."""

import copy
import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from autoloop.records import Resources
from autoloop.sandbox.creation import (
    CORE,
    KEPT_CAPABILITIES,
    PRINTED_LOG,
    WITHOUT_HOST,
    making_folders,
)

MAIN = "main"
OUR_COMMAND = ("sh", "-c", "sleep infinity")
"""What Harbor lets the task container run, unless the task says otherwise."""
DEFAULT_NETWORK = "default"
LOG_PATHS = {
    "VERIFIER_LOGS": "/logs/verifier",
    "AGENT_LOGS": "/logs/agent",
    "ARTIFACTS": "/logs/artifacts",
}
"""Folders that older tasks mount through variables; here they are in the container already."""

Table = dict[str, Any]
"""A part of the file: its shape is compose's, and stays in this module."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceBuild:
    """How a service's image is built."""

    service: str
    context: Path
    dockerfile: str
    args: Mapping[str, str]
    target: str | None
    image: str | None
    """What the file calls the result."""
    has_folder: bool
    """The context is a folder, not an address."""
    is_plain: bool
    """Nothing is asked for that only compose itself can do."""
    text: str
    """All of it, for a digest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialTerms:
    """What differs from trial to trial, and what is ours in every trial."""

    labels: Mapping[str, str]
    env: Mapping[str, str]
    """Of `main`."""
    workdir: str | None
    folders: tuple[str, ...]
    """Made in `main`."""
    resources: Resources
    is_cut_off: bool
    images: Mapping[str, str]
    """By service."""
    blank: tuple[str, ...] = ()
    """Variables that are empty unless the file sets them."""
    networks: Mapping[str, str] = field(default_factory=dict)
    """Networks that are there already, by their names in the file."""


class Composition:
    """What `docker compose config` says about a task; never changed."""

    def __init__(self, resolved: str) -> None:
        self._model: Table = _each_text(json.loads(resolved), "$$", "$")
        self.digest = hashlib.sha256(resolved.encode()).hexdigest()
        """Names what it says."""

    @property
    def services(self) -> tuple[str, ...]:
        """Names of the services."""
        return tuple(self._services())

    @property
    def is_alone(self) -> bool:
        """Whether `main` is the only service, and asks for no network of its own."""
        networks = self._model.get("networks") or {}
        is_plain = not self._main().get("network_mode") and set(networks) <= {DEFAULT_NETWORK}
        config = networks.get(DEFAULT_NETWORK) or {}
        return set(self.services) == {MAIN} and is_plain and _is_ordinary(config)

    @property
    def runs_our_command(self) -> bool:
        """Whether `main` only waits for commands."""
        return tuple(self._main().get("command") or ()) == OUR_COMMAND

    @property
    def networks(self) -> tuple[str, ...]:
        """Networks without any wish of their own, which we can make ourselves."""
        used = {name for service in self._services().values() for name in _networks(service)}
        declared = self._model.get("networks") or {}
        return tuple(
            name for name in declared if name in used and _is_ordinary(declared[name] or {})
        )

    @property
    def has_healthcheck(self) -> bool:
        """Whether a service has one in the file."""
        return any("healthcheck" in service for service in self._services().values())

    def ready_images(self) -> dict[str, str]:
        """The image of each service that is not built."""
        return {
            name: str(service["image"])
            for name, service in self._services().items()
            if "build" not in service and service.get("image")
        }

    def builds(self) -> Iterator[ServiceBuild]:
        """What is to be built."""
        for name, service in self._services().items():
            if "build" in service:
                yield _build(name, service)

    def aliases(self, service: str) -> tuple[str, ...]:
        """Names by which the others reach a service."""
        named = self._services()[service].get("container_name")
        return (service, str(named)) if named else (service,)

    def network_mode(self, service: str) -> str | None:
        """The service's own choice, such as `host`."""
        mode = self._services()[service].get("network_mode")
        return None if mode is None else str(mode)

    def for_build(self, service: str, *, image: str) -> str:
        """The file with which compose itself builds a service's image."""
        build = {**self._services()[service]["build"], "labels": {"autoloop": "1"}}
        model = {"services": {service: {"image": image, "build": build}}}
        return _text({**model, "secrets": self._model.get("secrets") or {}})

    def for_trial(self, terms: TrialTerms) -> str:
        """The file of one trial."""
        model = copy.deepcopy({key: part for key, part in self._model.items() if key != "name"})
        model["services"] = {
            name: self._service(name, service, terms) for name, service in model["services"].items()
        }
        model["networks"] = self._trial_networks(terms)
        model["volumes"] = {
            name: _private(config or {}, terms)
            for name, config in (self._model.get("volumes") or {}).items()
        }
        if self.is_alone:
            model["services"][MAIN]["network_mode"] = "none" if terms.is_cut_off else "bridge"
            # The bridge has no names.
            known = model["services"][MAIN].get("extra_hosts") or []
            model["services"][MAIN]["extra_hosts"] = [*_host_lines(known), f"{MAIN}:127.0.0.1"]
            del model["services"][MAIN]["networks"], model["networks"]
        return _text(model)

    def _services(self) -> dict[str, Table]:
        services: dict[str, Table] = self._model["services"]
        return services

    def _main(self) -> Table:
        return self._services()[MAIN]

    def _service(self, name: str, service: Table, terms: TrialTerms) -> Table:
        dropped = {"build", "container_name", "ports", "pull_policy", "profiles"}
        ours = {key: value for key, value in service.items() if key not in dropped}
        ours |= {
            "image": terms.images[name],
            "pull_policy": "never",
            "labels": {**(service.get("labels") or {}), **terms.labels},
            "environment": {
                **dict.fromkeys(terms.blank, ""),
                **(service.get("environment") or {}),
            },
            "volumes": list(_mounts(service, is_main=name == MAIN)),
        }
        ours.setdefault("logging", {"driver": PRINTED_LOG.type, "options": PRINTED_LOG.config})
        if not service.get("network_mode"):
            ours["networks"] = _named(service, self.aliases(name)[1:])
        return _main(ours, terms, waits=self.runs_our_command) if name == MAIN else ours

    def _trial_networks(self, terms: TrialTerms) -> Table:
        declared = self._model.get("networks") or {}
        made = {name: {"name": real, "external": True} for name, real in terms.networks.items()}
        return {
            name: _private(config or {}, terms, is_internal=terms.is_cut_off)
            for name, config in declared.items()
        } | made


def _main(service: Table, terms: TrialTerms, *, waits: bool) -> Table:
    """`main` as every task container of ours is: limits, few capabilities, its env and folders."""
    limits = terms.resources
    service["environment"] = {**service["environment"], **terms.env}
    service.setdefault("init", True)
    service["cap_drop"] = [*(service.get("cap_drop") or []), "ALL"]
    service["cap_add"] = sorted({*(service.get("cap_add") or []), *KEPT_CAPABILITIES})
    ulimits = service.setdefault("ulimits", {})
    ulimits.setdefault("core", CORE)
    if limits.storage_mb is not None:
        ulimits.setdefault("fsize", limits.storage_mb * 1024 * 1024)
    if not _deployed(service, "limits").get("pids"):
        service.setdefault("pids_limit", limits.pids)
    if service.get("mem_limit"):
        service.setdefault("memswap_limit", service["mem_limit"])
    if limits.gpus and not _asks_for_gpus(service):
        deploy = service.setdefault("deploy", {})
        reserved = deploy.setdefault("resources", {}).setdefault("reservations", {})
        device = {"driver": "nvidia", "count": limits.gpus, "capabilities": ["gpu"]}
        reserved["devices"] = [*reserved.get("devices", []), device]
    if waits:
        service["command"] = making_folders(terms.folders, OUR_COMMAND)
        if terms.workdir:
            service.setdefault("working_dir", terms.workdir)
    return service


def _deployed(service: Table, kind: str) -> Table:
    found: Table = ((service.get("deploy") or {}).get("resources") or {}).get(kind) or {}
    return found


def _asks_for_gpus(service: Table) -> bool:
    devices = _deployed(service, "reservations").get("devices") or []
    wanted = {str(power) for device in devices for power in device.get("capabilities") or ()}
    return bool(service.get("gpus")) or any(
        power == "gpu" or power.startswith("nvidia") for power in wanted
    )


def _host_lines(known: Any) -> list[str]:  # noqa: ANN401 — a list or a table
    """Compose's releases write these in two ways."""
    if isinstance(known, dict):
        return [f"{name}:{address}" for name, address in known.items()]
    return [str(line) for line in known]


def _mounts(service: Table, *, is_main: bool) -> Iterator[Table]:
    for mount in service.get("volumes") or ():
        if mount.get("type") != "bind" or mount.get("source") not in LOG_PATHS.values():
            yield mount
        elif not is_main:
            yield {"type": "volume", "target": mount["target"]}


def _networks(service: Table) -> Table:
    found: Table = service.get("networks") or {}
    return found


def _named(service: Table, aliases: tuple[str, ...]) -> Table:
    """The service's networks, on each of which it has these names, too."""
    return {
        name: {**(config or {}), "aliases": [*((config or {}).get("aliases") or ()), *aliases]}
        for name, config in _networks(service).items()
    }


def _is_ordinary(network: Table) -> bool:
    wishes = {key for key, value in network.items() if value and key not in {"name", "labels"}}
    return not wishes


def _private(config: Table, terms: TrialTerms, *, is_internal: bool = False) -> Table:
    """A network or volume of this project alone, whatever name the task gave it."""
    if config.get("external"):
        return config
    ours = {key: value for key, value in config.items() if key != "name"}
    ours["labels"] = {**(config.get("labels") or {}), **terms.labels}
    if not is_internal:
        return ours
    if ours.get("driver") in {None, "", "bridge"}:
        ours["driver_opts"] = {**(ours.get("driver_opts") or {}), **WITHOUT_HOST}
    return {**ours, "internal": True}


PLAIN_KEYS = {"context", "dockerfile", "args", "target"}


def _build(name: str, service: Table) -> ServiceBuild:
    build: Table = service["build"]
    context = Path(str(build.get("context", ".")))
    dockerfile = str(build.get("dockerfile", "Dockerfile"))
    args = build.get("args") or {}
    is_inside = not Path(dockerfile).is_absolute() and ".." not in Path(dockerfile).parts
    asked = {key for key, value in build.items() if value}
    is_plain = asked <= PLAIN_KEYS and context.is_dir() and is_inside
    is_plain = is_plain and all(value is not None for value in args.values())
    return ServiceBuild(
        service=name,
        context=context,
        dockerfile=dockerfile,
        args={key: str(value) for key, value in args.items() if value is not None},
        target=build.get("target"),
        image=service.get("image"),
        has_folder=context.is_dir(),
        is_plain=is_plain,
        text=json.dumps(build, sort_keys=True),
    )


def _text(model: Table) -> str:
    return json.dumps(_each_text(model, "$", "$$"))


def _each_text(value: Any, old: str, new: str) -> Any:  # noqa: ANN401 — any JSON
    """A copy in which every text, keys aside, has `old` replaced."""
    if isinstance(value, str):
        return value.replace(old, new)
    if isinstance(value, list):
        return [_each_text(item, old, new) for item in value]
    if isinstance(value, dict):
        return {key: _each_text(item, old, new) for key, item in value.items()}
    return value
