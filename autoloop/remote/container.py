"""A container of one of Harbor's environments, in the words of the port."""

import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO, Literal

from harbor.environments.base import BaseEnvironment
from harbor.models.task.config import NetworkMode, NetworkPolicy

from autoloop.errors import AgentError, AutoloopError, EngineError, TaskError
from autoloop.ports import FileChange, Withheld
from autoloop.records import CommandResult
from autoloop.remote.bridge import Bridge, error_of, said
from autoloop.remote.files import Files
from autoloop.remote.scripts import EMPTY, END_ALL_BUT, MAKE_PLAIN, MARK, UNCLEARED
from autoloop.remote.shell import Order, Shell

MAIN = "main"
KILLED = 137
POLICIES = {
    "public": NetworkPolicy(network_mode=NetworkMode.PUBLIC),
    "none": NetworkPolicy(network_mode=NetworkMode.NO_NETWORK),
}


class RemoteContainer:
    """Implements `autoloop.ports.Container`; its methods may be called from any thread.

    What only the host of a container can do is done inside it here, and is weaker for that: an
    agent that is root in its container may replace the shell that `mark` and `seal` work with, and
    so hide what it left running. Nor can the end of the main process be seen, or its output.
    """

    def __init__(
        self, bridge: Bridge, environment: BaseEnvironment, *, service: str | None = None
    ) -> None:
        """`service` is None for the main container."""
        self._bridge = bridge
        self._environment = environment
        self._service = service
        self._shell = Shell(bridge, environment, service=service)
        self._files = Files(bridge, environment, self._shell)
        self._known: str | None = None
        self._is_agents_time = False
        self._killed = threading.Event()
        self._ending = threading.Lock()
        self._has_ended = False

    @property
    def id(self) -> str:
        """Name of the environment at its provider, as far as Harbor tells it."""
        return str(self._environment.session_id)

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
        """Run `bash -c command` (`sh -c` in a sidecar) and wait.

        Raises:
            AgentError: between `mark` and `seal` the container was ended from inside.
        """
        order = Order(
            command=command,
            timeout_s=timeout_s,
            user=user,
            env=env or {},
            workdir=workdir,
            output_limit=output_limit,
        )
        result = self._shell.run(order)
        if result is None:
            raise self._ended("running a command")
        return result

    def put(self, source: Path, target: str) -> None:
        """Copy the contents of the folder `source` into `target`, merged, owned by root."""
        if self._service is not None:
            raise TaskError(
                f"Harbor cannot copy files into the compose service {self._service!r}: build them"
                " into its image."
            )
        self._files.put(source, target)

    def write(self, path: str, data: bytes, *, mode: int = 0o644) -> None:
        """Write one file as root, making its parent folders; a link at `path` is replaced.

        Raises:
            ValueError: the path cannot be written, for example since it names a folder.
        """
        self._files.write(path, data, mode=mode)

    def read(self, path: str, *, max_bytes: int) -> bytes:
        """Read one regular file.

        Raises:
            FileNotFoundError: nothing is there.
            ValueError: it is no regular file, or larger than `max_bytes`.
        """
        return self._files.read(path, max_bytes=max_bytes)

    def fetch(self, source: str, target: Path, *, max_bytes: int, max_files: int = 2_000) -> bool:
        """Copy the regular files below the folder `source` out to `target`; False if not there."""
        return self._files.fetch(source, target, max_bytes=max_bytes, max_files=max_files)

    def mark(self) -> None:
        """Remember which processes run now, before the agent begins."""
        answer = self._shell.script(MARK, doing="listing processes").answer
        if not answer.is_whole:
            raise self._ended("listing processes")
        self._known = " ".join(answer.words.get("process", []))
        self._is_agents_time = True

    def seal(self, clear: Sequence[str], *, bring: Mapping[str, Path] | None = None) -> None:
        """End every process that was not there at `mark`, then empty the folders in `clear`.

        Then copy the contents of the folders that `bring` names into the container's folders that
        are its keys. Links that stand in the place of any of them are replaced.

        Raises:
            AgentError: the agent ended the container, or left what cannot be ended or cleared.
        """
        if self._known is None:
            raise RuntimeError("Call mark() before the agent begins, seal() when it has ended.")
        self._end_strangers(self._known)
        brought = bring or {}
        if clear:
            self._renew(EMPTY, clear)
        if brought:
            self._renew(MAKE_PLAIN, tuple(brought))
        self._is_agents_time = False
        for target, source in brought.items():
            self.put(source, target)

    def changes(
        self,
        *,
        most: int = 200_000,  # noqa: ARG002
        kinds_of: Callable[[str], bool] | None = None,  # noqa: ARG002
    ) -> tuple[FileChange, ...] | None:
        """None: Harbor's environments cannot tell what differs from their image."""
        return None

    def pack(
        self,
        paths: Sequence[str],
        archive: IO[bytes],
        *,
        closed: Sequence[str],
        max_bytes: int,
        bring: Sequence[tuple[str, Path]] = (),
    ) -> tuple[Withheld, ...]:
        """Never asked for, since `changes` tells of nothing."""
        raise NotImplementedError

    def unpack(self, archive: IO[bytes]) -> None:
        """Never asked for, since `changes` tells of nothing."""
        raise NotImplementedError

    def service(self, name: str) -> "RemoteContainer":
        """The container of a compose service; `main` is this one.

        Raises:
            TaskError: the environment has no such service, or its backend cannot reach into it.
        """
        if name == (self._service or MAIN):
            return self
        if name == MAIN:
            return RemoteContainer(self._bridge, self._environment)
        asked = self._bridge.finish(self._environment.service_exec("true", service=name))
        error = error_of(asked)
        if error is not None or asked.result().return_code != 0:
            reason = said(error) if error is not None else asked.result().stdout or "no answer"
            raise TaskError(
                f"The environment's compose service {name!r} cannot be reached: {reason.strip()}"
            ) from error
        return RemoteContainer(self._bridge, self._environment, service=name)

    def set_network(self, mode: Literal["public", "none"]) -> None:
        """Connect it to the outside, or cut it off.

        Raises:
            TaskError: the backend cannot change this while the environment runs.
        """
        wanted = POLICIES[mode]
        if self._environment.network_policy == wanted:
            return
        error = error_of(self._bridge.finish(self._environment.set_network_policy(wanted)))
        if error is not None:
            raise TaskError(
                f"The environment cannot change its network to {mode!r} while it runs:"
                f" {said(error)} Run this task with `engine: docker`."
            ) from error

    def wait(self, timeout_s: float | None = None) -> int | None:
        """Wait until `kill`; an end from inside is seen by `run` alone."""
        return KILLED if self._killed.wait(timeout_s) else None

    def logs(self, *, max_bytes: int = 64_000) -> str:
        """Nothing: Harbor does not tell what a main process printed."""
        del max_bytes
        return ""

    def interrupt(self) -> None:
        """End the commands that other threads run in it, and let it live on."""
        self._shell.interrupt()

    def overrun(self) -> str | None:
        """The backend keeps its own limits, and tells nobody."""
        return None

    def kill(self) -> None:
        """End everything that the agent runs in it; what it left can still be copied out.

        Before `mark`, when nothing of the agent's can be there, the environment itself is ended.
        Harmless to repeat.
        """
        if self._killed.is_set():
            return
        self._killed.set()
        if self._known is None:
            self.end()
        else:
            self._shell.script(END_ALL_BUT, self._known, doing="ending it")

    def end(self) -> None:
        """End the environment, with its sidecars and all that it holds. Harmless to repeat."""
        self._killed.set()
        with self._ending:
            if not self._has_ended:
                self._has_ended = True
                self._bridge.run(self._environment.stop(delete=True), doing="ending it")

    def _end_strangers(self, known: str) -> None:
        doing = "ending what the agent left running"
        answer = self._shell.script(END_ALL_BUT, known, doing=doing).answer
        if not answer.is_whole:
            raise self._ended(doing)
        if answer.word("left") != "0":
            raise AgentError(
                f"The agent left {answer.word('left')} processes running that could not be ended;"
                " a task's verifier cannot run beside them."
            )

    def _renew(self, script: str, folders: Sequence[str]) -> None:
        done = self._shell.script(script, *folders, doing=f"clearing {', '.join(folders)}")
        if done.code == UNCLEARED:
            raise AgentError(
                f"The agent left something in {', '.join(folders)} that cannot be removed:"
                f" {done.output.strip()[-300:]}"
            )
        if done.code != 0:
            raise self._ended(f"clearing {', '.join(folders)}")

    def _ended(self, doing: str) -> AutoloopError:
        """Why the container takes no commands: the agent's fault only while it is at work."""
        if self._killed.is_set():
            return EngineError(f"The task container was ended; seen {doing}.")
        if self._is_agents_time:
            return AgentError(f"The task container was ended from inside; seen {doing}.")
        return EngineError(
            f"The task container does not take commands: its main process ended, or it has no bash"
            f" or no sh. Seen while {doing}."
        )
