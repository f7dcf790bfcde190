"""Archives that no honest engine would send."""

import io
import tarfile
from pathlib import Path

import pytest

from autoloop.sandbox.extraction import Limits, safe_name, unpack

LIMITS = Limits(max_bytes=1000, max_files=10)


def archive(*members: tuple[str, bytes]) -> io.BytesIO:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name, kind in members:
            member = tarfile.TarInfo(name)
            member.type, member.linkname = kind, "/etc/passwd"
            member.size = 2 if kind == tarfile.REGTYPE else 0
            archive.addfile(member, io.BytesIO(b"ok"))
    buffer.seek(0)
    return buffer


@pytest.mark.parametrize(
    "name",
    ["/etc/cron.d/x", "../x", "top/../../x", "top/a/../../../x", "top", "top/" + "d/" * 30 + "x"],
)
def test_a_name_that_leads_elsewhere_is_left_out(tmp_path: Path, name: str) -> None:
    unpack(archive((name, tarfile.REGTYPE)), tmp_path / "out", LIMITS)

    assert [path.name for path in tmp_path.rglob("*")] == ["out"]


@pytest.mark.parametrize(
    "kind",
    [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.FIFOTYPE],
)
def test_what_is_no_regular_file_is_left_out(tmp_path: Path, kind: bytes) -> None:
    unpack(archive(("top/x", kind), ("top/y", tarfile.REGTYPE)), tmp_path, LIMITS)

    assert [path.name for path in tmp_path.iterdir()] == ["y"]


def test_a_file_below_a_link_of_the_same_archive_does_not_follow_it(tmp_path: Path) -> None:
    hostile = archive(("top/x", tarfile.SYMTYPE), ("top/x/y", tarfile.REGTYPE))

    unpack(hostile, tmp_path, LIMITS)

    assert (tmp_path / "x/y").read_bytes() == b"ok"
    assert not (tmp_path / "x").is_symlink()


def test_what_came_first_under_a_name_stays(tmp_path: Path) -> None:
    twice = archive(("top/x", tarfile.REGTYPE), ("top/x", tarfile.REGTYPE), ("top/x/y", b"0"))

    unpack(twice, tmp_path, LIMITS)

    assert [path.name for path in tmp_path.rglob("*")] == ["x"]


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("plain-name_1.txt", "plain-name_1.txt"),
        ("grüße 日本.txt", "grüße 日本.txt"),
        ("a\x1b[31m\nb", "a%1B[31m%0Ab"),
        ("\udcff", "%FF"),
        ("..", "%2E%2E"),
        ("<b>&amp;", "%3Cb%3E%26amp%3B"),
    ],
)
def test_a_name_keeps_what_is_harmless(name: str, safe: str) -> None:
    assert safe_name(name) == safe


def test_long_names_stay_apart_and_fit_a_file_system() -> None:
    names = {safe_name(250 * "ü" + end) for end in "ab"}

    assert len(names) == 2
    assert max(len(name.encode()) for name in names) <= 160
