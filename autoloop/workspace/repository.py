"""A run's commits: the baseline, proposed edits, kept ones on the branch, reverted ones on refs."""

import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from autoloop.errors import AutoloopError, CandidateError, ProjectError
from autoloop.workspace.messages import clean_message
from autoloop.workspace.plumbing import CommitFacts, Plumbing, RefChange, TreeEntry, locate
from autoloop.workspace.refs import BRANCHES, REFS, RunRefs

_AGENT = "agent.py"
_FILE_MODES = ("100644", "100755")
_DIFF_OPTIONS = ("--no-ext-diff", "--no-textconv", "--text", "--no-color", "--no-renames")
_FIELDS = "%(refname)%1f%(objectname)%1f%(contents:subject)%1f%(trailers:only,unfold)%1e"


@dataclass(frozen=True, slots=True, kw_only=True)
class LoggedEdit:
    """An edit as git tells it."""

    step: int
    commit: str
    kept: bool
    """Whether it is on the run's branch."""
    subject: str
    trailers: Mapping[str, str]


class GitWorkspace:
    """The project's repository through plumbing: no checkout, no index, no worktree, no hooks.

    Raises:
        ProjectError: the folder cannot be worked in, with what to do about it.
    """

    def __init__(
        self,
        project: Path,
        *,
        sleep: Callable[[float], None] = time.sleep,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._agent_file = project / _AGENT
        self._now = now
        location = locate(project)
        self._path = (*location.prefix, _AGENT)
        self._git = Plumbing(location, sleep=sleep, now=now)

    def begin(self, run: str, baseline: str) -> str:
        """Make the run's branch with `baseline` as its tip, once; returns the baseline commit."""
        refs = RunRefs(run)
        base, branch = self._git.ref(refs.base), self._git.ref(refs.branch)
        if base is None:
            if branch is not None:
                raise ProjectError(
                    f"There is a branch 'autoloop/{run}' already that no run made: rename it with "
                    f"`git branch -m autoloop/{run} NEW-NAME`, or name the run otherwise."
                )
            base = self._baseline(baseline)
            self._move(refs.base, old=None, new=base)
        if branch is None:
            self._refuse_lost_branch(refs)
            self._move(refs.branch, old=None, new=base)
        return base

    def source(self, commit: str) -> str:
        """Text of agent.py at a commit."""
        tree = self._git.commit_facts(self._commit(commit)).tree
        entry = self._entry(tree)
        if entry is None:
            raise ProjectError(f"The commit {commit!r} has no {'/'.join(self._path)}.")
        self._refuse_special(entry)
        try:
            return self._git.call("cat-file", "blob", entry.id).decode()
        except UnicodeDecodeError as error:
            raise ProjectError(
                f"{'/'.join(self._path)} at commit {commit!r} is not UTF-8 text ({error})."
            ) from error

    def propose(self, *, run: str, step: int, parent: str, source: str, message: str) -> str:
        """Commit an edit on top of `parent` under the step's ref; returns the commit."""
        ref = RunRefs(run).step(step)
        commit = self._child(parent, self._blob(source, CandidateError), message)
        self._move(ref, old=self._git.ref(ref), new=commit)
        return commit

    def keep(self, *, run: str, commit: str, message: str) -> str:
        """Put the edit on the run's branch, with `message` as its final text; returns the tip."""
        refs, tip = RunRefs(run), self.tip(run)
        edit, on_branch = self._git.commit_facts(commit), self._git.commit_facts(tip)
        final = tip
        if (on_branch.tree, on_branch.parents) != (edit.tree, edit.parents):
            if edit.parents != (tip,):
                raise ProjectError(
                    f"The branch 'autoloop/{run}' stands at {tip[:12]}, which is not the commit "
                    f"that the edit {commit[:12]} was made from; somebody moved it. Move it back "
                    f"with `git update-ref {refs.branch} {' '.join(edit.parents)}` and resume."
                )
            final = self._git.write_commit(edit, clean_message(message))
            self._move(refs.branch, old=tip, new=final)
        self._repoint(refs, old=commit, new=final)
        return final

    def record_revert(self, *, run: str, step: int, commit: str, message: str) -> str:
        """Leave the edit readable under its ref, with `message` as its final text.

        Returns the commit that carries it from now on.
        """
        ref = RunRefs(run).step(step)
        final = self._git.write_commit(self._git.commit_facts(commit), clean_message(message))
        self._move(ref, old=self._git.ref(ref), new=final)
        return final

    def tip(self, run: str) -> str:
        """Commit at the tip of the run's branch: the incumbent."""
        refs = RunRefs(run)
        tip = self._git.ref(refs.branch)
        if tip is None:
            self._refuse_lost_branch(refs)
            raise ProjectError(f"The run {run!r} has not begun: there is no branch autoloop/{run}.")
        return tip

    def diff(self, old: str, new: str) -> str:
        """Unified diff of agent.py between two commits; empty when equal."""
        folder = "/".join(self._path[:-1])
        options = (*_DIFF_OPTIONS, *([f"--relative={folder}/"] if folder else []))
        sides = (self._commit(old), self._commit(new))
        path = "/".join(self._path)
        return self._git.call("diff-tree", "-r", "-p", *options, *sides, "--", path).decode(
            errors="replace"
        )

    def merge(self, *, base: str, ours: str, theirs: str) -> str | None:
        """Text with what both sides changed of `base`; None where they changed the same place."""
        if base == ours or ours == theirs:
            return theirs
        if base == theirs:
            return ours
        merged = self._git.merge(base.encode(), ours.encode(), theirs.encode())
        return None if merged is None else merged.decode()

    def runs(self) -> tuple[str, ...]:
        """Names of the runs that have a branch or refs here."""
        names = self._git.call("for-each-ref", "--format=%(refname)", REFS, BRANCHES).decode()
        found = set()
        for name in names.splitlines():
            run, _, _ = name.removeprefix(BRANCHES).removeprefix(REFS).partition("/")
            found.add(run)
        return tuple(sorted(found))

    def history(self, run: str) -> tuple[LoggedEdit, ...]:
        """All edits of a run in the order of their steps, kept and reverted."""
        refs = RunRefs(run)
        base, branch = self._git.ref(refs.base), self._git.ref(refs.branch)
        if base is None:
            return ()
        on_branch = [] if branch is None else ["--first-parent", branch, f"^{base}"]
        kept = set(self._git.call("rev-list", *on_branch).decode().split()) if on_branch else set()
        listing = self._git.call("for-each-ref", f"--format={_FIELDS}", refs.folder)
        records = listing.decode(errors="replace").split("\x1e")[:-1]
        edits = [_logged(record.lstrip("\n").split("\x1f"), kept) for record in records]
        return tuple(sorted((edit for edit in edits if edit), key=lambda edit: edit.step))

    def remove_run(self, run: str) -> int:
        """Delete the run's branch and refs; returns how many there were. Harmless to repeat."""
        refs = RunRefs(run)
        wanted = "%(refname) %(objectname) %(worktreepath)"
        listing = self._git.call("for-each-ref", f"--format={wanted}", refs.folder, refs.branch)
        changes = []
        for line in listing.decode(errors="replace").splitlines():
            ref, commit, worktree = line.split(" ", 2)
            if worktree:
                raise ProjectError(
                    f"The branch 'autoloop/{run}' is checked out in {worktree!r}: switch to "
                    "another branch there first."
                )
            changes.append(RefChange(ref=ref, old=commit, new=None))
        if changes:
            self._git.move(changes)
        return len(changes)

    def close(self) -> None:
        """Leave nothing behind but the branch and the refs: no process or file is kept open."""

    def _baseline(self, source: str) -> str:
        if self._agent_file.is_symlink():
            raise ProjectError(
                f"{str(self._agent_file)!r} is a symbolic link: put the file itself there."
            )
        blob = self._blob(source, ProjectError)
        head = self._git.ref("HEAD")
        if head is None:
            tree = self._tree_with(None, self._path, blob)
            facts = CommitFacts(tree=tree, parents=(), time_s=int(self._now()))
            return self._git.write_commit(facts, "Baseline of autoloop\n")
        entry = self._entry(self._git.commit_facts(head).tree)
        if entry is not None and entry.mode in _FILE_MODES and entry.id == blob:
            return head
        return self._child(head, blob, f"Baseline of autoloop: {_AGENT} as it was not committed")

    def _child(self, parent: str, blob: str, message: str) -> str:
        above = self._git.commit_facts(parent)
        child = replace(
            above,
            tree=self._tree_with(above.tree, self._path, blob),
            parents=(parent,),
            time_s=above.time_s + 1,
        )
        return self._git.write_commit(child, clean_message(message))

    def _tree_with(self, tree: str | None, path: tuple[str, ...], blob: str) -> str:
        entries = self._git.entries(tree) if tree else {}
        name, rest = os.fsencode(path[0]), path[1:]
        old = entries.get(name)
        if rest:
            if old is not None and old.kind != "tree":
                raise ProjectError(
                    f"The project lies in {path[0]!r}, which git has as a {old.kind}, not as a "
                    "folder: commit it as a plain folder first."
                )
            below = self._tree_with(old.id if old else None, rest, blob)
            entries[name] = TreeEntry(mode="040000", kind="tree", id=below)
        else:
            if old is not None:
                self._refuse_special(old)
            mode = old.mode if old else _FILE_MODES[0]
            entries[name] = TreeEntry(mode=mode, kind="blob", id=blob)
        return self._git.write_tree(entries)

    def _entry(self, tree: str) -> TreeEntry | None:
        """What git has in agent.py's place."""
        for name in self._path[:-1]:
            folder = self._git.entries(tree).get(os.fsencode(name))
            if folder is None or folder.kind != "tree":
                return None
            tree = folder.id
        return self._git.entries(tree).get(_AGENT.encode())

    def _refuse_special(self, entry: TreeEntry) -> None:
        if entry.mode not in _FILE_MODES:
            raise ProjectError(
                f"{'/'.join(self._path)} is in git as a link or folder (mode {entry.mode}): commit "
                "it as a plain file first."
            )

    def _blob(self, source: str, fault: type[AutoloopError]) -> str:
        try:
            return self._git.write_blob(source.encode())
        except UnicodeEncodeError as error:
            raise fault(
                f"{_AGENT} holds a character that is no Unicode text at position {error.start}: "
                f"remove {source[error.start]!r}."
            ) from error

    def _commit(self, name: str) -> str:
        commit = self._git.ref(f"{name}^{{commit}}") if name.isprintable() else None
        if commit is None:
            raise ProjectError(f"There is no commit {name!r} in this repository.")
        return commit

    def _move(self, ref: str, *, old: str | None, new: str) -> None:
        if old != new:
            self._git.move([RefChange(ref=ref, old=old, new=new)])

    def _repoint(self, refs: RunRefs, *, old: str, new: str) -> None:
        if old == new:
            return
        points = ("--format=%(refname)", f"--points-at={old}", refs.folder)
        names = self._git.call("for-each-ref", *points).decode().split()
        changes = [RefChange(ref=name, old=old, new=new) for name in names]
        if changes:
            self._git.move(changes)

    def _refuse_lost_branch(self, refs: RunRefs) -> None:
        steps = self.history(refs.run)
        if steps:
            incumbent = " ".join(self._git.commit_facts(steps[-1].commit).parents)
            raise ProjectError(
                f"The branch 'autoloop/{refs.run}' is gone. Put it back at its newest kept edit, "
                f"`git branch autoloop/{refs.run} {incumbent}` (or {steps[-1].commit[:12]} if step "
                f"{steps[-1].step} was kept), and resume."
            )


def _logged(fields: list[str], kept: set[str]) -> LoggedEdit | None:
    ref, commit, subject, trailers = fields
    step = ref.rpartition("/")[2]
    if not step.isdigit():
        return None
    pairs = (line.partition(": ") for line in trailers.splitlines())
    return LoggedEdit(
        step=int(step),
        commit=commit,
        kept=commit in kept,
        subject=subject,
        trailers={key: value for key, colon, value in pairs if colon},
    )
