"""A workspace without git."""

import difflib
import hashlib
from dataclasses import dataclass

from autoloop.errors import ProjectError
from autoloop.testing.merging import merge_lines


@dataclass(frozen=True, slots=True, kw_only=True)
class MemoryCommit:
    """A commit of a `MemoryWorkspace`."""

    parent: str
    """Empty for a baseline."""
    source: str
    message: str

    @property
    def id(self) -> str:
        """Forty hexadecimal digits that name the commit by content."""
        text = f"{self.parent}\0{self.source}\0{self.message}"
        return hashlib.sha256(text.encode()).hexdigest()[:40]


class MemoryWorkspace:
    """Keeps branches and refs of runs in dictionaries."""

    def __init__(self) -> None:
        self.commits: dict[str, MemoryCommit] = {}
        self.branches: dict[str, str] = {}
        """Tip of each run's branch."""
        self.refs: dict[tuple[str, int], str] = {}
        """Commit of each edit, by run and step."""
        self._bases: dict[str, str] = {}

    def begin(self, run: str, baseline: str) -> str:
        """Make the run's branch with `baseline` as its tip, once."""
        if run not in self._bases:
            base = self._store(MemoryCommit(parent="", source=baseline, message="baseline"))
            self._bases[run] = self.branches[run] = base
        return self._bases[run]

    def source(self, commit: str) -> str:
        """Text of agent.py at a commit."""
        return self._commit(commit).source

    def propose(self, *, run: str, step: int, parent: str, source: str, message: str) -> str:
        """Commit an edit on top of `parent` under the step's ref."""
        self._commit(parent)
        commit = self._store(MemoryCommit(parent=parent, source=source, message=message))
        self.refs[run, step] = commit
        return commit

    def keep(self, *, run: str, commit: str, message: str) -> str:
        """Put the edit on the run's branch with its final text."""
        edit, tip = self._commit(commit), self.tip(run)
        on_branch = self._commit(tip)
        final = tip
        if (on_branch.parent, on_branch.source) != (edit.parent, edit.source):
            if edit.parent != tip:
                raise ProjectError(f"The branch 'autoloop/{run}' stands at {tip}; it was moved.")
            final = self._reworded(edit, message)
            self.branches[run] = final
        self.refs.update({key: final for key, old in self.refs.items() if old == commit})
        return final

    def record_revert(self, *, run: str, step: int, commit: str, message: str) -> str:
        """Leave the edit readable under its ref with its final text."""
        self.refs[run, step] = self._reworded(self._commit(commit), message)
        return self.refs[run, step]

    def tip(self, run: str) -> str:
        """Commit at the tip of the run's branch."""
        if run not in self.branches:
            raise ProjectError(f"The run {run!r} has not begun: there is no branch autoloop/{run}.")
        return self.branches[run]

    def diff(self, old: str, new: str) -> str:
        """Unified diff of agent.py between two commits."""
        before, after = (
            self.source(old).splitlines(keepends=True),
            self.source(new).splitlines(keepends=True),
        )
        return "".join(difflib.unified_diff(before, after, "a/agent.py", "b/agent.py"))

    def merge(self, *, base: str, ours: str, theirs: str) -> str | None:
        """Text with what both sides changed of `base`; None where they changed the same place."""
        return merge_lines(base, ours, theirs)

    def close(self) -> None:
        """Nothing is held."""

    def _commit(self, commit: str) -> MemoryCommit:
        if commit not in self.commits:
            raise ProjectError(f"There is no commit {commit!r} in this repository.")
        return self.commits[commit]

    def _reworded(self, edit: MemoryCommit, message: str) -> str:
        return self._store(MemoryCommit(parent=edit.parent, source=edit.source, message=message))

    def _store(self, commit: MemoryCommit) -> str:
        self.commits[commit.id] = commit
        return commit.id
