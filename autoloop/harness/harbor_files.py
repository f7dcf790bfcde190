"""Files of any size between the agent's container and the task's, in parts that fit the door."""

from __future__ import annotations

import io
import posixpath
import shlex
import shutil
import tarfile
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from autoloop.harness.env import Env, RunResult

PART_BYTES = 4_000_000
"""Well below what one read or write of `env` may carry."""
_TIMEOUT_S = 600.0
_PUT_FILE = """target={target}
if [ -d "$target" ] || [ "${{target%/}}" != "$target" ]; then target="${{target%/}}"/{name}; fi
mkdir -p "$(dirname "$target")" && rm -f "$target" &&
cat {parts}/* >"$target" && chmod {mode:o} "$target" """
_PUT_FOLDER = "set -o pipefail; mkdir -p {target} && cat {parts}/* | tar -xf - -C {target}"
_GET_FILE = """[ -f {source} ] || {{ echo 'there is no such file'; exit 1; }}
mkdir {parts} && split -b {size} -a 6 {source} {parts}/ &&
chmod -R a+rX {parts} && ls {parts}"""
# tar ends with 1 when a file, a log for example, changed while it was read.
_GET_FOLDER = """[ -d {source} ] || {{ echo 'there is no such folder'; exit 1; }}
pack() {{ tar -cf - -C {source} . || [ $? = 1 ]; }}
set -o pipefail; mkdir {parts} && pack | split -b {size} -a 6 - {parts}/ &&
chmod -R a+rX {parts} && ls {parts}"""

RunAsRoot = Callable[[str, float], RunResult]
TarFilter = Callable[[tarfile.TarInfo, str], "tarfile.TarInfo | None"]


class Files:
    """Copies files as `docker cp` does: as root, folders merged into what is there.

    What goes wrong is a `RuntimeError`, as it is in Harbor.
    """

    def __init__(self, env: Env, run_as_root: RunAsRoot, *, unpack: TarFilter) -> None:
        self._env = env
        self._run_as_root = run_as_root
        self._unpack = unpack

    def put_file(self, source: Path, target: str) -> None:
        """Copy a file to a path, or into a folder when there is one or the path ends with `/`."""
        with self._parts() as parts:
            with source.open("rb") as file, _Outgoing(self._env, parts) as out:
                shutil.copyfileobj(file, out, PART_BYTES)
            command = _PUT_FILE.format(
                target=_absolute(target),
                name=shlex.quote(source.name),
                parts=parts,
                mode=source.stat().st_mode & 0o7777,
            )
            self._do(command, f"{source} cannot be copied to {target!r}")

    def put_folder(self, source: Path, target: str) -> None:
        """Copy what is in a folder into another, which is made where there is none."""
        if not source.is_dir():
            raise RuntimeError(f"{source} cannot be copied to {target!r}: it is no folder")
        with self._parts() as parts:
            with _Outgoing(self._env, parts) as out, tarfile.open(fileobj=out, mode="w|") as tar:
                tar.add(source, arcname=".", filter=_owned_by_root)
            command = _PUT_FOLDER.format(target=_absolute(target), parts=parts)
            self._do(command, f"{source} cannot be copied to {target!r}")

    def get_file(self, source: str, target: Path) -> None:
        """Copy a file to a path here, or into a folder when there is one."""
        place = target / posixpath.basename(source) if target.is_dir() else target
        place.parent.mkdir(parents=True, exist_ok=True)
        with self._incoming(_GET_FILE, source) as data, place.open("wb") as file:
            shutil.copyfileobj(data, file, PART_BYTES)

    def get_folder(self, source: str, target: Path) -> None:
        """Copy what is in a folder into one here, which is made where there is none."""
        target.mkdir(parents=True, exist_ok=True)
        with (
            self._incoming(_GET_FOLDER, source) as data,
            tarfile.open(fileobj=data, mode="r|") as tar,
        ):
            tar.extractall(target, filter=self._unpack)  # noqa: S202 - the filter keeps it inside

    @contextmanager
    def _incoming(self, command: str, source: str) -> Iterator[_Incoming]:
        with self._parts() as parts:
            pack = command.format(source=_absolute(source), parts=parts, size=PART_BYTES)
            names = self._do(pack, f"{source!r} cannot be copied from the task's container")
            yield _Incoming(self._env, [f"{parts}/{name}" for name in names.split()])

    @contextmanager
    def _parts(self) -> Iterator[str]:
        """A folder of the task's container for the parts of one copy."""
        parts = f"/tmp/.autoloop-copy-{uuid.uuid4().hex}"  # noqa: S108 - in the task's container
        try:
            yield parts
        finally:
            self._run_as_root(f"rm -rf {parts}", _TIMEOUT_S)

    def _do(self, command: str, otherwise: str) -> str:
        done = self._run_as_root(command, _TIMEOUT_S)
        if done.exit_code != 0:
            reason = (done.stderr or done.stdout).strip() or f"exit code {done.exit_code}"
            raise RuntimeError(f"{otherwise}: {reason}")
        return done.stdout


class _Outgoing(io.RawIOBase):
    """Writes a stream into numbered files of a folder in the task's container; one at least."""

    def __init__(self, env: Env, folder: str) -> None:
        super().__init__()
        self._env = env
        self._folder = folder
        self._rest = bytearray()
        self._count = 0

    def writable(self) -> bool:
        return True

    def write(self, data: bytes) -> int:  # type: ignore[override]  # bytes are all that comes
        self._rest += data
        while len(self._rest) >= PART_BYTES:
            self._send(PART_BYTES)
        return len(data)

    def close(self) -> None:
        if not self.closed and (self._rest or not self._count):
            self._send(len(self._rest))
        super().close()

    def _send(self, size: int) -> None:
        self._env.write(f"{self._folder}/{self._count:06d}", bytes(self._rest[:size]))
        del self._rest[:size]
        self._count += 1


class _Incoming(io.RawIOBase):
    """Reads files of the task's container, one after the other, as one stream."""

    def __init__(self, env: Env, paths: list[str]) -> None:
        super().__init__()
        self._env = env
        self._paths = iter(paths)
        self._part = io.BytesIO()

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]  # the one that comes
        while not (count := self._part.readinto(buffer)):
            path = next(self._paths, None)
            if path is None:
                return 0
            self._part = io.BytesIO(self._env.read(path))
        return count


def _absolute(path: str) -> str:
    # As docker cp takes it: what is not absolute counts from the root.
    return shlex.quote(posixpath.join("/", path))


def _owned_by_root(member: tarfile.TarInfo) -> tarfile.TarInfo:
    member.uid = member.gid = 0
    member.uname = member.gname = ""
    return member
