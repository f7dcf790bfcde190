"""A running container, in the words of the port."""

import tarfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Literal, cast

import docker.errors
import requests
from docker.api.client import APIClient

from autoloop.errors import (
    AgentError,
    AutoloopError,
    DiskQuotaError,
    EngineError,
    ImageError,
    TaskError,
)
from autoloop.ports import FileChange, Withheld
from autoloop.records import CommandResult
from autoloop.sandbox.archives import Entry, archive_of, archive_of_folders, emptied, normal
from autoloop.sandbox.changes import changes_of, known
from autoloop.sandbox.doors import Door
from autoloop.sandbox.engine import ask, engine_errors, explanation, innermost
from autoloop.sandbox.execution import Command, run_command
from autoloop.sandbox.extraction import Limits, unpack
from autoloop.sandbox.files import Files, only_file, refuse_unreadable, state_in
from autoloop.sandbox.output import Excerpt, Frames
from autoloop.sandbox.packing import Packer, fitting, sparse_archive
from autoloop.sandbox.processes import Process, end_all_but, settled
from autoloop.sandbox.watch import DiskWatch

MAIN = "main"
UNWRITABLE = ("cannot overwrite", "not a directory", "name too long", "too many levels", "tar file")


class DockerContainer:
    """Implements `autoloop.ports.Container`; its methods may be called from any thread."""

    def __init__(
        self,
        api: APIClient,
        container_id: str,
        *,
        image: str,
        door: Door | None = None,
        services: Mapping[str, "DockerContainer"] | None = None,
        watch: DiskWatch | None = None,
    ) -> None:
        """`services` are all of its compose project; `watch` is what may end it."""
        self._api = api
        self._id = container_id
        self._image = image
        self._door = door
        self._services = {} if services is None else services
        self._watch = watch
        self._files = Files(api, container_id)
        self._marked: frozenset[Process] | None = None
        self._is_killed = False
        self.comes_again = False
        """Whether it is started again as it ends, and so may be down for a while."""

    @property
    def id(self) -> str:
        """The engine's id."""
        return self._id

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
        """Run `bash -c command` and wait; what cannot be run at all ends with 126 or 127.

        Raises:
            AgentError: once it was marked, the container was ended from inside; or too much was
                written in it.
        """
        wanted = Command(
            argv=("bash", "-c", command),
            timeout_s=timeout_s,
            user=user,
            env=env or {},
            workdir=workdir,
            output_limit=output_limit,
        )
        with self._engine("running a command"):
            result = run_command(self._api, self._id, wanted)
        self._refuse_overrun()
        return result

    def put(self, source: Path, target: str) -> None:
        """Copy the contents of the folder `source` into `target`, merged, owned by root."""
        place = str(normal(target))
        with self._engine(f"copying {source} to {target}"):
            exists = self._files.state(place) is not None
            with archive_of_folders({"" if exists else place: source}) as archive:
                self._files.unpack(archive, at=place if exists else "/")

    def write(self, path: str, data: bytes, *, mode: int = 0o644) -> None:
        """Write one file as root, making its parent folders; a link at `path` is replaced.

        Raises:
            ValueError: the path is not absolute, or is or runs through something else than folders.
        """
        archive = archive_of([Entry(path=str(normal(path)), mode=mode, data=data)])
        with self._engine(f"writing {path}"):
            try:
                self._files.unpack(archive, at="/", keep_folders=True)
            except docker.errors.APIError as error:
                said = explanation(error)
                if any(words in said for words in UNWRITABLE) and "no space left" not in said:
                    raise ValueError(f"The file {path!r} cannot be written: {said}") from error
                raise

    def read(self, path: str, *, max_bytes: int) -> bytes:
        """Read one regular file.

        Raises:
            FileNotFoundError: nothing is there.
            ValueError: it is no regular file, or larger than `max_bytes`.
        """
        with self._engine(f"reading {path}"):
            answer = self._files.archive(str(normal(path)))
            if answer is None:
                raise FileNotFoundError(f"The container has no file {path!r}.")
            with answer:
                refuse_unreadable(path, state_in(answer), max_bytes)
                return only_file(answer)

    def fetch(self, source: str, target: Path, *, max_bytes: int, max_files: int = 2_000) -> bool:
        """Copy the regular files below the folder `source` out to `target`; False if not there."""
        with self._engine(f"copying {source} out"):
            answer = self._files.archive(str(normal(source)))
            if answer is None:
                return False
            with answer:
                unpack(_body(answer), target, Limits(max_bytes=max_bytes, max_files=max_files))
                return True

    def require_alive(self, *, may_be_done: bool = False) -> None:
        """Refuse a container that ended; with `may_be_done` only one that ended by an error.

        Raises:
            ImageError: it did, with what it printed.
        """
        with self._engine("looking whether a container still runs"):
            state = self._api.inspect_container(self._id)["State"]
        if state["Running"] or (may_be_done and not state["ExitCode"]):
            return
        said = self.logs(max_bytes=2_000).strip()
        raise ImageError(
            f"The main process of a container of {self._image} ended with exit code "
            f"{state['ExitCode']}: an ENTRYPOINT must run the command that it is given, and a "
            f"command of docker-compose.yaml must not end.{f' It printed: {said}' if said else ''}"
        )

    def mark(self) -> None:
        """Remember which processes run now, before the agent begins.

        Raises:
            ImageError: a sidecar has ended by an error.
        """
        for service in self._services.values():
            if service is not self and not service.comes_again:
                service.require_alive(may_be_done=True)
        with self._engine("listing processes"):
            self._marked = settled(self._api, self._id)

    def seal(self, clear: Sequence[str], *, bring: Mapping[str, Path] | None = None) -> None:
        """End every process that was not there at `mark`, then empty the folders in `clear`.

        Then copy the contents of the folders that `bring` names into the container's folders that
        are its keys. Links that stand in the place of any of them are replaced.

        Raises:
            AgentError: the agent ended the container, or left processes that cannot be ended.
        """
        if self._marked is None:
            raise RuntimeError("Call mark() before the agent begins, seal() when it has ended.")
        self._refuse_overrun()
        with self._engine("ending what the agent left running"):
            left = end_all_but(self._api, self._id, self._marked)
        if left:
            raise AgentError(
                f"The agent left {len(left)} processes running that could not be ended; "
                f"a task's verifier cannot run beside them."
            )
        emptying = [str(normal(folder)) for folder in clear]
        bringing = {str(normal(target)): source for target, source in (bring or {}).items()}
        with self._engine(f"emptying {', '.join(clear)}"):
            self._renew(emptying, bringing)

    def changes(
        self, *, most: int = 200_000, kinds_of: Callable[[str], bool] | None = None
    ) -> tuple[FileChange, ...] | None:
        """What differs from the image; None where volumes are mounted, which the engine leaves out.

        What those paths are that `kinds_of` says yes to is told in any case.

        Raises:
            AgentError: there are more than `most`; or the agent ended the container.
        """
        with self._engine("looking at what was changed"):
            found = changes_of(self._api, self._id, most=most)
            if self._has_died():
                raise self._ended("looking at what was changed")
            return found and known(found, self._files, kinds_of=kinds_of)

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

        After them come the contents of the folders in `bring`, each below the path before it.

        Raises:
            AgentError: the files have more than `max_bytes` together.
        """
        with self._engine("taking along what was changed"), sparse_archive(archive) as target:
            packer = Packer(
                files=self._files,
                wanted=frozenset(paths),
                closed=tuple(map(normal, closed)),
                max_bytes=max_bytes,
                target=target,
            )
            return packer.pack(bring)

    def unpack(self, archive: IO[bytes]) -> None:
        """Merge what `pack` wrote into this container, with owners and modes.

        Raises:
            AgentError: it does not fit what is there, such as a file where there is a folder.
        """
        with self._engine("bringing what the agent left"), fitting():
            self._files.unpack(archive, at="/")

    def service(self, name: str) -> "DockerContainer":
        """The container of a compose service; `main` is this one.

        Raises:
            TaskError: the environment has no such service.
        """
        known = {MAIN: self, **self._services}
        if name not in known:
            names = ", ".join(repr(name) for name in sorted(known))
            raise TaskError(
                f"The environment has no service {name!r}, only {names}: add it to "
                f"environment/docker-compose.yaml, or name another in task.toml."
            )
        return known[name]

    def set_network(self, mode: Literal["public", "none"]) -> None:
        """Connect the container to the outside, or cut it off; its sidecars stay reachable."""
        if self._door is None:
            raise RuntimeError("A container that was started without a door has no way out.")
        with self._engine(f"setting the network to {mode!r}"):
            self._door.set(mode)

    def wait(self, timeout_s: float | None = None) -> int | None:
        """Wait until the main process ends; its exit code, or None at the timeout.

        Raises:
            EngineError: somebody else used the engine to end the container.
        """
        with self._engine("waiting for the container to end"):
            try:
                # types-docker wants whole seconds; requests takes any number, or None.
                within = cast("int", None if timeout_s is None else max(timeout_s, 0.001))
                ended = self._api.wait(self._id, timeout=within)
            except requests.ConnectionError as error:
                if isinstance(innermost(error), TimeoutError):
                    return None
                raise
            except requests.ReadTimeout:
                return None
            if self._was_ended_from_outside():
                raise EngineError(
                    "The container was ended from outside, as `docker kill` does; run it again."
                )
        return int(ended["StatusCode"])

    def logs(self, *, max_bytes: int = 64_000) -> str:
        """Tail of what the main process printed."""
        tail, frames = Excerpt(max_bytes, head_share=0), Frames()
        path = f"/containers/{self._id}/logs"
        with (
            self._engine("reading what the container printed"),
            ask(self._api, "GET", path, params={"stdout": "1", "stderr": "1"}) as answer,
        ):
            for chunk in answer.iter_content(256 * 1024):
                for _, piece in frames.feed(chunk):
                    tail.add(piece)
        return tail.text()

    def overrun(self) -> str | None:
        """Measure what was written; why it was ended for that, as a sentence; None: it was not."""
        if self._watch is not None:
            self._watch.look_at(self._id)
        return self._overrun()

    def kill(self) -> None:
        """End it at once with everything in it. Harmless to repeat."""
        self._is_killed = True
        with engine_errors("ending a container"):
            try:
                self._api.kill(self._id)
            except docker.errors.APIError as error:
                if error.status_code not in {404, 409}:
                    raise

    def _renew(self, emptying: Sequence[str], bringing: Mapping[str, Path]) -> None:
        """Both in one archive: each costs the engine as much as a command."""
        if not emptying and not bringing:
            return
        wanted = (*emptying, *bringing)
        above = {str(parent) for folder in wanted for parent in normal(folder).parents}
        # A parent that is a link or a file would lead elsewhere; a real one keeps its mode.
        states = {path: self._files.state(path) for path in sorted(above - {"/"})}
        bent = [path for path, state in states.items() if state is None or not state.is_folder]
        plain = [Entry(path=path, mode=0o755) for path in bent]
        entries = [entry for folder in emptying for entry in emptied(folder)]
        with archive_of_folders(bringing, first=[*plain, *entries]) as archive:
            self._files.unpack(archive, at="/")

    @contextmanager
    def _engine(self, doing: str) -> Iterator[None]:
        with engine_errors(doing):
            try:
                yield
            except docker.errors.APIError as error:
                if error.status_code != requests.codes.conflict and not self._has_died():
                    raise
                raise self._ended(doing) from error
            except tarfile.TarError as error:
                raise EngineError(f"An archive of the engine broke off while {doing}.") from error

    def _overrun(self) -> str | None:
        return self._watch.overrun(self._id) if self._watch is not None else None

    def _refuse_overrun(self) -> None:
        if (reason := self._overrun()) is not None:
            raise DiskQuotaError(reason)

    def _ended(self, doing: str) -> AutoloopError:
        """Why the container does not run.

        Once an agent was in it, or its program is tested in it, what ends it from inside is the
        agent's fault, be it a moment later: what is nobody's fault is run again.
        """
        if (reason := self._overrun()) is not None:
            return DiskQuotaError(reason)
        state = self._api.inspect_container(self._id)["State"]
        how = f"with exit code {state['ExitCode']}"
        if state["OOMKilled"]:
            how += ", out of memory"
        if self._was_ended_from_outside():
            return EngineError(
                f"The task container was ended from outside ({how}), as `docker kill` does; "
                f"seen {doing}."
            )
        if self._marked is not None and not self._is_killed:
            return AgentError(f"The task container was ended from inside ({how}); seen {doing}.")
        text = (
            f"The container of image {self._image} is not running; its main process ended {how}. "
            f"An ENTRYPOINT must run the command that it is given. Seen while {doing}."
        )
        return EngineError(text) if self._is_killed else ImageError(text)

    def _has_died(self) -> bool:
        """Whether it ended under our hands: an engine that is asked meanwhile says anything."""
        if self._marked is None or self._is_killed:
            return False
        return not self._api.inspect_container(self._id)["State"]["Running"]

    def _was_ended_from_outside(self) -> bool:
        """Whether somebody else used the engine to end it, which nothing inside it can."""
        if self._is_killed:
            return False
        asked = {"container": self._id, "event": "kill"}
        return any(self._api.events(since=0, until=int(time.time()) + 1, filters=asked))


def _body(answer: requests.Response) -> IO[bytes]:
    return cast("IO[bytes]", answer.raw)
