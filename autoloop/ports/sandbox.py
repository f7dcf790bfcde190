"""The container engine: images, containers, and what is done inside them."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Literal, Protocol

from autoloop.records import CommandResult, Environment, Resources


@dataclass(frozen=True, slots=True, kw_only=True)
class Bind:
    """A host folder that a container sees read-only."""

    source: Path
    target: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ContainerSpec:
    """A container to start. Every container gets init, labels, no new capabilities, limits."""

    image: str
    labels: Mapping[str, str]
    """Added to the labels every container of ours carries; `run` and `trial` at least."""
    command: tuple[str, ...] = ("sleep", "infinity")
    """Replaces the image's CMD; its ENTRYPOINT stays."""
    env: Mapping[str, str] = field(default_factory=dict)
    user: str | None = None
    workdir: str | None = None
    network: str = "public"
    """`public`: the engine's default bridge; `none`: loopback only; `container:ID`: that one's."""
    resources: Resources = field(default_factory=Resources)
    binds: tuple[Bind, ...] = ()
    hardened: bool = False
    """No capabilities at all, no-new-privileges, read-only root with a tmpfs at /tmp."""
    folders: tuple[str, ...] = ()
    """Folders made world-writable in the container before it starts, such as /logs/agent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BoxSpec:
    """A task's environment to start: one container, or `main` with its sidecars."""

    environment: Environment
    labels: Mapping[str, str]
    """`run` and `trial` at least."""
    folders: tuple[str, ...] = ()
    """Folders made world-writable in `main` before it starts, such as /logs/agent."""
    timeout_s: float = 600.0
    """Seconds for building and starting together."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FileChange:
    """A path of a container that is not as in its image."""

    path: str
    """Absolute, through no link."""
    kind: Literal["added", "changed", "removed"]
    is_folder: bool | None = None
    """None: the engine did not say."""
    is_link: bool | None = None
    """Likewise."""
    stamp: tuple[int, ...] | None = None
    """Another one after every edit, as far as the engine says: size, time, mode, owner."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Withheld:
    """A path that was not taken along, and why."""

    path: str
    reason: str
    """Such as `a socket`."""


class Container(Protocol):
    """A running container. All text in and out is bytes decoded with `errors="replace"`."""

    @property
    def id(self) -> str:
        """The engine's id."""

    def run(
        self,
        command: str,
        *,
        timeout_s: float | None = None,
        user: str | None = None,
        env: Mapping[str, str] | None = None,
        workdir: str | None = None,
        output_limit: int = 64_000,
    ) -> CommandResult:
        """Run `bash -c command` and wait.

        At `timeout_s` the command and everything it started are killed and the result says
        `timed_out` (exit code 124). Output beyond `output_limit` bytes per stream is dropped from
        the middle, head and tail are kept, with a note of how much was cut; no amount of output
        grows our memory.

        Raises:
            AgentError: once it was marked, the container was ended from inside; or too much was
                written in it.
        """

    def put(self, source: Path, target: str) -> None:
        """Copy the contents of the folder `source` into `target`, merged, owned by root."""

    def write(self, path: str, data: bytes, *, mode: int = 0o644) -> None:
        """Write one file as root, making its parent folders.

        Raises:
            ValueError: the path cannot be written, for example since it names a folder.
        """

    def read(self, path: str, *, max_bytes: int) -> bytes:
        """Read one regular file.

        Raises:
            FileNotFoundError: nothing is there.
            ValueError: it is no regular file, or larger than `max_bytes`.
        """

    def fetch(self, source: str, target: Path, *, max_bytes: int, max_files: int = 2_000) -> bool:
        """Copy the regular files below the folder `source` out to `target`; False if not there.

        Links, devices, absolute and `..` names are left out; at the limits it stops and returns.
        """

    def mark(self) -> None:
        """Remember which processes run now, before an agent or its program begins in it.

        What ends the container from inside after that is the agent's fault.
        """

    def seal(self, clear: Sequence[str], *, bring: Mapping[str, Path] | None = None) -> None:
        """End every process that was not there at `mark`, then empty the folders in `clear`.

        Then copy the contents of the folders that `bring` names into the container's folders that
        are its keys, merged, owned by root. Links that stand in their place are replaced.
        Emptied folders are owned by root and world-writable, as plain folders (no link, no mount).

        Raises:
            AgentError: the agent ended the container, or left what cannot be ended or cleared.
        """

    def changes(
        self, *, most: int = 200_000, kinds_of: Callable[[str], bool] | None = None
    ) -> tuple[FileChange, ...] | None:
        """What differs from the image, parents before what lies in them, volumes left out.

        For those paths that `kinds_of` says yes to it is told what they are, as far as they are
        still there, even if the engine must be asked for each.

        No program of the container takes part, and it may have been killed. None: this engine
        cannot tell.

        Raises:
            AgentError: there are more than `most`; or the agent, once it was marked, has ended it.
        """

    def pack(
        self,
        paths: Sequence[str],
        archive: IO[bytes],
        *,
        closed: Sequence[str],
        max_bytes: int,
        bring: Sequence[tuple[str, Path]] = (),
    ) -> tuple[Withheld, ...]:
        """Write an archive of these paths, for `unpack`; what is not taken along is returned.

        After them come the contents of folders of this machine, owned by root, each for a folder
        of the container that `bring` names first and that is made where it is not there.

        Only regular files, folders, and links whose way leads into none of the `closed` folders;
        with owner and mode, without set-uid and set-gid, capabilities or other attributes. No
        program of the container takes part, and it may have been killed.

        Raises:
            AgentError: the files have more than `max_bytes` together.
        """

    def unpack(self, archive: IO[bytes]) -> None:
        """Merge what `pack` wrote into this container, with owners and modes.

        Raises:
            AgentError: it does not fit what is there, such as a file where there is a folder.
        """

    def service(self, name: str) -> "Container":
        """The container of a compose service; `main` is this one.

        Raises:
            TaskError: the environment has no such service.
        """

    def set_network(self, mode: Literal["public", "none"]) -> None:
        """Connect the container to the outside, or cut it off; its sidecars stay reachable.

        Harmless to repeat.
        """

    def wait(self, timeout_s: float | None = None) -> int | None:
        """Wait until the main process ends; its exit code, or None at the timeout."""

    def logs(self, *, max_bytes: int = 64_000) -> str:
        """Tail of what the main process printed."""

    def overrun(self) -> str | None:
        """Measure what was written in it, and end it if that is too much.

        Why it was ended for that, now or before, as a sentence; None: it was not.
        """

    def kill(self) -> None:
        """End it at once with everything in it. Harmless to repeat."""


class Sandbox(Protocol):
    """The container engine."""

    def prepare(self, environment: Environment, *, timeout_s: float) -> None:
        """Build the environment's images, or make sure that ready ones are here.

        Built once per content of the build context; concurrent calls for one content build once.

        Raises:
            ImageError: with the end of the build log.
            TaskError: the environment asks for what this machine does not have.
        """

    def box(self, spec: BoxSpec) -> AbstractContextManager[Container]:
        """Start a task's environment, and build what it lacks; yields `main`.

        Files beside a ready image are uploaded. Leaving the context removes everything of it.
        With a network of mode `none` or `allowlist` it begins cut off from the outside.

        Raises:
            ImageError: as `prepare`; or its main process does not stay.
            TaskError: as `prepare`.
        """

    def fingerprint(self, environment: Environment) -> str:
        """Names by content what the environment's containers start from.

        Equal names, equal images. Once it is prepared this costs a question for each image.

        Raises:
            ImageError: as `prepare`.
            TaskError: as `prepare`.
        """

    def agent_image(self) -> str:
        """The image that agent.py runs in, built from the project's folder for it."""

    def start(self, spec: ContainerSpec) -> AbstractContextManager[Container]:
        """Start a container; leaving the context removes it with its anonymous volumes."""

    def sweep(self, *, run: str | None = None) -> int:
        """Remove containers of ours (of that run) that a dead process left; returns how many."""
