"""What a task wants kept of the agent's work, and Harbor's manifest of it."""

import fnmatch
import json
import re
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Literal

from autoloop.errors import TaskError
from autoloop.ports import Container
from autoloop.records import Artifact, TaskStep
from autoloop.trial.box import ROOT, Box
from autoloop.trial.files import write_over
from autoloop.trial.plan import TrialPlan

PUBLISHED = "/logs/artifacts"
"""Where an agent puts what it wants kept; comes out with all the other logs."""
MAIN = "main"
FOLDER_BYTES = 1_000_000_000
FOLDER_FILES = 20_000
FILE_BYTES = 64_000_000
LOOK_S = 30.0

# One line for each path: d, x, f or - for a folder, a file that may be run, a file, nothing; and
# where the path leads, since the engine takes no file through a link.
LOOK = """for path in {paths}; do
  if [ -d "$path" ]; then kind=d
  elif [ -x "$path" ]; then kind=x
  elif [ -f "$path" ]; then kind=f
  else kind=-
  fi
  echo "$kind $(readlink -f -- "$path" || echo "$path")"
done"""
_Kind = Literal["file", "directory"]


@dataclass(slots=True, kw_only=True)
class _Entry:
    """One artifact: where it is kept, and whether that went well."""

    artifact: Artifact
    place: PurePosixPath
    """Below the folder `artifacts`."""
    kind: _Kind
    status: Literal["ok", "failed", "empty", "skipped"] = "failed"

    @property
    def is_published(self) -> bool:
        """Whether it comes out with the logs."""
        return _is_published(self.artifact) and not self.artifact.destination

    def line(self) -> dict[str, object]:
        """As Harbor writes it."""
        is_folder = self.kind == "directory"
        return {
            "source": self.artifact.source,
            "destination": str(PurePosixPath("artifacts") / self.place),
            "type": self.kind,
            "status": self.status,
            "service": None if self.artifact.service == MAIN else self.artifact.service,
            "exclude": list(self.artifact.exclude) if is_folder else [],
        }


class Collection:
    """What one step leaves: collected in the agent's environment, kept on the host."""

    def __init__(self, plan: TrialPlan, box: Box, step: TaskStep) -> None:
        self._plan = plan
        self._box = box
        self._hooks = step.verifier.collect
        self._entries = [_entry(artifact) for artifact in _in_order(step.artifacts)]
        self._folder = plan.step_folder(step) / "artifacts"

    @property
    def is_wanted(self) -> bool:
        """Whether there is more to do than to take out the logs."""
        return bool(self._hooks) or not all(entry.is_published for entry in self._entries)

    def collect(self) -> None:
        """Run the task's own commands and take out what it names, first `main`, then sidecars.

        What cannot be had is noted, in the manifest or in trial.log, and holds up nothing.
        """
        services = {hook.service for hook in self._hooks}
        services |= {entry.artifact.service for entry in self._entries}
        claimed: list[_Entry] = []
        for service in (MAIN, *sorted(services - {MAIN})):
            try:
                container = self._box.container.service(service)
            except TaskError as error:
                self._plan.note(str(error))
                continue
            self._run_hooks(service, container)
            own = [entry for entry in self._entries if entry.artifact.service == service]
            self._take(container, [entry for entry in own if _claims(entry, claimed)])

    def write_manifest(self) -> None:
        """Write what became of each artifact, once the logs have been taken out."""
        for entry in self._entries:
            if entry.is_published:
                self._finish_published(entry)
        self._folder.mkdir(parents=True, exist_ok=True)
        lines = [entry.line() for entry in self._entries]
        write_over(self._folder / "manifest.json", json.dumps(lines, indent=2))

    def bring_to(self, fresh: Box) -> None:
        """Put what was collected where it was, into an environment that has none of it yet."""
        kept = [e for e in self._entries if e.status == "ok" and (self._folder / e.place).exists()]
        folders = {_path(e.artifact): e.place for e in kept if e.kind == "directory"}
        fresh.empty(dict.fromkeys(["/logs/verifier", PUBLISHED, *folders]))
        for path, place in folders.items():
            fresh.container.put(self._folder / place, path)
        for entry in kept:
            if entry.kind == "file":
                file = self._folder / entry.place
                mode = file.stat().st_mode & 0o777
                fresh.container.write(_path(entry.artifact), file.read_bytes(), mode=mode)

    def _run_hooks(self, service: str, container: Container) -> None:
        env = self._box.env if service == MAIN else None
        workdir = self._box.environment.workdir if service == MAIN else None
        for hook in self._hooks:
            if hook.service != service:
                continue
            done = container.run(
                hook.command, timeout_s=hook.timeout_s, user=hook.user, env=env, workdir=workdir
            )
            if done.exit_code != 0:
                said = (done.stderr or done.stdout).strip()[-500:]
                self._plan.note(
                    f"[[verifier.collect]] {hook.command!r} in {service!r} ended with exit code"
                    f" {done.exit_code}: {said}"
                )

    def _take(self, container: Container, entries: Sequence[_Entry]) -> None:
        wanted = [entry for entry in entries if not entry.is_published]
        if not wanted:
            return
        paths = [_path(entry.artifact) for entry in wanted]
        looked = container.run(
            LOOK.format(paths=shlex.join(paths)), timeout_s=LOOK_S, user=ROOT, workdir="/"
        )
        found = [line.partition(" ") for line in looked.stdout.splitlines()]
        if len(found) != len(wanted):
            self._plan.note(f"The artifacts {paths} could not be looked up: {looked.stderr[-500:]}")
            return
        for entry, (kind, _, path) in zip(wanted, found, strict=True):
            self._take_one(container, entry, kind=kind, path=path)

    def _take_one(self, container: Container, entry: _Entry, *, kind: str, path: str) -> None:
        target = self._folder / entry.place
        try:
            if kind == "d":
                entry.kind = "directory"
                container.fetch(path, target, max_bytes=FOLDER_BYTES, max_files=FOLDER_FILES)
                target.mkdir(parents=True, exist_ok=True)
                _leave_out(target, entry.artifact.exclude)
            else:
                data = container.read(path, max_bytes=FILE_BYTES)
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(data)
                target.chmod(0o755 if kind == "x" else 0o644)
        except (FileNotFoundError, ValueError) as error:
            self._plan.note(f"The artifact {entry.artifact.source!r} was not kept: {error}")
            return
        entry.status = "ok"

    def _finish_published(self, entry: _Entry) -> None:
        if entry.status == "skipped":
            return
        target = self._folder / entry.place
        _leave_out(target, entry.artifact.exclude)
        has_some = target.is_dir() and any(target.iterdir())
        # Harbor tells an empty folder only where it need not leave anything out.
        entry.status = "ok" if has_some or entry.artifact.exclude else "empty"


def _in_order(declared: Sequence[Artifact]) -> list[Artifact]:
    """As Harbor goes through them: `main` first, and in it the agent's own folder, always."""
    wanted = list(declared)
    if not any(_is_published(artifact) for artifact in wanted):
        wanted.insert(0, Artifact(source=PUBLISHED))
    return sorted(wanted, key=lambda artifact: artifact.service != MAIN)


def _is_published(artifact: Artifact) -> bool:
    return artifact.source.rstrip("/") == PUBLISHED and artifact.service == MAIN


def _entry(artifact: Artifact) -> _Entry:
    parts = PurePosixPath(artifact.destination or artifact.source).parts
    place = PurePosixPath(*(part for part in parts if part not in {"/", ".."}))
    kind: _Kind = "directory" if _is_published(artifact) else "file"
    return _Entry(artifact=artifact, place=place, kind=kind)


def _claims(entry: _Entry, claimed: list[_Entry]) -> bool:
    """Whether the place is free: what came first stays, and what overlaps it is not taken."""
    for other in claimed:
        overlap = entry.place.is_relative_to(other.place) or other.place.is_relative_to(entry.place)
        if overlap and other.artifact.source != entry.artifact.source:
            entry.status = "skipped"
            entry.kind = "file" if PurePosixPath(entry.artifact.source).suffix else "directory"
            return False
    claimed.append(entry)
    return True


def _path(artifact: Artifact) -> str:
    """The path in the container; what is not absolute begins at the root, as for `docker cp`."""
    return str(PurePosixPath("/") / artifact.source)


def _leave_out(folder: Path, patterns: Sequence[str]) -> None:
    """Remove what tar would have left out of the folder's archive."""
    if not patterns:
        return
    matching = re.compile("|".join(f"(?:{_expression(pattern)})" for pattern in patterns))
    for path in sorted(folder.rglob("*"), reverse=True):
        names = path.relative_to(folder).parts
        if not any(matching.fullmatch(name) for name in _names_for_tar(names)):
            continue
        if path.is_dir():
            path.rmdir()
        else:
            path.unlink()


def _names_for_tar(names: tuple[str, ...]) -> Iterator[str]:
    """What tar holds against a pattern: the path and all above it, from any folder downwards."""
    whole = (".", *names)
    for end in range(1, len(whole) + 1):
        for start in range(end):
            yield "/".join(whole[start:end])


def _expression(pattern: str) -> str:
    """A shell pattern whose `*` goes across folders, as tar's --exclude takes it."""
    portable = re.sub(r"\\(.)", r"[\1]", pattern).replace("[^", "[!")
    return fnmatch.translate(portable)
