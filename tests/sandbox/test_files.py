"""Files on their way into and out of a container."""

from pathlib import Path

import pytest

from autoloop.ports import Container

pytestmark = pytest.mark.docker


def test_a_folder_is_copied_in_as_it_is_but_owned_by_root(
    container: Container, folder: Path
) -> None:
    container.put(folder, "/copy/in")

    listed = container.run("cd /copy/in; find . -printf '%p %u %m %l\n' | sort")
    assert listed.stdout.splitlines() == [
        ". root 755 ",
        "./deep root 755 ",
        "./deep/x.bin root 644 ",
        "./link root 777 run.sh",
        "./run.sh root 755 ",
    ]


def test_a_folder_is_merged_into_what_is_there(container: Container, folder: Path) -> None:
    container.run("mkdir -p /real; echo old > /real/old; echo old > /real/run.sh; ln -s /real /way")

    container.put(folder, "/way")

    assert (
        container.run("cat /real/old /real/run.sh; readlink /way").stdout == "old\necho ran/real\n"
    )


def test_a_written_file_is_read_back_byte_for_byte(container: Container) -> None:
    data = bytes(range(256)) * 1000

    container.write("/made/on the way/ü.bin", data, mode=0o755)

    assert container.read("/made/on the way/ü.bin", max_bytes=len(data)) == data
    assert container.run("stat -c %a '/made/on the way/ü.bin'").stdout == "755\n"


@pytest.mark.parametrize("path", ["/etc", "/etc/passwd/below", "relative", "/etc/../etc/x", "/"])
def test_a_path_that_cannot_be_written_is_refused_and_nothing_lost(
    container: Container, path: str
) -> None:
    with pytest.raises(ValueError, match="cannot be"):
        container.write(path, b"x")

    assert container.run("grep -c root /etc/passwd").exit_code == 0


@pytest.mark.parametrize(
    ("make", "words"),
    [
        ("mkdir /odd", "no regular file"),
        ("mkfifo /odd", "no regular file"),
        ("ln -s /etc/shadow /odd", "is a link"),
        ("truncate -s 3000G /odd || truncate -s 3G /odd", "at most 10 may be read"),
    ],
)
def test_only_a_regular_file_of_bounded_size_is_read(
    container: Container, make: str, words: str
) -> None:
    container.run(f"rm -rf /odd; {make}")

    with pytest.raises(ValueError, match=words):
        container.read("/odd", max_bytes=10)


def test_a_file_that_is_not_there_is_said_to_be_missing(
    container: Container, tmp_path: Path
) -> None:
    with pytest.raises(FileNotFoundError, match="/not/there"):
        container.read("/not/there", max_bytes=10)

    assert container.fetch("/not/there", tmp_path / "out", max_bytes=10) is False


HOSTILE = r"""
mkdir -p /hostile/sub "/hostile/$(printf 'a%.0s' {1..250})"; cd /hostile
printf ok > good.txt; printf ok > sub/good.txt; printf x > $'b\xff\xfe'
printf x > $'esc\e[31m\nnew'; printf x > '<script>'; printf x > "a*/long" 2>/dev/null
ln -s /etc/passwd link; ln -s / root; mkfifo pipe; ln good.txt hard
mkdir -p $(printf 'd/%.0s' {1..200}); printf x > $(printf 'd/%.0s' {1..200})f
printf x > "$(printf 'a%.0s' {1..250})/$(printf 'b%.0s' {1..250})"
"""


def test_out_of_a_hostile_folder_come_plain_files_with_safe_names(
    container: Container, tmp_path: Path
) -> None:
    container.run(HOSTILE)

    assert container.fetch("/hostile", tmp_path / "out", max_bytes=1000)

    found = sorted((tmp_path / "out").rglob("*"))
    names = [str(path.relative_to(tmp_path / "out")) for path in found if path.is_file()]
    short = [name for name in names if len(name) < 100]
    assert short == ["%3Cscript%3E", "b%FF%FE", "esc%1B[31m%0Anew", "good.txt", "sub/good.txt"]
    assert len(names) == len(short) + 1
    assert not any(path.is_symlink() for path in found)


@pytest.mark.parametrize(
    ("make", "max_bytes", "max_files", "kept"),
    [
        ("for i in {10..99}; do echo > $i; done", 1000, 20, 20),
        ("for i in {10..99}; do printf 1234567890 > $i; done", 55, 100, 5),
        ("echo > 1; truncate -s 300G 2 || truncate -s 3G 2; echo > 3", 1000, 100, 1),
        ("echo > 1; for i in {100..199}; do ln -s x $i; done; echo > zzz", 100, 10, 1),
    ],
    ids=["files", "bytes", "sparse giant", "links"],
)
def test_fetching_stops_at_its_limits(
    container: Container, tmp_path: Path, make: str, max_bytes: int, max_files: int, kept: int
) -> None:
    container.run(f"rm -rf /many; mkdir /many; cd /many; {make}")

    container.fetch("/many", tmp_path, max_bytes=max_bytes, max_files=max_files)

    assert len(list(tmp_path.iterdir())) <= kept
