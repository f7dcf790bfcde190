"""What a task's container may reach, from one phase of a trial to the next."""

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from types import MappingProxyType, TracebackType
from typing import Self

from autoloop.errors import EngineError
from autoloop.harness.egress import LISTENING, PROXY_PORT
from autoloop.ports import Bind, Container, ContainerSpec
from autoloop.records import Network, Resources
from autoloop.trial.plan import TrialPlan
from autoloop.trial.seat import HARNESS, HARNESS_FOLDER, NOBODY, SOCKET_FOLDER

FORWARDER_RESOURCES = Resources(cpus=0.5, memory_mb=128, pids=64)
LISTENING_S = 20.0
LOOK_S = 0.02
_PROXY = f"http://127.0.0.1:{PROXY_PORT}"
_NAMES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")
PROXY_ENV: Mapping[str, str] = MappingProxyType(
    {name: _PROXY for upper in _NAMES for name in (upper, upper.lower())}
    | dict.fromkeys(("NO_PROXY", "no_proxy"), "localhost,127.0.0.1")
)
"""What commands need to know in a phase that allows some hosts only."""


class Line:
    """A container's way to the outside, as the phase that goes on wants it. A context manager."""

    def __init__(self, plan: TrialPlan, container: Container, *, at_first: Network) -> None:
        """`at_first` is the network of its environment: how the sandbox has started it."""
        self._plan = plan
        self._container = container
        self._is_open = at_first.mode == "public"
        self._hosts: tuple[str, ...] | None = None
        self._forwarder = ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._forwarder.close()

    @property
    def env(self) -> Mapping[str, str]:
        """Variables for every command of this phase."""
        return {} if self._hosts is None else PROXY_ENV

    def use(self, network: Network) -> None:
        """Let the container reach this much from now on; does nothing when it is so already."""
        is_open = network.mode == "public"
        hosts = network.hosts if network.mode == "allowlist" else None
        if is_open != self._is_open:
            self._container.set_network("public" if is_open else "none")
            self._is_open = is_open
        if hosts != self._hosts:
            self._forwarder.close()
            self._hosts = None
            if hosts is not None:
                self._forwarder.enter_context(_forwarding(self._plan, self._container, hosts))
                self._hosts = hosts


@contextmanager
def _forwarding(plan: TrialPlan, container: Container, hosts: Sequence[str]) -> Iterator[None]:
    """A port on the container's loopback that leads to a proxy for these hosts."""
    with plan.egress.open(hosts) as folder:
        spec = ContainerSpec(
            image=plan.sandbox.agent_image(),
            labels={"trial": plan.name},
            command=("python3", "-I", f"{HARNESS}/egress.py"),
            user=NOBODY,
            network=f"container:{container.id}",
            resources=FORWARDER_RESOURCES,
            binds=(
                Bind(source=HARNESS_FOLDER, target=HARNESS),
                Bind(source=folder, target=SOCKET_FOLDER),
            ),
            hardened=True,
        )
        with plan.sandbox.start(spec) as forwarder:
            _wait_until_listening(forwarder)
            yield


def _wait_until_listening(forwarder: Container) -> None:
    give_up = time.monotonic() + LISTENING_S
    while LISTENING not in (said := forwarder.logs()).splitlines():
        if time.monotonic() > give_up or said.endswith("\n"):
            raise EngineError(
                "The way out to the hosts that the task allows could not be opened in its"
                f" container: {said.strip()[-500:] or f'nothing listens after {LISTENING_S:g} s'}."
            )
        time.sleep(LOOK_S)
