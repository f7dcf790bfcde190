"""Files that say who is who on the network: the engine mounts them, so that no diff has them."""

import shlex
from collections.abc import Iterable, Iterator

from autoloop.ports import Container
from autoloop.records import TrialFinding
from autoloop.trial.box import ROOT, Box

HOSTS = "/etc/hosts"
PLACES = (HOSTS, "/etc/resolv.conf", "/etc/hostname")
READ_BYTES = 256_000


class Names:
    """As they are before any agent was there, where the tests run in the same container."""

    def __init__(self, box: Box) -> None:
        """Read them now."""
        self._box = box
        self._before = {path: _lines(box.container, path) for path in PLACES}

    def restore(self, *, instruction: str) -> Iterator[TrialFinding]:
        """Put back what an agent changed and the instruction does not speak of; tell of it."""
        bent = [path for path in PLACES if path.rpartition("/")[2] not in instruction]
        bent = [path for path in bent if self._is_changed(path)]
        for path in bent:
            text = "".join(f"{line}\n" for line in self._before[path] or ())
            self._box.run(f"printf %s {shlex.quote(text)} > {path}", user=ROOT)
        if bent:
            evidence = f"Names of hosts were changed, and put back: {', '.join(bent)}."
            yield TrialFinding(rule="identity", severity="suspicious", evidence=evidence)

    def _is_changed(self, path: str) -> bool:
        before = self._before[path]
        if before is None:
            return False
        own = (self._before["/etc/hostname"] or ("",))[:1]
        now = _lines(self._box.container, path)
        return now is None or _said(before, own) != _said(now, own)


def _lines(container: Container, path: str) -> tuple[str, ...] | None:
    try:
        data = container.read(path, max_bytes=READ_BYTES)
    except (FileNotFoundError, ValueError):
        return None
    return tuple(data.decode(errors="replace").splitlines())


def _said(lines: Iterable[str], own: tuple[str, ...]) -> list[tuple[str, ...]]:
    """What counts of the lines: those of the container's own name come and go with its networks."""
    words = (tuple(line.partition("#")[0].split()) for line in lines)
    return [one for one in words if one and one[1:] != own and one[0] != "options"]
