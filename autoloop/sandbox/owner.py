"""Which process a container belongs to, so that a dead one's containers can be told from ours."""

import os
import socket
from dataclasses import dataclass
from pathlib import Path
from typing import Self

PROC = Path("/proc")


@dataclass(frozen=True, slots=True, kw_only=True)
class Owner:
    """A process that pid reuse, a reboot or another machine's pids cannot be mistaken for."""

    host: str
    boot: str
    """Boot id and pid namespace: pids compare only where both are equal."""
    pid: int
    started: int
    """Clock ticks after boot."""

    @classmethod
    def current(cls) -> Self:
        """This process."""
        boot = (PROC / "sys/kernel/random/boot_id").read_text().strip()
        return cls(
            host=socket.gethostname(),
            boot=f"{boot}:{(PROC / 'self/ns/pid').readlink().name}",
            pid=os.getpid(),
            started=_start_ticks(os.getpid()) or 0,
        )

    def labels(self) -> dict[str, str]:
        """Labels that `from_labels` reads back."""
        return {
            "autoloop.host": self.host,
            "autoloop.boot": self.boot,
            "autoloop.pid": str(self.pid),
            "autoloop.started": str(self.started),
        }

    @classmethod
    def from_labels(cls, labels: dict[str, str]) -> Self | None:
        """The owner named by a container's labels; None if they are not as we write them."""
        try:
            return cls(
                host=labels["autoloop.host"],
                boot=labels["autoloop.boot"],
                pid=int(labels["autoloop.pid"]),
                started=int(labels["autoloop.started"]),
            )
        except (KeyError, ValueError):
            return None

    def is_gone(self, here: "Owner") -> bool:
        """Whether the process is surely dead, as far as `here` can tell.

        A process on another machine or in another pid namespace is taken to be alive.
        """
        if self.host != here.host:
            return False
        if self.boot != here.boot:
            return self.boot.partition(":")[0] != here.boot.partition(":")[0]
        return _start_ticks(self.pid) != self.started


def _start_ticks(pid: int) -> int | None:
    try:
        stat = (PROC / str(pid) / "stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return None
    # The command name may hold spaces and parentheses; the fields are counted after the last one.
    return int(stat.rpartition(")")[2].split()[19])
