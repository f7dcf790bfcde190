"""Compose projects: a task container with its sidecars, started and removed as one."""

import os
import threading
import time
import uuid
from collections.abc import Callable, Container, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial

import docker.errors
from docker.api.client import APIClient
from docker.utils.config import load_general_config

from autoloop.errors import ImageError
from autoloop.ports import BoxSpec
from autoloop.sandbox.compose import Compose, Project
from autoloop.sandbox.composition import MAIN, TrialTerms
from autoloop.sandbox.container import DockerContainer
from autoloop.sandbox.containers import await_folders, open_folders
from autoloop.sandbox.doors import NONE, BridgeDoor, Door, DoorInTurn, NoDoor
from autoloop.sandbox.engine import engine_errors
from autoloop.sandbox.fences import BRIDGE, Fences
from autoloop.sandbox.files import Files
from autoloop.sandbox.living import Living
from autoloop.sandbox.networks import Member, Networks, ProjectDoor, ProjectDoors
from autoloop.sandbox.preparation import PreparedProject
from autoloop.sandbox.removal import remove_container
from autoloop.sandbox.restarts import Restarts
from autoloop.sandbox.watch import DiskWatch

PROJECT = "autoloop.project"
SERVICE = "com.docker.compose.service"
STARTS_AT_ONCE = max(8, 4 * (os.cpu_count() or 1))
"""Most of a start is waiting for sidecars to be healthy."""
PROXIES = ("http_proxy", "https_proxy", "ftp_proxy", "no_proxy", "all_proxy")
REMOVAL_ROUNDS = 5
LATE_ROUNDS, LATE_PAUSE_S = 5, 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A container of a project that runs, or has done its work."""

    id: str
    service: str
    state: str
    networks: tuple[str, ...]


class Projects:
    """Starts compose projects; any thread may call."""

    def __init__(
        self,
        api: APIClient,
        compose: Compose,
        *,
        labels: Mapping[str, str],
        living: Living,
        watch: DiskWatch,
        fences: Fences,
    ) -> None:
        self._api = api
        self._watch = watch
        self._fences = fences
        self._compose = compose
        self._labels = labels
        self._living = living
        self._networks = Networks(api, labels=labels)
        self._restarts = Restarts(api, fences=fences, watch=watch)
        self._starts = threading.BoundedSemaphore(STARTS_AT_ONCE)

    @contextmanager
    def start(
        self, spec: BoxSpec, prepared: PreparedProject, *, timeout_s: float
    ) -> Iterator[DockerContainer]:
        """Start a project; yields `main`. Leaving the context removes all of it in the background.

        Raises:
            ImageError: its services do not start, or do not stay.
            TaskError: it asks for what this machine does not have.
        """
        name = f"autoloop-{uuid.uuid4().hex[:16]}"
        start = ProjectStart(name=name, spec=spec, prepared=prepared, is_cut_off=_is_cut_off(spec))
        start.refuse_open_door()
        removal = Removal(self._api, name)
        self._living.add(name, removal.run)
        try:
            with self._starts:
                parts = self._up(start, deadline=time.monotonic() + timeout_s)
                removal.is_whole = True
            policies = self._restarts.take_over([part.id for part in parts])
            self._fence_off(parts)
            turn = threading.Lock()
            containers = self._containers(start, parts, turn=turn, again=policies)
            # What ends `main` ends the trial.
            policies.pop(containers[MAIN].id, None)
            if start.makes_folders_itself:
                image = prepared.images[MAIN]
                await_folders(self._api, containers[MAIN].id, spec.folders, image=image)
            ids = [container.id for container in containers.values()]
            with (
                self._watch.over(ids, megabytes=spec.environment.resources.storage_mb),
                self._restarts.over(policies, doors=turn),
            ):
                yield containers[MAIN]
        finally:
            self._living.remove_later(name)

    def _up(self, start: "ProjectStart", *, deadline: float) -> tuple[Part, ...]:
        composition = start.prepared.composition
        networks = {}
        for key in () if composition.is_alone else composition.networks:
            networks[key] = f"{start.name}_{key}"
            self._networks.make(
                networks[key],
                members=len(composition.services),
                is_internal=start.is_cut_off,
                labels=start.labels({}),
            )
        project = Project(
            name=start.name,
            folder=start.spec.environment.folder,
            document=composition.for_trial(start.terms(self._labels, networks)),
        )
        if start.spec.folders and not start.makes_folders_itself:
            self._compose.create(project, timeout_s=deadline - time.monotonic())
            self._open_folders(start)
        waits = start.prepared.waits
        self._compose.up(project, waits=waits, timeout_s=deadline - time.monotonic())
        return self._parts(start.name)

    def _open_folders(self, start: "ProjectStart") -> None:
        """Before `main` runs a command of its own, which may need them at once."""
        with engine_errors("making folders in a container"):
            for part in self._parts(start.name):
                if part.service == MAIN:
                    open_folders(Files(self._api, part.id), start.spec.folders)

    def _parts(self, name: str) -> tuple[Part, ...]:
        with engine_errors("looking for the containers of a project"):
            rows = self._api.containers(all=True, filters={"label": f"{PROJECT}={name}"})
        return tuple(
            Part(
                id=row["Id"],
                service=row["Labels"].get(SERVICE, ""),
                state=row["State"],
                networks=tuple(row["NetworkSettings"]["Networks"]),
            )
            for row in rows
        )

    def _fence_off(self, parts: tuple[Part, ...]) -> None:
        """Also those whose networks lead nowhere: this machine may have an address there."""
        for part in parts:
            if part.state in {"running", "restarting"} and set(part.networks) - {NONE}:
                self._fences.around(part.id).close(on_bridge=BRIDGE in part.networks)

    def _containers(
        self,
        start: "ProjectStart",
        parts: tuple[Part, ...],
        *,
        turn: threading.Lock,
        again: Container[str],
    ) -> dict[str, DockerContainer]:
        """The containers by service, none of which has ended by an error for good."""
        containers: dict[str, DockerContainer] = {}
        doors = self._doors(start, parts)
        for part in parts:
            image = start.prepared.images.get(part.service, "an unknown image")
            container = DockerContainer(
                self._api,
                part.id,
                image=f"{image} (service {part.service!r})",
                door=DoorInTurn(door=doors[part.service], lock=turn),
                services=containers,
                watch=self._watch,
            )
            container.comes_again = part.service != MAIN and part.id in again
            if part.state != "running" and not container.comes_again:
                container.require_alive(may_be_done=part.service != MAIN)
            containers.setdefault(part.service, container)
        if MAIN not in containers:
            raise ImageError(
                f"The project of {start.spec.environment.folder} has no container of the service "
                f"{MAIN!r}."
            )
        return containers

    def _doors(self, start: "ProjectStart", parts: tuple[Part, ...]) -> dict[str, Door]:
        composition = start.prepared.composition
        members = {
            part.service: Member(
                container=part.id, aliases=composition.aliases(part.service), networks=part.networks
            )
            for part in parts
            if composition.network_mode(part.service) is None and not composition.is_alone
        }
        shared = ProjectDoors(
            self._api, tuple(members.values()), partial(self._inner_network, start, len(members))
        )
        doors: dict[str, Door] = {}
        for part in parts:
            if start.is_cut_off or part.service not in members:
                doors[part.service] = self._own_door(start, part)
            else:
                doors[part.service] = ProjectDoor(doors=shared, member=members[part.service])
        return doors

    def _own_door(self, start: "ProjectStart", part: Part) -> Door:
        if start.prepared.composition.network_mode(part.service) == "host":
            return NoDoor(service=part.service)
        return BridgeDoor(
            self._api,
            part.id,
            fence=self._fences.around(part.id),
            is_open=BRIDGE in part.networks,
            was_shut=NONE in part.networks,
        )

    def _inner_network(self, start: "ProjectStart", members: int) -> str:
        return self._networks.make(
            f"{start.name}_inner", members=members, is_internal=True, labels=start.labels({})
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectStart:
    """One start of a project."""

    name: str
    spec: BoxSpec
    prepared: PreparedProject
    is_cut_off: bool

    @property
    def makes_folders_itself(self) -> bool:
        """Whether `main` makes its folders as it starts."""
        return bool(self.spec.folders) and self.prepared.composition.runs_our_command

    def labels(self, ours: Mapping[str, str]) -> dict[str, str]:
        """Labels of everything that belongs to the project."""
        return {**self.spec.labels, **ours, PROJECT: self.name}

    def terms(self, ours: Mapping[str, str], networks: Mapping[str, str]) -> TrialTerms:
        """What the project's file says of its own."""
        environment = self.spec.environment
        return TrialTerms(
            labels=self.labels(ours),
            env=environment.env,
            blank=self._blank(),
            workdir=environment.workdir,
            folders=self.spec.folders,
            resources=environment.resources,
            is_cut_off=self.is_cut_off,
            images=self.prepared.images,
            networks=networks,
        )

    def _blank(self) -> tuple[str, ...]:
        """Without network, the proxies of the user's docker configuration only tell secrets.

        Compose sets them in every container, and an address may have a password in it.
        """
        if not self.is_cut_off or not load_general_config().get("proxies"):
            return ()
        return (*PROXIES, *map(str.upper, PROXIES))

    def refuse_open_door(self) -> None:
        """Refuse a task container without network that lives in the host's.

        Raises:
            TaskError: it does.
        """
        if self.is_cut_off and self.prepared.composition.network_mode(MAIN) == "host":
            NoDoor(service=MAIN).set("none")


def _is_cut_off(spec: BoxSpec) -> bool:
    return spec.environment.network.mode != "public"


class Removal:
    """Removes a project, also one whose start was broken off."""

    def __init__(
        self, api: APIClient, name: str, *, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self._api = api
        self._name = name
        self._sleep = sleep
        self.is_whole = False
        """Whether compose has made all that belongs to it."""

    def run(self) -> None:
        """Remove what there is; the engine may still make what compose had asked for."""
        remove_project(self._api, self._name)
        for _ in range(0 if self.is_whole else LATE_ROUNDS):
            self._sleep(LATE_PAUSE_S)
            remove_project(self._api, self._name)


def remove_project(api: APIClient, name: str) -> None:
    """Remove everything of a project without grace; harmless to repeat."""
    wanted = {"label": f"{PROJECT}={name}"}
    with engine_errors(f"removing the project {name}"):
        for _ in range(REMOVAL_ROUNDS):
            for row in api.containers(all=True, filters=wanted):
                remove_container(api, row["Id"])
            networks = [row["Id"] for row in api.networks(filters=wanted)]
            removed = [remove_network(api, network) for network in networks]
            if all(removed):
                break
        for volume in api.volumes(filters=wanted)["Volumes"] or ():
            remove_volume(api, volume["Name"])


def remove_network(api: APIClient, network: str) -> bool:
    """Remove a network; False when a container that was just being made is on it.

    May raise docker's APIError.
    """
    try:
        api.remove_network(network)
    except docker.errors.NotFound:
        return True
    except docker.errors.APIError as error:
        if "active endpoints" in str(error.explanation):
            return False
        raise
    return True


def remove_volume(api: APIClient, volume: str) -> None:
    """Remove a volume. May raise docker's APIError."""
    try:
        api.remove_volume(volume, force=True)
    except docker.errors.APIError as error:
        # Somebody else removed it, or uses it and will.
        if error.status_code not in {404, 409}:
            raise
