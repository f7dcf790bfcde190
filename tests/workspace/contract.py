"""What every `Workspace` must do; run against git and against the fake."""

import pytest

from autoloop.errors import ProjectError
from autoloop.ports import Workspace

BASELINE = "def solve(instruction, env, model):\n    return 1\n"
EDIT = "def solve(instruction, env, model):\n    return 2\n"
LINES = "".join(f"line {number}\n" for number in range(9))


def put(number: int, text: str) -> str:
    """`LINES` with another text in the place of one line."""
    return LINES.replace(f"line {number}", text)


class WorkspaceContract:
    """Subclasses give a fixture `workspace` whose project holds `BASELINE`."""

    def test_a_run_begins_at_its_baseline(self, workspace: Workspace) -> None:
        base = workspace.begin("r1", BASELINE)

        assert workspace.tip("r1") == base
        assert workspace.source(base) == BASELINE

    def test_beginning_again_changes_nothing(self, workspace: Workspace) -> None:
        base = workspace.begin("r1", BASELINE)
        tip = self._kept(workspace, base)

        again = workspace.begin("r1", "other text\n")

        assert again == base
        assert workspace.tip("r1") == tip

    def test_a_proposal_is_readable_and_leaves_the_branch_alone(self, workspace: Workspace) -> None:
        base = workspace.begin("r1", BASELINE)

        commit = self._proposed(workspace, base)

        assert workspace.source(commit) == EDIT
        assert workspace.tip("r1") == base

    def test_equal_proposals_are_equal_commits(self, workspace: Workspace) -> None:
        base = workspace.begin("r1", BASELINE)

        assert self._proposed(workspace, base) == self._proposed(workspace, base)

    def test_a_kept_edit_becomes_the_tip(self, workspace: Workspace) -> None:
        base = workspace.begin("r1", BASELINE)
        commit = self._proposed(workspace, base)

        tip = workspace.keep(run="r1", commit=commit, message="Better\n\nVerdict: keep\n")

        assert workspace.tip("r1") == tip
        assert workspace.source(tip) == EDIT

    def test_keeping_again_returns_the_tip(self, workspace: Workspace) -> None:
        base = workspace.begin("r1", BASELINE)
        commit = self._proposed(workspace, base)
        tip = workspace.keep(run="r1", commit=commit, message="Better")

        again = workspace.keep(run="r1", commit=commit, message="Better")

        assert again == tip == workspace.tip("r1")

    def test_an_edit_of_an_older_incumbent_cannot_be_kept(self, workspace: Workspace) -> None:
        base = workspace.begin("r1", BASELINE)
        stale = workspace.propose(run="r1", step=2, parent=base, source="x = 1\n", message="m")
        self._kept(workspace, base)

        with pytest.raises(ProjectError, match="autoloop/r1"):
            workspace.keep(run="r1", commit=stale, message="m")

    def test_a_reverted_edit_stays_readable(self, workspace: Workspace) -> None:
        base = workspace.begin("r1", BASELINE)
        commit = self._proposed(workspace, base)

        final = workspace.record_revert(run="r1", step=1, commit=commit, message="Worse")
        again = workspace.record_revert(run="r1", step=1, commit=commit, message="Worse")

        assert final == again
        assert workspace.source(final) == EDIT
        assert workspace.tip("r1") == base

    def test_a_diff_shows_what_changed(self, workspace: Workspace) -> None:
        base = workspace.begin("r1", BASELINE)
        commit = self._proposed(workspace, base)

        lines = workspace.diff(base, commit).splitlines()

        assert "-    return 1" in lines
        assert "+    return 2" in lines
        assert workspace.diff(base, base) == ""

    def test_edits_of_different_places_merge(self, workspace: Workspace) -> None:
        merged = workspace.merge(base=LINES, ours=put(1, "ours"), theirs=put(7, "theirs"))

        assert merged == put(1, "ours").replace("line 7", "theirs")

    @pytest.mark.parametrize("line", [3, 4])
    def test_edits_of_the_same_place_do_not_merge(self, workspace: Workspace, line: int) -> None:
        assert workspace.merge(base=LINES, ours=put(3, "ours"), theirs=put(line, "theirs")) is None

    def test_equal_edits_merge(self, workspace: Workspace) -> None:
        both = put(3, "same")

        assert workspace.merge(base=LINES, ours=both, theirs=both) == both
        assert workspace.merge(base=LINES, ours=both, theirs=both + "more\n") == both + "more\n"

    @pytest.mark.parametrize("text", ["", "no newline", "# é\r\nx = '\x0c 😀'\r\nend"])
    def test_a_side_that_changed_nothing_gives_the_other(
        self, workspace: Workspace, text: str
    ) -> None:
        assert workspace.merge(base=LINES, ours=LINES, theirs=text) == text
        assert workspace.merge(base=LINES, ours=text, theirs=LINES) == text

    def test_odd_text_survives(self, workspace: Workspace) -> None:
        text = "# é\r\nx = '\x0c \u2028 😀'\rno newline at the end"
        base = workspace.begin("r1", BASELINE)

        commit = workspace.propose(run="r1", step=1, parent=base, source=text, message="odd")

        assert workspace.source(commit) == text

    def test_unknown_runs_and_commits_are_named(self, workspace: Workspace) -> None:
        workspace.begin("r1", BASELINE)

        with pytest.raises(ProjectError, match="nobody"):
            workspace.tip("nobody")
        with pytest.raises(ProjectError, match="feedbeef"):
            workspace.source("feedbeef" * 5)

    def _proposed(self, workspace: Workspace, parent: str) -> str:
        return workspace.propose(run="r1", step=1, parent=parent, source=EDIT, message="try it")

    def _kept(self, workspace: Workspace, parent: str) -> str:
        commit = self._proposed(workspace, parent)
        return workspace.keep(run="r1", commit=commit, message="kept")
