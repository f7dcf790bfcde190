"""Archives that something hostile made."""

import io
import tarfile
from pathlib import Path

import pytest

from autoloop.remote.extraction import unpack


def archive(*names: str, kind: bytes = tarfile.REGTYPE, size: int = 2) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for name in names:
            member = tarfile.TarInfo(name)
            member.type, member.linkname = kind, "/etc/passwd"
            member.size = size if kind == tarfile.REGTYPE else 0
            tar.addfile(member, io.BytesIO(b"x" * member.size))
    return buffer.getvalue()


def written(folder: Path) -> list[str]:
    return sorted(str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file())


def test_plain_files_are_written(tmp_path: Path) -> None:
    unpack(archive("./a", "./b/c"), tmp_path, max_bytes=10, max_files=10)

    assert written(tmp_path) == ["a", "b/c"]


@pytest.mark.parametrize("name", ["/abs", "../up", "a/../../up", "a\x1b[31m", "x" * 161])
def test_names_that_lead_elsewhere_or_confuse_are_left_out(tmp_path: Path, name: str) -> None:
    unpack(archive(name, "./good"), tmp_path / "out", max_bytes=10, max_files=10)

    assert written(tmp_path) == ["out/good"]


@pytest.mark.parametrize(
    "kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.FIFOTYPE]
)
def test_what_is_no_file_is_left_out(tmp_path: Path, kind: bytes) -> None:
    unpack(archive("./odd", kind=kind), tmp_path, max_bytes=10, max_files=10)

    assert list(tmp_path.iterdir()) == []


def test_it_stops_at_the_limits(tmp_path: Path) -> None:
    unpack(archive("a", "b", "c"), tmp_path / "files", max_bytes=100, max_files=2)
    unpack(archive("a", "b", "c"), tmp_path / "bytes", max_bytes=3, max_files=9)

    assert written(tmp_path) == ["bytes/a", "files/a", "files/b"]


def test_an_archive_that_was_cut_off_gives_what_came(tmp_path: Path) -> None:
    whole = archive("a", "b", size=5_000)

    unpack(whole[:7_000], tmp_path, max_bytes=20_000, max_files=9)

    assert "a" in written(tmp_path)


def test_of_two_entries_with_one_name_the_first_stays(tmp_path: Path) -> None:
    unpack(archive("a", "a/b", "a"), tmp_path, max_bytes=10, max_files=9)

    assert written(tmp_path) == ["a"]
