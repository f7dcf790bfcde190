"""Rules loaded by programs of this machine: where autoloop is root, beside the engine."""

import os
import shutil
import socket
import struct
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from docker.api.client import APIClient

from autoloop.sandbox.addresses import (
    RESOLVERS,
    Address,
    addresses_in,
    addresses_of_machine,
    nameservers_of,
)
from autoloop.sandbox.engine import engine_address
from autoloop.sandbox.loading import LOAD_S, LOCK_S, LoadingError, Target, open_by_ipv6
from autoloop.sandbox.rules import IPV4, IPV6, Closed, Range, Version
from autoloop.sandbox.watch import engine_folder

PROC = Path("/proc")
LOADERS: dict[Version, str] = {IPV4: "iptables-restore", IPV6: "ip6tables-restore"}
PATH = f"{os.defpath}:/usr/local/sbin:/usr/sbin:/sbin:/run/current-system/sw/bin"
PEER = struct.Struct("3i")


class RuleLoader:
    """Loads rules with the programs that the engine uses itself; any thread may call."""

    def __init__(self, path: str = PATH) -> None:
        """`path` is where these programs are."""
        self._path = path

    def try_out(self, version: Version, rules: str) -> None:
        """Load them into a network that is made for this and gone afterwards.

        Raises:
            LoadingError: that does not work on this machine.
        """
        self._run(("unshare", "--net"), version, rules)

    def load(self, version: Version, rules: str, *, namespace: int) -> None:
        """Load them into the network that an open file stands for, in place of those there.

        Raises:
            LoadingError: that did not work.
        """
        enter = ("nsenter", f"--net=/proc/self/fd/{namespace}")
        self._run(enter, version, rules, keeps=(namespace,))

    def _run(
        self, enter: tuple[str, ...], version: Version, rules: str, *, keeps: tuple[int, ...] = ()
    ) -> None:
        loader = LOADERS[version]
        for program in (enter[0], loader):
            if shutil.which(program, path=self._path) is None:
                raise LoadingError(f"the program {program} is not here")
        try:
            ended = subprocess.run(
                (*enter, "--", loader, "-w", str(LOCK_S)),
                input=rules,
                env={"PATH": self._path, "LC_ALL": "C"},
                pass_fds=keeps,
                capture_output=True,
                text=True,
                timeout=LOAD_S,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise LoadingError(f"{loader} failed: {error}") from error
        if ended.returncode:
            said = " ".join(ended.stderr.split())[-500:]
            raise LoadingError(f"{loader} failed: {said or f'exit code {ended.returncode}'}")


class HostWay:
    """Enters a container's network from outside."""

    def __init__(self, api: APIClient, *, loader: RuleLoader | None = None) -> None:
        self._api = api
        self._loader = loader or RuleLoader()

    def yard(self, bridge: tuple[Range, ...]) -> "HostYard":
        """Try it out.

        Raises:
            LoadingError: autoloop is not root, or not beside the engine; or programs are missing.
            EngineError: the engine does not answer.
        """
        if os.geteuid() != 0:
            raise LoadingError("autoloop does not run as root")
        machine = addresses_of_machine()
        is_here = any(address in one for address in machine for one in bridge)
        if engine_folder(self._api) is None or not is_here or not _listens_beside_us():
            raise LoadingError("the container engine is on another machine, or in one of its own")
        closed = Closed(machine=machine, bridge=bridge, own=(), nameservers=frozenset())
        self._loader.try_out(IPV4, closed.rules(IPV4))
        try:
            self._loader.try_out(IPV6, closed.rules(IPV6))
        except LoadingError as error:
            needs_it = any(one.version == IPV6 for one in bridge)
            gap = open_by_ipv6(error) if needs_it else None
            return HostYard(loader=self._loader, versions=(IPV4,), gap=gap)
        return HostYard(loader=self._loader, versions=(IPV4, IPV6), gap=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class HostYard:
    """Fences are built from outside."""

    loader: RuleLoader
    versions: tuple[Version, ...]
    """Of which rules can be loaded."""
    gap: str | None

    def machine(self) -> frozenset[Address]:
        """All addresses of this machine, which is the engine's."""
        return addresses_of_machine()

    def nameservers(self) -> frozenset[Address]:
        """Those of this machine, which the engine's own resolver asks."""
        return nameservers_of(RESOLVERS)

    def load(self, target: Target, closed: Closed) -> None:
        """Load rules from outside.

        Raises:
            LoadingError: that did not work, or the network is not the container's own.
        """
        with network_of(target.pid, container=target.container) as network:
            for version in self.versions:
                if version == IPV4 or _needs_ipv6(closed, target.pid):
                    self.loader.load(version, closed.rules(version), namespace=network)


@contextmanager
def network_of(pid: int, *, container: str) -> Iterator[int]:
    """The network that a container's main process lives in, as an open file.

    Raises:
        LoadingError: the process is not that container's, or lives in this process's own network.
    """
    try:
        namespace = os.open(PROC / str(pid) / "ns/net", os.O_RDONLY)
    except OSError as error:
        raise LoadingError(f"the container's process {pid} is not to be found") from error
    try:
        # Only after it is open: by now the number might be another process's.
        if container not in _text(PROC / str(pid) / "cgroup"):
            raise LoadingError(f"process {pid} is not the container's")
        if os.path.samestat(os.fstat(namespace), (PROC / "self/ns/net").stat()):
            raise LoadingError("the container lives in the network of this machine")
        yield namespace
    finally:
        os.close(namespace)


def _listens_beside_us() -> bool:
    """Whether who opened the engine's socket is a process that we see, in our own network."""
    with socket.socket(socket.AF_UNIX) as probe:
        probe.connect(engine_address().removeprefix("unix://"))
        pid, _, _ = PEER.unpack(probe.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, PEER.size))
    try:
        theirs = (PROC / str(pid) / "ns/net").stat()
    except OSError:
        return False
    return os.path.samestat(theirs, (PROC / "self/ns/net").stat())


def _needs_ipv6(closed: Closed, pid: int) -> bool:
    """Mostly there is none, which saves half the time."""
    if any(one.version == IPV6 for one in closed.bridge):
        return True
    return bool(addresses_in(_text(PROC / str(pid) / "net/if_inet6")))


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except OSError:
        return ""
