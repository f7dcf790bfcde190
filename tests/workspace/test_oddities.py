"""Repositories as people really have them."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from autoloop.errors import InfraError, ProjectError, StorageError
from autoloop.workspace import GitWorkspace
from autoloop.workspace.plumbing import Plumbing, locate
from tests.workspace.conftest import Repository
from tests.workspace.contract import BASELINE, EDIT
from tests.workspace.test_git import climb

Oddity = Callable[[Repository], None]


def _configured(*pairs: str) -> Oddity:
    def configure(repository: Repository) -> None:
        for pair in pairs:
            repository.git("config", *pair.split("=", 1))

    return configure


def _detached(repository: Repository) -> None:
    repository.git("checkout", "-q", "--detach")


def _with_filters(repository: Repository) -> None:
    _configured("filter.bad.clean=exit 1", "filter.bad.smudge=exit 1", "filter.bad.required=true")(
        repository
    )
    (repository.folder / ".gitattributes").write_text("agent.py filter=bad -diff text eol=crlf\n")


def _ignored(repository: Repository) -> None:
    (repository.folder / ".gitignore").write_text("*\n")


def _shallow_or_replaced(repository: Repository) -> None:
    other = repository.commit(agent_py="replaced\n")
    first = repository.git("rev-parse", "HEAD^")
    repository.git("reset", "-q", "--hard", first)
    repository.git("replace", first, other)


ODDITIES = {
    "detached HEAD": _detached,
    "no identity allowed": _configured("user.useConfigOnly=true"),
    "signing": _configured("commit.gpgSign=true", "gpg.program=/bin/false", "tag.gpgSign=true"),
    "autocrlf": _configured("core.autocrlf=true", "core.safecrlf=true", "core.eol=crlf"),
    "filters": _with_filters,
    "ignored": _ignored,
    "other encoding": _configured(
        "i18n.commitEncoding=ISO-8859-1", "i18n.logOutputEncoding=CP1252"
    ),
    "odd diff settings": _configured(
        "diff.noprefix=true", "color.ui=always", "diff.external=/bin/false", "diff.context=0"
    ),
    "odd core": _configured("core.fsync=none", "core.logAllRefUpdates=always", "core.bare=false"),
    "own trailer separator": _configured("trailer.separators=="),
    "worktree configured": _configured("core.worktree=.."),
    "replaced commit": _shallow_or_replaced,
}


@pytest.mark.parametrize("oddity", ODDITIES.values(), ids=ODDITIES.keys())
def test_a_climb_works_and_touches_nothing(repository: Repository, oddity: Oddity) -> None:
    oddity(repository)
    before = repository.snapshot()

    workspace = climb(repository.folder)
    edits = workspace.history("r1")

    assert workspace.source("autoloop/r1") == EDIT
    assert "-    return 1\n+    return 2\n" in workspace.diff(f"{edits[0].commit}^", "autoloop/r1")
    assert [dict(edit.trailers)["Verdict"] for edit in edits] == ["keep", "revert"]
    assert repository.snapshot() == before
    repository.assert_sound()


def _install_hooks(folder: Path, witness: Path) -> None:
    folder.mkdir(exist_ok=True)
    for name in (
        "reference-transaction",
        "post-commit",
        "pre-commit",
        "commit-msg",
        "post-index-change",
    ):
        hook = folder / name
        hook.write_text(f"#!/bin/sh\necho {name} >> '{witness}'\nexit 1\n")
        hook.chmod(0o755)


@pytest.mark.parametrize("place", ["default", "hooksPath"])
def test_no_hook_runs(repository: Repository, tmp_path: Path, place: str) -> None:
    folder = repository.folder / ".git/hooks"
    if place == "hooksPath":
        folder = tmp_path / "hooks"
        repository.git("config", "core.hooksPath", str(folder))
    _install_hooks(folder, tmp_path / "witness")

    climb(repository.folder).remove_run("r1")

    assert not (tmp_path / "witness").exists()


def test_a_linked_worktree_is_a_project(repository: Repository, tmp_path: Path) -> None:
    linked = Repository(tmp_path / "linked")
    repository.git("worktree", "add", "-q", "-b", "side", str(linked.folder))
    head = linked.commit(agent_py=EDIT + "# side\n")
    before, main = linked.snapshot(), repository.snapshot()

    base = GitWorkspace(linked.folder).begin("r1", EDIT + "# side\n")
    climb(linked.folder, run="r2")

    assert base == head
    assert (linked.snapshot(), repository.snapshot()) == (before, main)
    assert repository.git("worktree", "list").count("\n") == 1


def test_a_submodule_is_a_project(repository: Repository, tmp_path: Path) -> None:
    outer = Repository(tmp_path / "outer")
    outer.folder.mkdir()
    outer.git("init", "-q", "-b", "main")
    allowed = ("-c", "protocol.file.allow=always")
    outer.git(*allowed, "submodule", "add", "-q", str(repository.folder), "sub")
    inner = Repository(outer.folder / "sub")

    climb(inner.folder)

    assert "refs/heads/autoloop/r1" in inner.refs()
    assert outer.git("status", "--porcelain") == "A  .gitmodules\nA  sub"


def test_a_repository_with_submodules_keeps_them(repository: Repository) -> None:
    link = f"160000,{repository.git('rev-parse', 'HEAD')},vendor"
    repository.git("update-index", "--add", "--cacheinfo", link)
    repository.commit()

    tip = climb(repository.folder).tip("r1")

    assert repository.git("ls-tree", tip, "vendor").startswith("160000 commit")


@pytest.mark.parametrize("folder", ["sub", "a/[b]* $c/dé", "main"])
def test_a_subfolder_is_a_project(repository: Repository, folder: str) -> None:
    project = repository.folder / folder
    project.mkdir(parents=True)
    (project / "agent.py").write_text(BASELINE)

    workspace = climb(project)
    diff = workspace.diff("refs/autoloop/r1/base", "autoloop/r1")

    assert workspace.source("autoloop/r1") == EDIT
    assert "--- a/agent.py\n+++ b/agent.py\n" in diff
    assert repository.git("show", "autoloop/r1:agent.py") == BASELINE.strip()
    repository.assert_sound()


def test_a_project_reached_through_a_link_is_found(repository: Repository, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(repository.folder)

    assert climb(tmp_path / "link").source("autoloop/r1") == EDIT


def test_the_environment_of_a_calling_hook_does_not_mislead(
    repository: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE"):
        monkeypatch.setenv(name, str(tmp_path / "elsewhere"))
    workspace = climb(repository.folder)

    assert workspace.runs() == ("r1",)


def test_a_repository_of_sha256_works(tmp_path: Path) -> None:
    repository = Repository(tmp_path)
    repository.git("init", "-q", "-b", "main", "--object-format=sha256")
    repository.commit(agent_py=BASELINE)

    assert len(climb(tmp_path).tip("r1")) == 64


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files to another user")
def test_a_repository_of_another_user_works(repository: Repository) -> None:
    for path in (repository.folder, *repository.folder.rglob("*")):
        os.chown(path, 12345, 12345)

    assert climb(repository.folder).source("autoloop/r1") == EDIT


def test_a_folder_outside_git_is_refused_with_advice(tmp_path: Path) -> None:
    with pytest.raises(ProjectError, match="git init"):
        GitWorkspace(tmp_path)


def test_a_missing_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ProjectError, match="is not a folder"):
        GitWorkspace(tmp_path / "nowhere")


def test_a_bare_repository_is_refused(tmp_path: Path) -> None:
    Repository(tmp_path).git("init", "-q", "--bare")

    with pytest.raises(ProjectError, match="bare"):
        GitWorkspace(tmp_path)


def test_a_linked_agent_py_is_refused(repository: Repository) -> None:
    agent = repository.folder / "agent.py"
    agent.unlink()
    agent.symlink_to("README.md")

    with pytest.raises(ProjectError, match="symbolic link"):
        GitWorkspace(repository.folder).begin("r1", BASELINE)


def test_a_link_in_the_tree_is_refused(empty: Repository) -> None:
    (empty.folder / "agent.py").symlink_to("elsewhere")
    empty.git("add", "agent.py")
    head = empty.commit()
    (empty.folder / "agent.py").unlink()
    workspace = GitWorkspace(empty.folder)

    with pytest.raises(ProjectError, match="120000"):
        workspace.begin("r1", BASELINE)
    with pytest.raises(ProjectError, match="120000"):
        workspace.source(head)


def test_a_folder_that_git_has_as_a_link_is_refused(empty: Repository) -> None:
    (empty.folder / "sub").symlink_to("elsewhere")
    empty.git("add", "sub")
    empty.commit()
    (empty.folder / "sub").unlink()
    (empty.folder / "sub").mkdir()

    with pytest.raises(ProjectError, match="'sub'"):
        GitWorkspace(empty.folder / "sub").begin("r1", BASELINE)


def test_a_branch_in_the_way_is_named(repository: Repository) -> None:
    repository.git("branch", "autoloop")

    with pytest.raises(ProjectError, match="git branch -m autoloop NEW-NAME"):
        GitWorkspace(repository.folder).begin("r1", BASELINE)


def test_a_foreign_branch_of_the_runs_name_is_refused(repository: Repository) -> None:
    repository.git("branch", "autoloop/r1")

    with pytest.raises(ProjectError, match="that no run made"):
        GitWorkspace(repository.folder).begin("r1", BASELINE)


def test_a_deleted_branch_is_not_silently_started_again(repository: Repository) -> None:
    workspace = climb(repository.folder)
    repository.git("branch", "-D", "autoloop/r1")

    with pytest.raises(ProjectError, match="git branch autoloop/r1"):
        workspace.begin("r1", BASELINE)
    with pytest.raises(ProjectError, match="git branch autoloop/r1"):
        workspace.tip("r1")


def test_a_branch_moved_by_someone_is_not_overwritten(repository: Repository) -> None:
    workspace = GitWorkspace(repository.folder)
    base = workspace.begin("r1", BASELINE)
    edit = workspace.propose(run="r1", step=1, parent=base, source=EDIT, message="m")
    repository.git("branch", "-f", "autoloop/r1", repository.commit(README_md="theirs\n"))

    with pytest.raises(ProjectError, match="somebody moved it"):
        workspace.keep(run="r1", commit=edit, message="m")


_IMPORT = """
from autoloop.errors import ProjectError
try:
    import autoloop.workspace
except ProjectError as error:
    print(error)
"""


def test_a_missing_git_is_said_in_a_sentence() -> None:
    command = [sys.executable, "-c", _IMPORT]

    done = subprocess.run(
        command, env={"PATH": "/nowhere"}, capture_output=True, text=True, check=True
    )

    assert "install it (on Debian: apt-get install git)" in done.stdout


def test_a_git_that_vanishes_later_is_said_too(
    repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace = GitWorkspace(repository.folder)
    monkeypatch.setenv("PATH", "/nowhere")

    with pytest.raises(ProjectError, match="git cannot be run"):
        workspace.begin("r1", BASELINE)


def test_a_damaged_repository_ends_in_a_sentence(repository: Repository) -> None:
    workspace = climb(repository.folder)
    tip = workspace.tip("r1")
    (repository.folder / ".git/objects" / tip[:2] / tip[2:]).unlink()

    with pytest.raises(InfraError, match="git cat-file failed in"):
        workspace.propose(run="r1", step=3, parent=tip, source=EDIT, message="m")


@pytest.mark.parametrize(
    ("complaint", "kind", "advice"),
    [
        ("error: unable to write file x: No space left on device", StorageError, "is full"),
        ("error: insufficient permission for adding an object to", ProjectError, "chown"),
        ("", InfraError, "gave no reason"),
    ],
)
def test_what_git_complains_of_becomes_advice(
    repository: Repository, complaint: str, kind: type[Exception], advice: str
) -> None:
    failure = Plumbing(locate(repository.folder))._failure("mktree", complaint)

    assert type(failure) is kind
    assert advice in str(failure)
    assert str(repository.folder / ".git") in str(failure)


def test_a_commit_without_agent_py_is_named(empty: Repository) -> None:
    head = empty.commit(README_md="hello\n")

    with pytest.raises(ProjectError, match=r"has no agent\.py"):
        GitWorkspace(empty.folder).source(head)


def test_an_agent_py_that_is_no_utf8_is_named(empty: Repository) -> None:
    (empty.folder / "agent.py").write_bytes(b"x = '\xff'\n")
    empty.git("add", "agent.py")
    head = empty.commit()

    with pytest.raises(ProjectError, match="is not UTF-8 text"):
        GitWorkspace(empty.folder).source(head)
