"""Attack 28: what comes out of a container must stay in the trial's folder, as plain files."""

import io
import stat
import tarfile
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from autoloop.redteam.attack import Arena, Attack, Outcome, Place, Raid, Trip
from autoloop.redteam.attacks.agents import trying
from autoloop.sandbox.extraction import Limits, unpack

BOTH: tuple[Place, ...] = ("fresh", "shared")
CONTENT = b"came out of a container"
MOST_BYTES = 1_000_000
LINKS = trying(
    "for d in agent artifacts verifier; do cd /logs/$d; ln -s /etc/passwd link; ln -s / root;"
    " ln -s ../../../../../../../../tmp up; ln /etc/hostname hard; mkfifo fifo;"
    " mknod null c 1 3; mknod disk b 8 0; cp /bin/sh shell; chmod 6777 shell;"
    " mkdir -m 0000 closed; mkdir -p deep/a/b; touch -- '-rf' '..\\..\\x' 'C:\\x' '%2e%2e%2fx'; done",
    "cd /logs/artifacts; mkdir swap; echo x > swap/f; rm -rf swap; ln -s /tmp swap",
    "rm -f /logs/verifier/* ; rm -rf /logs/verifier/closed /logs/verifier/deep",
    "cd /logs; for n in reward.json trajectory.json result.json; do ln -s /etc/shadow agent/$n; done",
    "ln -s /etc /logs/agent/sessions; mkdir -p /logs/agent/atif; ln -s /etc/passwd /logs/agent/atif/x",
)


def specials(folder: Path) -> Iterator[str]:
    """What is no plain file or folder, or may run as another user."""
    for path in sorted(folder.rglob("*")):
        mode = path.lstat().st_mode
        if not stat.S_ISREG(mode) and not stat.S_ISDIR(mode):
            yield f"{path.name} is no plain file"
        elif mode & (stat.S_ISUID | stat.S_ISGID) and stat.S_ISREG(mode):
            yield f"{path.name} runs as another user"


def escaped(trip: Trip) -> str:
    """What a container put on the host besides plain files."""
    found = [*specials(trip.folder)]
    found += ["the host's or the image's files came along"] if "root:x:0:0" in trip.told else []
    return ", ".join(found[:5])


def _member(name: str, kind: bytes = tarfile.REGTYPE, link: str = "") -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.type, member.linkname, member.mode = kind, link, 0o6777
    member.size = len(CONTENT) if kind == tarfile.REGTYPE else 0
    return member


def _long() -> tarfile.TarInfo:
    member = _member("logs/short")
    member.pax_headers = {"path": "../../pax-outside"}
    return member


MEMBERS: tuple[Callable[[], tarfile.TarInfo], ...] = (
    lambda: _member("logs", tarfile.DIRTYPE),
    lambda: _member("../outside"),
    lambda: _member("/tmp/attacks-absolute"),
    lambda: _member("logs/../../outside"),
    lambda: _member("logs/a/../../../outside"),
    lambda: _member("logs/way", tarfile.SYMTYPE, "../.."),
    lambda: _member("logs/way/through"),
    lambda: _member("logs/file-link", tarfile.SYMTYPE, "/etc/passwd"),
    lambda: _member("logs/file-link"),
    lambda: _member("logs/hard", tarfile.LNKTYPE, "/etc/passwd"),
    lambda: _member("logs/hard"),
    lambda: _member("logs/hard-inside", tarfile.LNKTYPE, "logs/way"),
    lambda: _member("logs/null", tarfile.CHRTYPE),
    lambda: _member("logs/disk", tarfile.BLKTYPE),
    lambda: _member("logs/fifo", tarfile.FIFOTYPE),
    lambda: _member("logs/twice"),
    lambda: _member("logs/twice/below"),
    lambda: _member("logs/./././dot"),
    lambda: _member("logs//double"),
    lambda: _member("logs/" + "d/" * 3000 + "deep"),
    lambda: _member("logs/" + "n" * 5000),
    lambda: _member("logs/new\nline\x1b[2J\u202e"),
    lambda: _member("logs/..\\..\\outside"),
    lambda: _member("logs/.."),
    lambda: _member("logs/setuid"),
    _long,
)


def hostile_archive(*, huge: bool) -> bytes:
    """An archive of everything that a program which unpacks has ever been fooled by."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for make in MEMBERS:
            member = make()
            archive.addfile(member, io.BytesIO(CONTENT) if member.size else None)
        if huge:
            member = _member("logs/huge")
            member.size = 10**13
            archive.addfile(member)
    return buffer.getvalue()


def by_hand(arena: Arena, place: Place) -> Outcome:
    """Archives that an engine which is not Docker, or is no longer honest, could send."""
    del arena, place
    gains: list[str] = []
    with tempfile.TemporaryDirectory(prefix="autoloop-redteam-") as base:
        for number, huge in enumerate((False, True)):
            data = hostile_archive(huge=huge)
            limits = Limits(max_bytes=MOST_BYTES, max_files=200)
            target = Path(base, f"own{number}", "x", "y")
            try:
                unpack(io.BytesIO(data), target, limits)
            except tarfile.TarError:
                gains += [] if huge else ["an archive was not read to its end"]
            gains += _outside(Path(base), target)
    return Outcome(
        evidence=f"{len(MEMBERS)} hostile entries: nothing outside,"
        " plain files alone, as many bytes as allowed",
        gain=", ".join(gains[:5]),
    )


def _outside(base: Path, target: Path) -> Iterator[str]:
    yield from specials(target)
    top = target.parents[1]
    kept = {target, *target.rglob("*"), top, target.parent}
    yield from (f"{path} is outside" for path in top.rglob("*") if path not in kept)
    yield from (f"{p} is outside" for p in base.iterdir() if not p.name.startswith("own"))
    if Path("/tmp/attacks-absolute").exists():
        yield "/tmp/attacks-absolute is outside"
    files = [path for path in target.rglob("*") if path.is_file()]
    if sum(path.stat().st_size for path in files) > MOST_BYTES:
        yield "too much was written"
    if any(path.read_bytes() != CONTENT for path in files):
        yield "a file has another content"


ARCHIVES: tuple[Attack, ...] = (
    Attack(
        number=28, channel="links and devices", play=Raid(agent=LINKS, gain=escaped), places=BOTH
    ),
    Attack(number=28, channel="hostile archives", play=by_hand),
)
