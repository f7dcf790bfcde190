"""The engine's archive endpoint: the way for files into and out of a container."""

import base64
import json
import tarfile
from dataclasses import dataclass
from typing import IO, cast

import docker.errors
import requests
from docker.api.client import APIClient

from autoloop.sandbox.engine import API_TIMEOUT_S, ask, explanation, refuse_errors, url

STAT_HEADER = "X-Docker-Container-Path-Stat"
FOLDER, LINK = 1 << 31, 1 << 27
NOT_REGULAR = FOLDER | LINK | 1 << 26 | 1 << 25 | 1 << 24 | 1 << 21 | 1 << 19
"""Go's os.ModeType: the bits that make a path something else than a regular file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PathState:
    """What a path of the container is, links not followed."""

    mode: int
    size: int
    link_target: str

    @property
    def is_folder(self) -> bool:
        """Whether it is a plain folder."""
        return bool(self.mode & FOLDER)

    @property
    def is_open_folder(self) -> bool:
        """Whether it is a plain folder that everybody may write to."""
        return self.is_folder and self.mode & 0o777 == 0o777

    @property
    def is_link(self) -> bool:
        """Whether it is a symbolic link."""
        return bool(self.mode & LINK)

    @property
    def is_regular(self) -> bool:
        """Whether it is a regular file."""
        return not self.mode & NOT_REGULAR


class Files:
    """Files of one container. Every method may raise docker's APIError."""

    def __init__(self, api: APIClient, container: str) -> None:
        self._api = api
        self._path = f"/containers/{container}/archive"

    def state(self, path: str) -> PathState | None:
        """What `path` is; None if nothing is there."""
        response = self._api.head(
            url(self._api, self._path), params={"path": _as_bytes(path)}, timeout=API_TIMEOUT_S
        )
        if response.status_code == requests.codes.not_found:
            return None
        refuse_errors(response)
        return state_in(response)

    def unpack(self, archive: bytes | IO[bytes], *, at: str, keep_folders: bool = False) -> None:
        """Unpack an archive in the folder `at`; with `keep_folders` no file replaces a folder."""
        keeping: dict[str, str | bytes] = {"noOverwriteDirNonDir": "1"} if keep_folders else {}
        response = self._api.put(
            url(self._api, self._path),
            params={"path": _as_bytes(at), **keeping},
            data=archive,
            timeout=API_TIMEOUT_S,
        )
        refuse_errors(response)

    def archive(self, path: str) -> requests.Response | None:
        """Archive of a file or folder, as a stream to be closed; None if nothing is there."""
        try:
            return ask(self._api, "GET", self._path, params={"path": _as_bytes(path)})
        except docker.errors.NotFound as error:
            if "no such container" in explanation(error).lower():
                raise
            return None


def _as_bytes(path: str) -> bytes:
    """A path as the container has it, which may be no UTF-8."""
    return path.encode("utf-8", "surrogateescape")


def state_in(response: requests.Response) -> PathState:
    """What the archive endpoint says about the path it was asked for."""
    stat = json.loads(base64.b64decode(response.headers[STAT_HEADER]))
    return PathState(mode=stat["mode"], size=stat["size"], link_target=stat["linkTarget"])


def only_file(answer: requests.Response) -> bytes:
    """The content of the one file of an archive."""
    with tarfile.open(fileobj=cast("IO[bytes]", answer.raw), mode="r|") as archive:
        member = archive.next()
        content = archive.extractfile(member) if member is not None else None
        return content.read() if content is not None else b""


def refuse_unreadable(path: str, state: PathState, max_bytes: int) -> None:
    """Refuse what is no regular file, or too large.

    Raises:
        ValueError: it is so.
    """
    if state.is_link:
        raise ValueError(f"{path!r} is a link; read {state.link_target!r} instead.")
    if not state.is_regular:
        raise ValueError(f"{path!r} is no regular file.")
    if state.size > max_bytes:
        raise ValueError(
            f"{path!r} holds {state.size:,} bytes; at most {max_bytes:,} may be read at once."
        )
