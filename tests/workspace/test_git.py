"""What git looks like after a run worked in it."""

from pathlib import Path

import pytest

from autoloop.errors import CandidateError, ProjectError, RunError
from autoloop.workspace import GitWorkspace
from tests.workspace.conftest import Repository
from tests.workspace.contract import BASELINE, EDIT

REWORDED = "Better\n\nWhy it is.\n\nStep: 1\nVerdict: keep\n"


def climb(folder: Path, *, run: str = "r1", baseline: str = BASELINE) -> GitWorkspace:
    """One kept and one reverted edit."""
    workspace = GitWorkspace(folder)
    base = workspace.begin(run, baseline)
    first = workspace.propose(run=run, step=1, parent=base, source=EDIT, message="try")
    tip = workspace.keep(run=run, commit=first, message=REWORDED)
    second = workspace.propose(run=run, step=2, parent=tip, source="x = 0\n", message="try")
    workspace.record_revert(run=run, step=2, commit=second, message="Worse\n\nVerdict: revert\n")
    workspace.close()
    return workspace


def test_the_users_branch_index_and_files_stay_byte_for_byte(repository: Repository) -> None:
    repository.git("pack-refs", "--all")
    (repository.folder / "README.md").write_text("not committed\n")
    (repository.folder / "new.txt").write_text("staged\n")
    repository.git("add", "new.txt")
    before, status = repository.snapshot(), repository.git("status", "--porcelain")

    climb(repository.folder)

    assert repository.snapshot() == before
    assert repository.git("status", "--porcelain") == status
    repository.assert_sound()


def test_the_baseline_is_head_when_agent_py_is_committed(repository: Repository) -> None:
    base = GitWorkspace(repository.folder).begin("r1", BASELINE)

    assert base == repository.git("rev-parse", "main")


def test_uncommitted_text_becomes_a_commit_on_top_of_head(repository: Repository) -> None:
    head = repository.git("rev-parse", "HEAD")
    workspace = GitWorkspace(repository.folder)

    base = workspace.begin("r1", EDIT)

    assert repository.git("rev-parse", f"{base}^") == head
    assert workspace.source(base) == EDIT
    assert repository.git("show", f"{base}:README.md") == "hello"


def test_an_untracked_agent_py_becomes_a_commit(empty: Repository) -> None:
    head = empty.commit(README_md="hello\n")

    base = GitWorkspace(empty.folder).begin("r1", BASELINE)

    assert empty.git("diff", "--name-status", head, base) == "A\tagent.py"


def test_a_repository_without_commits_gets_a_root_commit(empty: Repository) -> None:
    before = empty.snapshot()

    workspace = climb(empty.folder)

    assert empty.git("ls-tree", "-r", "--name-only", workspace.tip("r1")) == "agent.py"
    assert empty.snapshot() == before
    empty.assert_sound()


def test_the_branch_tells_only_of_kept_edits(repository: Repository) -> None:
    climb(repository.folder)

    log = repository.git("log", "--format=%an <%ae> %s", "main..autoloop/r1")

    assert log == "autoloop <autoloop@localhost> Better"
    assert repository.git("log", "-1", "--format=%s", "refs/autoloop/r1/002") == "Worse"


def test_nothing_but_the_branch_and_the_refs_is_left(repository: Repository) -> None:
    climb(repository.folder)

    assert repository.refs() == [
        "refs/autoloop/r1/001",
        "refs/autoloop/r1/002",
        "refs/autoloop/r1/base",
        "refs/heads/autoloop/r1",
        "refs/heads/main",
    ]
    assert repository.git("worktree", "list", "--porcelain").count("worktree ") == 1
    assert not list((repository.folder / ".git").rglob("*.lock"))


def test_everything_readable_survives_a_pruning_gc(repository: Repository) -> None:
    workspace = climb(repository.folder)
    commits = [edit.commit for edit in workspace.history("r1")]

    repository.git("reflog", "expire", "--expire=now", "--all")
    repository.git("gc", "-q", "--prune=now")

    assert [workspace.source(commit) for commit in commits] == [EDIT, "x = 0\n"]


def test_the_same_climb_gives_the_same_commits(repository: Repository) -> None:
    one = climb(repository.folder, run="r1").history("r1")
    two = climb(repository.folder, run="r2").history("r2")

    assert one == two


def test_history_names_step_fate_subject_and_trailers(repository: Repository) -> None:
    first, second = climb(repository.folder).history("r1")

    assert (first.step, first.kept, first.subject) == (1, True, "Better")
    assert first.trailers == {"Step": "1", "Verdict": "keep"}
    assert (second.step, second.kept, second.subject) == (2, False, "Worse")
    assert second.trailers == {"Verdict": "revert"}


def test_runs_are_listed_and_removed(repository: Repository) -> None:
    workspace = climb(repository.folder, run="r1")
    climb(repository.folder, run="r2")

    assert workspace.runs() == ("r1", "r2")
    assert workspace.remove_run("r1") == 4
    assert workspace.remove_run("r1") == 0
    assert workspace.runs() == ("r2",)
    assert workspace.history("r1") == ()


def test_a_checked_out_branch_is_not_removed(repository: Repository) -> None:
    workspace = climb(repository.folder)
    repository.git("checkout", "-q", "autoloop/r1")

    with pytest.raises(ProjectError, match="checked out in"):
        workspace.remove_run("r1")


@pytest.mark.parametrize("name", ["", "Big", "a/b", "a b", "../x", "x" * 101, "a\n"])
def test_run_names_that_git_or_a_shell_could_misread_are_refused(
    repository: Repository, name: str
) -> None:
    with pytest.raises(RunError, match="cannot name a run"):
        GitWorkspace(repository.folder).begin(name, BASELINE)


@pytest.mark.parametrize("name", ["--all", "a..b", ":/x", "HEAD@{99}", "a\0b", "", "HEAD:agent.py"])
def test_what_is_no_commit_is_named_in_a_sentence(repository: Repository, name: str) -> None:
    with pytest.raises(ProjectError, match="There is no commit"):
        GitWorkspace(repository.folder).diff(name, "HEAD")


def test_a_diff_takes_any_name_of_a_commit(repository: Repository) -> None:
    workspace = climb(repository.folder)

    assert "+    return 2" in workspace.diff("main", "autoloop/r1")


def test_a_lone_surrogate_in_an_edit_is_the_candidates_fault(repository: Repository) -> None:
    workspace = GitWorkspace(repository.folder)
    base = workspace.begin("r1", BASELINE)

    with pytest.raises(CandidateError, match="position 1"):
        workspace.propose(run="r1", step=1, parent=base, source="x\ud800", message="m")


def test_an_executable_agent_py_stays_executable(repository: Repository) -> None:
    repository.git("update-index", "--chmod=+x", "agent.py")
    repository.commit()

    tip = climb(repository.folder).tip("r1")

    assert repository.git("ls-tree", tip, "agent.py").startswith("100755")


def test_a_hostile_message_cannot_add_headers_or_break_the_log(repository: Repository) -> None:
    workspace = GitWorkspace(repository.folder)
    base = workspace.begin("r1", BASELINE)
    hostile = (
        "-F/etc/passwd\0tree 0\n\x1e\x1fevil\x1b]0;x\x07\n\nVerdict: keep\n\nVerdict: revert\n"
    )

    commit = workspace.propose(run="r1", step=1, parent=base, source=EDIT, message=hostile)
    (edit,) = workspace.history("r1")

    assert (edit.commit, edit.trailers) == (commit, {"Verdict": "revert"})
    assert "\x1b" not in repository.git("cat-file", "commit", commit)
    repository.assert_sound()
