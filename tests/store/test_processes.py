"""Several processes and one run: locks, readers, stop requests and sudden death."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from autoloop.errors import RunError, StorageError
from autoloop.store import SqliteStore, open_readonly, request_stop, running_pid
from tests.store.builders import make_key, make_run, make_step, make_trial

_HOLD = """
import sys
from pathlib import Path
from autoloop.store import SqliteStore
store = SqliteStore.open(Path(sys.argv[1]))
store.save_notebook("held")
print("ready", flush=True)
sys.stdin.readline()
print(store.stop_requested())
"""

_WRITE = """
import itertools, sys
from pathlib import Path
from autoloop.store import SqliteStore
from tests.store.builders import make_key, make_step, make_trial
store = SqliteStore.open(Path(sys.argv[1]))
for n in itertools.count():
    store.save_trial(make_trial(f"t{n}", key=make_key(attempt=n)))
    store.save_step(make_step(n))
    print(n, flush=True)
"""

_READ_AS_NOBODY = """
import os, sys
from pathlib import Path
from autoloop.store import open_readonly
from autoloop.errors import AutoloopError
os.setgid(65534), os.setuid(65534)
try:
    print(open_readonly(Path(sys.argv[1])).notebook())
except AutoloopError as error:
    print(type(error).__name__, error)
"""


@contextmanager
def _process(program: str, folder: Path) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-c", program, str(folder)]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def _line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def test_a_second_process_is_refused_and_told_the_first(tmp_path: Path) -> None:
    with _process(_HOLD, tmp_path) as process:
        assert _line(process) == "ready"

        with pytest.raises(RunError, match=f"in use by process {process.pid}"):
            SqliteStore.open(tmp_path, sleep=lambda _: None)


def test_the_same_process_is_refused_too(tmp_path: Path) -> None:
    with SqliteStore.open(tmp_path), pytest.raises(RunError, match=str(os.getpid())):
        SqliteStore.open(tmp_path, sleep=lambda _: None)


def test_a_moments_look_at_the_lock_does_not_refuse_a_start(tmp_path: Path) -> None:
    other = SqliteStore.open(tmp_path)

    with SqliteStore.open(tmp_path, sleep=lambda _: other.close()) as store:
        assert store.notebook() == ""


def test_a_dead_process_holds_nothing(tmp_path: Path) -> None:
    with _process(_HOLD, tmp_path) as process:
        assert _line(process) == "ready"
    assert running_pid(tmp_path) is None

    with SqliteStore.open(tmp_path) as store:
        assert store.notebook() == "held"


def test_a_reader_sees_a_run_that_goes_on(tmp_path: Path) -> None:
    with SqliteStore.open(tmp_path) as store, open_readonly(tmp_path) as reader:
        store.save_run(make_run())
        assert reader.run() == make_run()
        store.save_trial(make_trial())

        assert reader.counts().trials == 1
        assert running_pid(tmp_path) == str(os.getpid())


def test_a_reader_sees_what_a_dead_process_left_in_the_log(tmp_path: Path) -> None:
    with _process(_HOLD, tmp_path) as process:
        assert _line(process) == "ready"
    (tmp_path / "run.db-shm").unlink()

    with open_readonly(tmp_path) as reader:
        assert reader.notebook() == "held"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can play another user")
def test_a_finished_run_can_be_read_where_nothing_may_be_written(tmp_path: Path) -> None:
    # pytest's own folders are closed to other users.
    with tempfile.TemporaryDirectory() as open_to_all:
        folder = shutil.copytree(_finished(tmp_path), Path(open_to_all) / "r1")
        folder.chmod(0o555)
        Path(open_to_all).chmod(0o755)
        command = [sys.executable, "-c", _READ_AS_NOBODY, str(folder)]

        done = subprocess.run(command, capture_output=True, text=True, check=True)

    assert done.stdout == "notes\n"


def _finished(tmp_path: Path) -> Path:
    with SqliteStore.open(tmp_path / "r1") as store:
        store.save_notebook("notes")
    return tmp_path / "r1"


def test_a_running_climb_can_be_asked_to_stop(tmp_path: Path) -> None:
    with _process(_HOLD, tmp_path) as process:
        assert _line(process) == "ready"
        request_stop(tmp_path)
        assert process.stdin is not None
        process.stdin.write("\n")
        process.stdin.flush()

        assert _line(process) == "True"


def test_a_stop_request_does_not_outlive_its_process(tmp_path: Path) -> None:
    with SqliteStore.open(tmp_path) as store:
        request_stop(tmp_path)
        request_stop(tmp_path)
        assert store.stop_requested()

    with SqliteStore.open(tmp_path) as store:
        assert not store.stop_requested()


@pytest.mark.parametrize("place", ["", "nowhere"])
def test_stopping_what_does_not_run_is_refused(tmp_path: Path, place: str) -> None:
    with pytest.raises(RunError, match="Nothing is running in"):
        request_stop(_finished(tmp_path) / place)


def test_a_lock_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "lock").mkdir()

    with pytest.raises(StorageError, match=r"lock' cannot be locked"):
        SqliteStore.open(tmp_path)


@pytest.mark.parametrize("saves", [1, 5, 40])
def test_what_was_saved_survives_a_kill(tmp_path: Path, saves: int) -> None:
    with _process(_WRITE, tmp_path) as process:
        said = [_line(process) for _ in range(saves)][-1]
        process.send_signal(signal.SIGKILL)

    with SqliteStore.open(tmp_path) as store:
        trials, steps = store.trials(), store.steps()
        assert store._database.rows("PRAGMA integrity_check") == [("ok",)]
    assert len(trials) >= int(said) + 1
    assert trials[int(said)] == make_trial(f"t{said}", key=make_key(attempt=int(said)))
    assert steps[int(said)] == make_step(int(said))
