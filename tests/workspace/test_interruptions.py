"""Locks, and a process that dies between any two git commands."""

import os
from pathlib import Path

import pytest

from autoloop.errors import InfraError
from autoloop.workspace import GitWorkspace
from autoloop.workspace.plumbing import Plumbing
from tests.workspace.conftest import Repository
from tests.workspace.contract import BASELINE, EDIT
from tests.workspace.test_git import climb

OURS = ".git/refs/heads/autoloop/r1.lock"


class Killed(BaseException):
    """Stands for the death of the process."""


def _lock(repository: Repository, *, name: str = OURS, age_s: float = 0) -> Path:
    lock = repository.folder / name
    lock.parent.mkdir(parents=True, exist_ok=True)
    lock.touch()
    then = lock.stat().st_mtime - age_s
    os.utime(lock, (then, then))
    return lock


def test_a_held_lock_is_waited_for_and_then_named(repository: Repository) -> None:
    lock, waits = _lock(repository), list[float]()

    with pytest.raises(InfraError, match=str(lock)):
        GitWorkspace(repository.folder, sleep=waits.append).begin("r1", BASELINE)

    assert waits == [0.1, 0.2, 0.4, 0.8, 1.0]
    assert lock.exists()


def test_a_lock_that_goes_away_is_no_trouble(repository: Repository) -> None:
    lock = _lock(repository)
    workspace = GitWorkspace(repository.folder, sleep=lambda _: lock.unlink())

    assert workspace.begin("r1", BASELINE) == workspace.tip("r1")


def test_a_lock_left_by_our_own_dead_git_is_removed(repository: Repository) -> None:
    lock = _lock(repository, age_s=60)
    workspace = GitWorkspace(repository.folder, sleep=lambda _: None)

    assert workspace.begin("r1", BASELINE) == workspace.tip("r1")
    assert not lock.exists()


def test_an_old_lock_that_is_not_ours_is_left_alone(repository: Repository) -> None:
    workspace = climb(repository.folder)
    lock = _lock(repository, name=".git/packed-refs.lock", age_s=60)

    with pytest.raises(InfraError, match=r"packed-refs\.lock"):
        GitWorkspace(repository.folder, sleep=lambda _: None).remove_run("r1")

    assert lock.exists()
    assert workspace.runs() == ("r1",)


def test_a_locked_index_does_not_matter(repository: Repository) -> None:
    _lock(repository, name=".git/index.lock")

    assert climb(repository.folder).source("autoloop/r1") == EDIT


def _kill_after(monkeypatch: pytest.MonkeyPatch, commands: int) -> None:
    left, real = [commands], Plumbing.call

    def call(self: Plumbing, *arguments: str, stdin: bytes = b"", date: int | None = None) -> bytes:
        left[0] -= 1
        if left[0] < 0:
            raise Killed
        return real(self, *arguments, stdin=stdin, date=date)

    monkeypatch.setattr(Plumbing, "call", call)


@pytest.mark.slow
def test_a_climb_that_dies_anywhere_ends_the_same(
    repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = climb(repository.folder, run="whole").history("whole")
    deaths = 0
    for commands in range(100):
        run = f"r{commands}"
        with monkeypatch.context() as patch:
            _kill_after(patch, commands)
            try:
                climb(repository.folder, run=run)
            except Killed:
                deaths += 1
        assert climb(repository.folder, run=run).history(run) == wanted
        if deaths <= commands:
            break

    assert deaths > 20
    repository.assert_sound()
