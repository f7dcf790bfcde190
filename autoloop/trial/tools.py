"""Interpreters and tools that an image has outside the system's own folders."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from autoloop.records.toolchains import TOOLCHAINS
from autoloop.trial.programs import is_command

INTERPRETERS = ("python*", "pypy*", "node", "ruby", "perl", "php", "java", "go", "rustc", "cargo")
MORE = ("conda", "mamba", "uv", "deno", "bun", "julia", "Rscript", "lua*", "ghc", "dotnet")
MARKS = frozenset({"pyvenv.cfg", "conda-meta"})
"""Both lie beside the `bin` of a Python."""
ELSEWHERE = ("/proc", "/sys", "/dev", "/run", "/tests", "/logs", "/usr/share", "/usr/include")
"""Not searched: none of the image's, or nothing that runs."""
DEEPEST = 10
MOST_NAMES = 500
# Asked before any agent was there, so that the image's own programs can be believed.
QUESTION = """( [ -e /tests ] || [ -L /tests ] ) && echo tests
echo "here $(pwd -P)"
IFS=:; set -f
for folder in $PATH; do echo "path $(cd -P -- "$folder" 2> /dev/null && pwd -P)"; done
for folder in $PYTHONPATH; do echo "modules $(cd -P -- "$folder" 2> /dev/null && pwd -P)"; done
{stores}
unset IFS
find / -maxdepth {deepest} \\( {elsewhere} \\) -prune -o \\( {wanted} \\) -print 2> /dev/null
exit 0"""
STORES = """for folder in {variables}; do
  echo "store {name} $(cd -P -- "$folder" 2> /dev/null && pwd -P || echo "$folder")"
done"""
PARTS = re.compile(
    r"/(bin|sbin|condabin|lib|lib32|lib64|libexec|etc|conf|shell|pkgs|conda-meta)(/.*)?|/pyvenv\.cfg"
)
PARTS_AROUND_WORK = re.compile(r"/bin(/.*)?|/lib(32|64)?/(python|pypy)[^/]*(/.*)?|/pyvenv\.cfg")
"""Of an interpreter whose folder holds the one that the agent works in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tools:
    """Where they are. All paths are real ones, through no link."""

    prefixes: frozenset[str] = field(default_factory=frozenset)
    """Folders of interpreters, as /usr is one: what runs is in `bin`, the rest in `lib`."""
    folders: frozenset[str] = field(default_factory=frozenset)
    """Folders of PATH."""
    modules: frozenset[str] = field(default_factory=frozenset)
    """Folders of PYTHONPATH."""
    stores: frozenset[tuple[str, str]] = field(default_factory=frozenset)
    """Folders of packages that other variables name, after the toolchain whose they are."""

    def as_of_system(self, path: str, *, workdir: str) -> str | None:
        """Where it would be if the tool were the system's; None: it is part of none.

        A folder of PATH where the agent works may be meant for its work: there only programs are
        tools that are called as commands are.
        """
        for top in (path, *map(str, PurePosixPath(path).parents)):
            rest = path[len(top) :]
            parts = PARTS_AROUND_WORK if is_in(workdir, top) else PARTS
            if top in self.prefixes and parts.fullmatch(rest):
                return f"/usr{rest}"
            if top in self.folders and (
                not _is_for_work(top, workdir) or is_command(f"/usr/bin{rest}")
            ):
                return f"/usr/bin{rest}"
        return None

    def stores_of(self, toolchain: str, *, workdir: str) -> Iterator[str]:
        """Folders of its packages, but for those that may be meant for the agent's work."""
        for name, folder in self.stores:
            if name == toolchain and not _is_for_work(folder, workdir):
                yield folder

    def are_below(self, path: str) -> bool:
        """Whether tools lie in a folder, however deep."""
        return any(is_in(one, path) for one in (*self.prefixes, *self.folders, *self.modules))


def question(modules: Iterable[str]) -> str:
    """A command that tells where an image has what; of `modules` which are among its packages."""
    names = [f"-name '{name}'" for name in (*INTERPRETERS, *MORE)]
    wanted = [f"-name {mark}" for mark in sorted(MARKS)]
    wanted.append(f"-path '*/bin/*' \\( {' -o '.join(names)} \\)")
    for name in sorted(modules)[:MOST_NAMES]:
        wanted += [f"-path '*-packages/{name}'", f"-path '*-packages/{name}.*'"]
    return QUESTION.format(
        deepest=DEEPEST,
        elsewhere=" -o ".join(f"-path {one}" for one in ELSEWHERE),
        wanted=" -o ".join(wanted),
        stores="\n".join(
            STORES.format(name=one.name, variables=" ".join(one.variables))
            for one in TOOLCHAINS
            if one.variables
        ),
    )


def packages_of(said: str) -> frozenset[str]:
    """The modules that an image has among its packages, of those that it was asked for."""
    found = (PurePosixPath(line) for line in said.splitlines() if line.startswith("/"))
    return frozenset(
        one.name.partition(".")[0] for one in found if one.parent.name.endswith("-packages")
    )


def tools_of(said: str) -> Tools:
    """Read what an image answered to the question."""
    lines = said.splitlines()
    return Tools(
        prefixes=frozenset(_prefixes(lines)),
        folders=frozenset(_told(lines, "path ")),
        modules=frozenset(_told(lines, "modules ")),
        stores=frozenset(
            (one.name, folder)
            for one in TOOLCHAINS
            for folder in _told(lines, f"store {one.name} ")
        ),
    )


def is_in(path: str, folder: str) -> bool:
    """Whether a path is a folder, or in it."""
    return path == folder or path.startswith(f"{folder.rstrip('/')}/")


def _prefixes(lines: Iterable[str]) -> Iterator[str]:
    for line in lines:
        if line.startswith("/"):
            found = PurePosixPath(line)
            top = found.parent if found.name in MARKS else found.parent.parent
            # Whatever is called as an interpreter is one only right in a `bin`.
            is_one = found.name in MARKS or found.parent.name == "bin"
            if top.name and is_one and not is_in(str(top), "/usr"):
                yield str(top)


def _told(lines: Iterable[str], word: str) -> Iterator[str]:
    for line in lines:
        folder = line.removeprefix(word)
        if (
            line.startswith(word)
            and folder[:1] == "/"
            and folder != "/"
            and not is_in(folder, "/usr")
        ):
            yield folder


def _is_for_work(folder: str, workdir: str) -> bool:
    """Whether a folder of PATH holds the one that the agent works in, or is a plain one in it."""
    if is_in(workdir, folder):
        return True
    inner = folder[len(workdir.rstrip("/")) :]
    is_hidden = "/." in inner and "node_modules" not in inner
    return workdir != "/" and is_in(folder, workdir) and not is_hidden
