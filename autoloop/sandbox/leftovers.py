"""What is left behind: by processes that died, and as images that nobody uses any more."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import docker.errors
from docker.api.client import APIClient

from autoloop.sandbox.engine import engine_errors
from autoloop.sandbox.owner import Owner
from autoloop.sandbox.projects import remove_network, remove_volume
from autoloop.sandbox.removal import remove_container

OURS = "autoloop"
RUN = "autoloop.run"
FOLDER = "autoloop.folder"
CONFLICT = 409

Row = Mapping[str, Any]
"""What the engine tells about one thing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Collected:
    """What `collect` made room with."""

    images: int
    """How many were removed."""
    freed_bytes: int


def run_labels(run: str, project: Path) -> dict[str, str]:
    """Labels of all that belongs to a run; projects begun in one second have runs of one name."""
    return {RUN: run, FOLDER: str(project.resolve())}


class Leftovers:
    """Finds and removes what carries our labels and has no owner any more."""

    def __init__(
        self, api: APIClient, owner: Owner, *, project: Path = Path(), mark: str = OURS
    ) -> None:
        """`mark` is the label that is ours, and the first part of our images' names."""
        self._api = api
        self._owner = owner
        self._project = project
        self._mark = mark

    def sweep(self, *, run: str | None = None) -> int:
        """Remove containers, networks and volumes that a dead process left.

        With `run`, all of that run of the project that this process did not start itself. Returns
        how many containers there were.
        """
        narrower = {} if run is None else run_labels(run, self._project)
        wanted = {"label": [f"{self._mark}=1", *(f"{k}={v}" for k, v in narrower.items())]}
        with engine_errors("looking for what was left behind"):
            containers = self._left(self._api.containers(all=True, filters=wanted), run)
            networks = self._left(self._api.networks(filters=wanted), run)
            volumes = self._left(self._api.volumes(filters=wanted)["Volumes"] or (), run)
        for row in containers:
            remove_container(self._api, row["Id"])
        with engine_errors("removing what was left behind"):
            for row in networks:
                remove_network(self._api, row["Id"])
            for row in volumes:
                remove_volume(self._api, row["Name"])
        return len(containers)

    def collect(self, *, keep: int) -> Collected:
        """Remove task images but the `keep` made last, dangling ones, and what `sweep` removes.

        An image that a container uses is never removed.
        """
        self.sweep()
        with engine_errors("looking for images that are not needed any more"):
            used = {row["ImageID"] for row in self._api.containers(all=True)}
            before = self._bytes()
            rows = self._api.images(filters={"label": f"{self._mark}=1"})
            tasks = sorted(filter(self._is_task, rows), key=self._made, reverse=True)
            dangling = [row for row in rows if not _tags(row)]
            removed = sum(
                self._remove(row) for row in (*tasks[keep:], *dangling) if row["Id"] not in used
            )
            return Collected(images=removed, freed_bytes=max(0, before - self._bytes()))

    def _left(self, rows: Iterable[Row], run: str | None) -> list[Row]:
        return [row for row in rows if self._is_left(row["Labels"] or {}, run)]

    def _is_left(self, labels: dict[str, str], run: str | None) -> bool:
        owner = Owner.from_labels(labels)
        if owner is None:
            return False
        return owner.is_gone(self._owner) if run is None else owner != self._owner

    def _is_task(self, row: Row) -> bool:
        """Whether all its names are those of task images."""
        tags = _tags(row)
        return bool(tags) and all(tag.startswith(f"{self._mark}/task:") for tag in tags)

    def _bytes(self) -> int:
        """What all images take, layers that they share counted once."""
        return int(self._api.df()["LayersSize"] or 0)

    def _made(self, row: Row) -> str:
        """When the image was last built or tagged, in a sortable form; empty once it is gone."""
        try:
            image = self._api.inspect_image(row["Id"])  # type: ignore[no-untyped-call]
        except docker.errors.NotFound:
            return ""
        return str((image.get("Metadata") or {}).get("LastTagTime") or image["Created"])

    def _remove(self, row: Row) -> bool:
        """Remove an image by all its names; False when something else is built on it."""
        try:
            for name in _tags(row) or [row["Id"]]:
                self._api.remove_image(name)
        except docker.errors.NotFound:
            return True
        except docker.errors.APIError as error:
            if error.status_code == CONFLICT:
                return False
            raise
        return True


def _tags(row: Row) -> list[str]:
    return [tag for tag in row["RepoTags"] or () if tag != "<none>:<none>"]
