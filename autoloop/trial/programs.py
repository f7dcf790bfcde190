"""Programs that tests are made of."""

import re
from pathlib import PurePosixPath

from autoloop.trial.system_paths import PACKAGES

BIN = ("/bin", "/sbin", "/usr/bin", "/usr/sbin", "/usr/local/bin", "/usr/local/sbin")
COMMANDS: frozenset[str] = frozenset(
    (
        *("[", "ash", "awk", "bash", "bats", "busybox", "cargo", "cat", "chmod", "chown", "cmp"),
        *("cp", "curl", "cut", "dash", "date", "diff", "echo", "egrep", "env", "expr", "fgrep"),
        *("file", "find", "gawk", "gcc", "git", "go", "grep", "head", "hostname", "id", "java"),
        *("jq", "kill", "ls", "make", "mawk", "md5sum", "mkdir", "mv", "node", "npm", "openssl"),
        *("perl", "pip", "pip3", "printf", "ps", "py.test", "pytest", "python", "python3", "rm"),
        *("ruby", "sed", "sh", "sha256sum", "sleep", "sort", "sqlite3", "stat", "su", "sudo"),
        *("tail", "tar", "tee", "test", "timeout", "tr", "uniq", "uv", "uvx", "wc", "wget"),
        *("which", "whoami", "xargs", "zsh"),
    )
)
INTERPRETER = re.compile(r"python3?\.\d+|ld(-linux.*)?[.-].*so.*|lib(c|dl|pthread)[.-].*so.*")
ROOTS = frozenset({"/lib", "/lib64", "/usr", "/usr/lib", "/usr/local", *BIN})
"""Folders without which programs are gone, too."""
TEST_PACKAGES = frozenset({"pytest", "_pytest", "pluggy", "iniconfig"})
OF_PYTEST = frozenset(
    {"packaging", "attr", "attrs", "exceptiongroup", "tomli", "pygments", "py", "typing_extensions"}
)
"""What pytest imports of others."""


def is_command(path: str) -> bool:
    """Whether it is a program, interpreter, loader or C library that tests run by its name."""
    folder, _, name = path.rpartition("/")
    if folder in BIN or folder.endswith("/.local/bin"):
        return name in COMMANDS or INTERPRETER.fullmatch(name) is not None
    is_library = path.startswith(("/lib", "/usr/lib")) and not _is_package(path)
    return is_library and INTERPRETER.fullmatch(name) is not None


def is_test_tool(path: str) -> bool:
    """Whether it is part of pytest and its kind, or of Python's own library."""
    parts = PurePosixPath(path).parts
    for place, part in enumerate(parts[:-1]):
        if part in PACKAGES:
            return parts[place + 1].removesuffix(".py") in TEST_PACKAGES
    is_cache = "__pycache__" in parts
    return not is_cache and re.match(r"/usr/(local/)?lib/python3\.\d+/", path) is not None


def _is_package(path: str) -> bool:
    return any(part in PACKAGES for part in PurePosixPath(path).parts)
