"""Files of one container behind Harbor, moved through its shell.

Harbor's own downloads are not used: they bring links along as they are, so that what an agent left
in a container would be opened on the host.
"""

import base64
import tempfile
from pathlib import Path

from harbor.environments.base import BaseEnvironment

from autoloop.errors import EngineError
from autoloop.remote.bridge import Bridge
from autoloop.remote.extraction import archive_limit, unpack
from autoloop.remote.scripts import (
    FORGET,
    INLINE_BYTES,
    IRREGULAR,
    LINK,
    MISSING,
    PACK,
    READ,
    SLICE_BYTES,
    TOO_LARGE,
    UNWRITABLE,
    WRITE,
)
from autoloop.remote.shell import Said, Shell

REFUSALS = {
    LINK: "it is a link; read what it leads to instead",
    IRREGULAR: "it is no regular file",
    TOO_LARGE: "it is larger than may be read at once",
}


class Files:
    """Reads, writes and copies; every method may be called from any thread but the bridge's."""

    def __init__(self, bridge: Bridge, environment: BaseEnvironment, shell: Shell) -> None:
        self._bridge = bridge
        self._environment = environment
        self._shell = shell

    def put(self, source: Path, target: str) -> None:
        """Copy the contents of a folder of ours into a folder of the main container."""
        work = self._environment.upload_dir(source, target)
        self._bridge.run(work, doing=f"copying {source} to {target}")

    def write(self, path: str, data: bytes, *, mode: int) -> None:
        """Write one file as root; a link in its place is replaced."""
        staged, inline = "", ""
        if len(data) > INLINE_BYTES:
            staged = self._stage(data)
        else:
            inline = base64.b64encode(data).decode()
        said = self._shell.script(WRITE, path, f"{mode:o}", staged, inline, doing=f"writing {path}")
        if said.code == UNWRITABLE:
            reason = said.output.strip()[-300:]
            raise ValueError(f"The file {path!r} cannot be written: {reason}")
        _refuse_other(said, f"writing {path}")

    def read(self, path: str, *, max_bytes: int) -> bytes:
        """Read one regular file, slice by slice."""
        content = bytearray()
        while True:
            said = self._read_slice(path, first=len(content) + 1, max_bytes=max_bytes)
            content += said.answer.data.get("data", b"")
            if len(content) >= min(int(said.answer.word("size")), max_bytes):
                return bytes(content[:max_bytes])
            if not said.answer.data.get("data"):
                raise ValueError(f"The file {path!r} changes while it is read.")

    def fetch(self, source: str, target: Path, *, max_bytes: int, max_files: int) -> bool:
        """Copy the regular files of a folder out; False if it is not there."""
        most = archive_limit(max_bytes, max_files)
        said = self._shell.script(PACK, source, most, SLICE_BYTES, doing=f"copying {source} out")
        if said.code == MISSING:
            return False
        _refuse_other(said, f"copying {source} out (which takes tar, mktemp and base64)")
        archive = said.answer.data.get("data", bytearray())
        if int(said.answer.word("size")) > SLICE_BYTES:
            stage = said.answer.word("stage")
            archive = bytearray(self.read(f"{stage}/pack", max_bytes=most))
            self._shell.script(FORGET, stage, doing="removing an archive")
        unpack(bytes(archive), target, max_bytes=max_bytes, max_files=max_files)
        return True

    def _read_slice(self, path: str, *, first: int, max_bytes: int) -> Said:
        doing = f"reading {path}"
        said = self._shell.script(READ, path, first, SLICE_BYTES, max_bytes, doing=doing)
        if said.code == MISSING:
            raise FileNotFoundError(f"The container has no file {path!r}.")
        if said.code in REFUSALS:
            raise ValueError(f"{path!r} cannot be read: {REFUSALS[said.code]}.")
        _refuse_other(said, doing)
        return said

    def _stage(self, data: bytes) -> str:
        with tempfile.NamedTemporaryFile(prefix="autoloop-") as file:
            file.write(data)
            file.flush()
            staged = f"/tmp/.{Path(file.name).name}"  # noqa: S108 - a path in the container
            work = self._environment.upload_file(Path(file.name), staged)
            self._bridge.run(work, doing="bringing a file")
        return staged


def _refuse_other(said: Said, doing: str) -> None:
    if said.code != 0:
        raise EngineError(
            f"The container's shell failed while {doing} (exit code {said.code}):"
            f" {said.output.strip()[-500:]}"
        )
