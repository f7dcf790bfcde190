"""Whether tests start shells that read what an agent may have left for them to read."""

import re
from collections.abc import Iterable
from pathlib import Path

MOST_BYTES = 256 * 1024
"""Of one file of the tests; a longer one is taken to read anything."""
_READS = re.compile(
    rb"\.(?:bashrc|bash_profile|bash_login|bash_aliases|profile|zshrc|zshenv|zprofile|pythonrc)\b"
    rb"|/etc/(?:profile|environment|bash|zsh)|\bBASH_ENV\b|\bPYTHONSTARTUP\b|\bzsh\b|\brunuser\b"
    rb"|\bsh\b[\s\"',]+-\w*[li]|\bbash\b[\s\"',]+-\w*[li]|--(?:login|interactive|rcfile|init-file)\b"
    rb"|\bsu\b[\s\"',]+-|\bsudo\b[\s\"',]+-\w*i|\bssh\b|\bscript\b[\s\"',]+-|\bpexpect\b|\btmux\b"
)


def reads_startup(folders: Iterable[Path]) -> bool:
    """Whether any file below folders of tests starts such a shell, or reads such a file itself."""
    files = (path for folder in folders for path in folder.rglob("*"))
    return any(_reads(path) for path in files if path.is_file() and not path.is_symlink())


def _reads(path: Path) -> bool:
    with path.open("rb") as file:
        data = file.read(MOST_BYTES + 1)
    is_program = b"\0" not in data
    return is_program and (len(data) > MOST_BYTES or _READS.search(data) is not None)
