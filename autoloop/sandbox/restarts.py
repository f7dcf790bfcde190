"""Services of a project that are started again when they end: by autoloop, not by the engine.

The engine would make a new network for them, in which their command runs at once, without the rules
of a fence. Here the rules are there first.
"""

import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

import docker.errors
import requests
import tenacity
from docker.api.client import APIClient

from autoloop.errors import EngineError
from autoloop.sandbox.doors import NONE, join, leave
from autoloop.sandbox.engine import engine_errors
from autoloop.sandbox.fences import BRIDGE, Fences
from autoloop.sandbox.watch import DiskWatch

NEVER = "no"
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.1, 60.0
"""Before a service is started again, doubled each time, as Docker has it."""
MOST_ASKED_S = 10.0
LONG_S = 10.0
"""Who ran for so long is started again after the first pause."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """When a service is started again, as compose has it."""

    name: str
    most: int
    """How often at most, where that is limited; else 0."""

    def wants(self, code: int, *, so_far: int) -> bool:
        """Whether it is to be started after this exit code, and so many times."""
        if self.name == "on-failure":
            return code != 0 and (self.most == 0 or so_far < self.most)
        return True


class Restarts:
    """Starts services again in the engine's place; any thread may call."""

    def __init__(self, api: APIClient, *, fences: Fences, watch: DiskWatch) -> None:
        self._api = api
        self._fences = fences
        self._watch = watch

    def take_over(self, containers: Sequence[str]) -> dict[str, Policy]:
        """Have the engine start none of them again; those that `over` has to, with their policies.

        Where no fence can stand, all is left to the engine.

        Raises:
            EngineError: the engine refused.
        """
        with engine_errors("taking over restarts of services"):
            found = {one: self._policy(one) for one in containers}
            policies = {one: policy for one, policy in found.items() if policy is not None}
            if not policies or not self._fences.can_stand():
                return {}
            for container in policies:
                self._leave_to_us(container)
        return policies

    @contextmanager
    def over(self, policies: Mapping[str, Policy], *, doors: threading.Lock) -> Iterator[None]:
        """Start them again as they end. Who holds `doors` alone switches networks of theirs."""
        is_over = threading.Event()
        for container, policy in policies.items():
            service = _Service(container=container, policy=policy, doors=doors, is_over=is_over)
            threading.Thread(
                target=self._go_on, args=(service,), name="autoloop-restarts", daemon=True
            ).start()
        try:
            yield
        finally:
            is_over.set()

    def _policy(self, container: str) -> Policy | None:
        told = self._api.inspect_container(container)["HostConfig"]["RestartPolicy"]
        if told["Name"] in {"", NEVER}:
            return None
        return Policy(name=str(told["Name"]), most=int(told["MaximumRetryCount"]))

    def _leave_to_us(self, container: str) -> None:
        """The engine refuses where it just ends; then it is asked again."""
        # Its types know two of the policies.
        never: Any = {"Name": NEVER}
        asking = tenacity.Retrying(
            retry=tenacity.retry_if_exception_type(docker.errors.APIError),
            stop=tenacity.stop_after_delay(MOST_ASKED_S),
            wait=tenacity.wait_fixed(FIRST_PAUSE_S),
            reraise=True,
        )
        asking(self._api.update_container, container, restart_policy=never)
        if self._api.inspect_container(container)["State"]["Restarting"]:
            self._api.stop(container, timeout=0)

    def _go_on(self, service: "_Service") -> None:
        pause_s, so_far = FIRST_PAUSE_S, 0
        # It was removed, the engine is gone, or there is no fence for it: then it stays as it is.
        with suppress(docker.errors.APIError, requests.RequestException, EngineError):
            while True:
                began = time.monotonic()
                code = int(self._api.wait(service.container, timeout=None)["StatusCode"])
                if time.monotonic() - began > LONG_S:
                    pause_s = FIRST_PAUSE_S
                if not service.policy.wants(code, so_far=so_far):
                    return
                if service.is_over.wait(pause_s) or self._watch.overrun(service.container):
                    return
                with service.doors:
                    self._start(service.container)
                pause_s, so_far = min(2 * pause_s, LONGEST_PAUSE_S), so_far + 1

    def _start(self, container: str) -> None:
        """Start it without a network, put up its fence, and connect it to the networks it had."""
        networks = self._api.inspect_container(container)["NetworkSettings"]["Networks"]
        if not networks or not networks.keys().isdisjoint({NONE, "host"}):
            # It has none, or that of another container, or this machine's.
            self._api.start(container)
            return
        for name in networks:
            leave(self._api, container, name)
        join(self._api, container, NONE)
        self._api.start(container)
        self._fences.around(container).close(on_bridge=BRIDGE in networks)
        leave(self._api, container, NONE)
        for name, told in networks.items():
            address = (told["IPAMConfig"] or {}).get("IPv4Address")
            self._api.connect_container_to_network(
                container, name, aliases=told["Aliases"], links=told["Links"], ipv4_address=address
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Service:
    """One that is started again until its project is over."""

    container: str
    policy: Policy
    doors: threading.Lock
    is_over: threading.Event
