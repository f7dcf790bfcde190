"""Rules for packets, loaded into a network that is not this process's own."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from autoloop.sandbox.rules import IPV4, IPV6, Version

PROC = Path("/proc")
LOADERS: dict[Version, str] = {IPV4: "iptables-restore", IPV6: "ip6tables-restore"}
PATH = f"{os.defpath}:/usr/local/sbin:/usr/sbin:/sbin:/run/current-system/sw/bin"
LOAD_S = 30.0
LOCK_S = "10"
"""How long to wait for others who change rules, where that is one at a time."""


class LoadingError(Exception):
    """Rules were not loaded; the message says why, without a full stop."""


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
                (*enter, "--", loader, "-w", LOCK_S),
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


def table_of(pid: int, name: str) -> str:
    """What a process's network says of itself in /proc; nothing where it has no such table."""
    return _text(PROC / str(pid) / "net" / name)


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except OSError:
        return ""
