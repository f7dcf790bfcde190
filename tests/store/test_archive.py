"""The archive's file: shared by processes, true to what is on the disk, and spared when damaged."""

import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from autoloop.errors import RunError, StorageError
from autoloop.store import SqliteArchive, forget_removed
from tests.store.builders import make_archive_key, make_trial

KEY = make_archive_key()
_ADD = """
import sys
from pathlib import Path
from autoloop.store import SqliteArchive
from tests.store.builders import make_archive_key, make_trial
run = sys.argv[2]
sys.stdin.readline()
with SqliteArchive.open(Path(sys.argv[1]), run=run) as archive:
    for n in range(int(sys.argv[3])):
        archive.add(make_archive_key(), make_trial(f"t{n}"))
        print(len(archive.trials(make_archive_key())), flush=True)
"""


def make_files(runs: Path, run: str, *trials: str) -> None:
    for trial in trials:
        (runs / run / "jobs" / trial).mkdir(parents=True)


def _process(runs: Path, run: str, count: int) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", _ADD, str(runs), run, str(count)]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, text=True)


@pytest.mark.slow
def test_processes_that_make_and_fill_it_at_once_lose_nothing(tmp_path: Path) -> None:
    runs = [f"r{n}" for n in range(6)]
    for run in runs:
        make_files(tmp_path, run, *(f"t{n}" for n in range(20)))
    processes = [_process(tmp_path, run, 20) for run in runs]

    for process in processes:
        assert process.stdin is not None
        process.stdin.write("\n")
        process.stdin.flush()
    said = [process.communicate() for process in processes]

    assert [errors for _, errors in said] == [""] * 6
    with SqliteArchive.open(tmp_path, run="r0") as archive:
        assert len(archive.trials(KEY)) == 120
        assert archive._database.rows("PRAGMA integrity_check") == [("ok",)]


def test_a_process_that_is_killed_leaves_it_sound_and_free(tmp_path: Path) -> None:
    make_files(tmp_path, "r1", *(f"t{n}" for n in range(999)))
    with _process(tmp_path, "r1", 999) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write("\n")
        process.stdin.flush()
        said = [process.stdout.readline() for _ in range(10)]
        process.send_signal(signal.SIGKILL)

    with SqliteArchive.open(tmp_path, run="r2") as archive:
        assert len(archive.trials(KEY)) >= int(said[-1])
        archive.add(KEY, make_trial("new"))


def test_it_is_made_with_the_folder_of_the_runs(tmp_path: Path) -> None:
    with SqliteArchive.open(tmp_path / "runs", run="r1") as archive:
        assert archive.trials(KEY) == ()

    assert (tmp_path / "runs" / "trials.db").is_file()


def test_a_trial_whose_files_are_gone_is_not_given_out(tmp_path: Path) -> None:
    make_files(tmp_path, "r1", "a", "b")
    with SqliteArchive.open(tmp_path, run="r1") as archive:
        archive.add(KEY, make_trial("a"))
        archive.add(KEY, make_trial("b"))

        shutil.rmtree(tmp_path / "r1" / "jobs" / "a")

        assert [t.id for t in archive.trials(KEY)] == ["b"]


def test_runs_without_a_folder_are_forgotten(tmp_path: Path) -> None:
    for run in ("r1", "r2"):
        make_files(tmp_path, run, "a")
        with SqliteArchive.open(tmp_path, run=run) as archive:
            archive.add(KEY, make_trial("a"))
    shutil.rmtree(tmp_path / "r1")

    assert forget_removed(tmp_path) == 1
    assert forget_removed(tmp_path) == 0

    make_files(tmp_path, "r1", "a")
    with SqliteArchive.open(tmp_path, run="r3") as archive:
        assert [t.reused_from for t in archive.trials(KEY)] == ["r2"]


def test_where_there_is_no_archive_nothing_is_made_to_forget(tmp_path: Path) -> None:
    assert forget_removed(tmp_path) == 0
    assert list(tmp_path.iterdir()) == []


def test_a_damaged_file_is_named_with_what_helps(tmp_path: Path) -> None:
    (tmp_path / "trials.db").write_text("no database " * 200)

    with pytest.raises(RunError, match=r"trials\.db' is damaged .*: delete it"):
        SqliteArchive.open(tmp_path, run="r1")


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "runs").write_text("")

    with pytest.raises(StorageError, match="runs' cannot be made"):
        SqliteArchive.open(tmp_path / "runs", run="r1")
