"""Files on their way between two containers, which here are two folders of one machine."""

import os
import subprocess
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from autoloop.gateway import SocketGateway
from autoloop.harness import harbor_files
from autoloop.harness.door import Door
from autoloop.harness.env import Env
from autoloop.harness.harbor_files import Files
from autoloop.ports import Turn
from autoloop.records import CommandResult
from autoloop.testing.models import ScriptedModel
from tests.harness.conftest import GRANT, StillClock


class ThisMachine:
    """A `TaskEnv` without a container: files and commands are where they say."""

    def run(
        self, command: str, *, timeout_s: float | None, user: str | None = None
    ) -> CommandResult:
        del user
        done = subprocess.run(
            ["bash", "-c", command], capture_output=True, text=True, timeout=timeout_s, check=False
        )
        return CommandResult(exit_code=done.returncode, stdout=done.stdout, stderr=done.stderr)

    def read(self, path: str) -> bytes:
        return Path(path).read_bytes()

    def write(self, path: str, data: bytes) -> None:
        file = Path(path)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data)


@contextmanager
def _files() -> Iterator[Files]:
    gateway = SocketGateway(ScriptedModel([]), clock=StillClock())
    with gateway, gateway.open(GRANT) as session:
        session.begin(Turn(instruction="Copy.", env=ThisMachine()))
        env = Env(Door(str(session.folder / "sock")))
        yield Files(env, env.run, unpack=_unpack)


def _unpack(member: tarfile.TarInfo, target: str) -> tarfile.TarInfo | None:
    return None if member.isdev() else tarfile.data_filter(member, target)


@pytest.fixture
def files(monkeypatch: pytest.MonkeyPatch) -> Iterator[Files]:
    # Small parts, so that every file comes in several.
    monkeypatch.setattr(harbor_files, "PART_BYTES", 1_000)
    with _files() as files:
        yield files


@pytest.fixture
def source(tmp_path: Path) -> Path:
    folder = tmp_path / "source"
    (folder / "deep").mkdir(parents=True)
    (folder / "deep" / "numbers.bin").write_bytes(bytes(range(256)) * 17)
    (folder / "run me.sh").write_text("true\n")
    (folder / "run me.sh").chmod(0o755)
    (folder / "link").symlink_to("run me.sh")
    return folder


@pytest.mark.parametrize("size", [0, 1, 999, 1_000, 1_001, 5_000])
def test_a_file_of_any_size_arrives_whole(files: Files, tmp_path: Path, size: int) -> None:
    content = os.urandom(size)
    (tmp_path / "there").write_bytes(content)

    files.put_file(tmp_path / "there", str(tmp_path / "new" / "here"))
    files.get_file(str(tmp_path / "new" / "here"), tmp_path / "back" / "again")

    assert (tmp_path / "back" / "again").read_bytes() == content


@pytest.mark.parametrize("ending", ["", "/"])
def test_a_file_goes_into_a_folder_under_its_own_name(
    files: Files, source: Path, tmp_path: Path, ending: str
) -> None:
    (tmp_path / "target").mkdir()

    files.put_file(source / "run me.sh", f"{tmp_path}/target{ending}")
    files.get_file(str(source / "run me.sh"), tmp_path / "target" / "..")

    assert os.access(tmp_path / "target" / "run me.sh", os.X_OK)
    assert (tmp_path / "run me.sh").read_text() == "true\n"


def test_a_folder_is_merged_into_what_is_there(files: Files, source: Path, tmp_path: Path) -> None:
    target = tmp_path / "it's here"
    (target / "deep").mkdir(parents=True)
    (target / "deep" / "kept").write_text("kept")

    files.put_folder(source, str(target))

    assert (target / "deep" / "kept").read_text() == "kept"
    assert (target / "deep" / "numbers.bin").stat().st_size == 256 * 17
    assert (target / "link").readlink() == Path("run me.sh")


def test_a_folder_comes_back_without_its_pipes(files: Files, source: Path, tmp_path: Path) -> None:
    os.mkfifo(source / "pipe")

    files.get_folder(str(source), tmp_path / "back")

    names = sorted(path.name for path in (tmp_path / "back").rglob("*"))
    assert names == ["deep", "link", "numbers.bin", "run me.sh"]
    assert os.access(tmp_path / "back" / "run me.sh", os.X_OK)


def test_what_is_not_there_is_told(files: Files, tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="there is no such file"):
        files.get_file(f"{tmp_path}/none", tmp_path / "x")
    with pytest.raises(RuntimeError, match="there is no such folder"):
        files.get_folder(f"{tmp_path}/none", tmp_path / "y")
    with pytest.raises(RuntimeError, match="it is no folder"):
        files.put_folder(tmp_path / "none", "/tmp/z")  # noqa: S108 - never written


def test_a_target_that_cannot_be_written_is_told(files: Files, source: Path) -> None:
    with pytest.raises(RuntimeError, match="cannot be copied to '/proc/new/file'"):
        files.put_file(source / "run me.sh", "/proc/new/file")


def test_no_parts_are_left_behind(files: Files, source: Path, tmp_path: Path) -> None:
    before = set(Path("/tmp").glob(".autoloop-copy-*"))  # noqa: S108 - where they would lie

    files.put_folder(source, f"{tmp_path}/a")
    files.get_folder(f"{tmp_path}/a", tmp_path / "b")

    assert set(Path("/tmp").glob(".autoloop-copy-*")) <= before  # noqa: S108 - the same
