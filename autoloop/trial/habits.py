"""What a task's tests start, by their text: things that an agent may have left something for."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from autoloop.records.toolchains import TOOLCHAINS

MOST_BYTES = 256 * 1024
"""Of one file of the tests; a longer one is taken to do anything."""
_STARTUP = re.compile(
    rb"\.(?:bashrc|bash_profile|bash_login|bash_aliases|profile|zshrc|zshenv|zprofile|pythonrc)\b"
    rb"|/etc/(?:profile|environment|bash|zsh)|\bBASH_ENV\b|\bPYTHONSTARTUP\b|\bzsh\b|\brunuser\b"
    rb"|\bsh\b[\s\"',]+-\w*[li]|\bbash\b[\s\"',]+-\w*[li]|--(?:login|interactive|rcfile|init-file)\b"
    rb"|\bsu\b[\s\"',]+-|\bsudo\b[\s\"',]+-\w*i|\bssh\b|\bscript\b[\s\"',]+-|\bpexpect\b|\btmux\b"
)
_UV = re.compile(rb"\buvx?\b")
_NODE = re.compile(rb"\b(?:npx|npm|pnpm|yarn|bunx?|node_modules|jest|vitest|mocha|playwright)\b")

_TOOLCHAINS = {
    one.name: re.compile(rf"(?<![\w.-])(?:{one.runs})(?![\w-]|\.\w)".encode()) for one in TOOLCHAINS
}
_MAKE = re.compile(rb"(?<![\w-])(?:make|ninja|bazel)\b(?! sure\b)")
"""Runs whatever a file of the agent's says."""
_PYTEST = re.compile(rb"-m[\s\"',]+pytest\b")
_IMPORTS = re.compile(rb"\b(?:import|from)\s+(\w[\w, ]*)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Habits:
    """What the tests do."""

    reads_startup: bool = False
    """They start shells that read what people's shells do: `bash -l`, `su -`."""
    runs_uv: bool = False
    """They run uv, which takes interpreters and tools from the home folder."""
    runs_node_tools: bool = False
    """They run programs of Node's package folders."""
    runs_pytest: bool = False
    """They run pytest as a module of Python, which then looks in the working folder first."""
    toolchains: frozenset[str] = field(default_factory=frozenset)
    """Whose programs they run, by the names of toolchains; all where they may run anything."""
    imports: frozenset[str] = field(default_factory=frozenset)
    """What they may import in Python; words of other texts are among it."""


def habits_of(folders: Iterable[Path]) -> Habits:
    """Read every file below folders of tests."""
    files = (path for folder in folders for path in folder.rglob("*"))
    texts = [_text(path) for path in files if path.is_file() and not path.is_symlink()]
    return Habits(
        reads_startup=_have(texts, _STARTUP),
        runs_uv=_have(texts, _UV),
        runs_node_tools=_have(texts, _NODE),
        runs_pytest=_have(texts, _PYTEST),
        toolchains=frozenset(_toolchains(texts)),
        imports=frozenset(name for text in texts for name in _imports(text or b"")),
    )


def _toolchains(texts: Sequence[bytes | None]) -> Iterator[str]:
    run_anything = _have(texts, _MAKE)
    for name, programs in _TOOLCHAINS.items():
        if run_anything or _have(texts, programs):
            yield name


def _imports(text: bytes) -> Iterator[str]:
    for found in _IMPORTS.finditer(text):
        for part in found[1].split(b","):
            # Of `import a as b` the first word, of `from a import b` as well.
            yield from (word.decode() for word in part.split()[:1] if word.isascii())


def _have(texts: Iterable[bytes | None], what: re.Pattern[bytes]) -> bool:
    return any(text is None or what.search(text) is not None for text in texts)


def _text(path: Path) -> bytes | None:
    """What it says; nothing if it is no text, None if it says too much to be read."""
    with path.open("rb") as file:
        data = file.read(MOST_BYTES + 1)
    if b"\0" in data:
        return b""
    return None if len(data) > MOST_BYTES else data
