"""Tells paths that belong to the system from those that are an agent's work."""

import fnmatch
import re
from collections.abc import Iterable
from functools import lru_cache
from pathlib import PurePosixPath

from autoloop.records.toolchains import TOOLCHAINS

PACKAGES = ("site-packages", "dist-packages")
MANAGED = "/.local/share/uv"
"""In somebody's home: where uv puts interpreters and tools."""
INSTALLED = (MANAGED, *(f"/{place}" for one in TOOLCHAINS for place in one.installs))


class SystemPaths:
    """A list of paths and patterns, ready to be asked about many paths."""

    def __init__(self, patterns: Iterable[str]) -> None:
        """Patterns as `autoloop.records.system_paths` explains them."""
        every = tuple(patterns)
        self._whole = frozenset(p for p in every if not set(p) & set("*?["))
        self._shape = _shape(tuple(p for p in every if p not in self._whole))
        self._above = _above(every)

    def hold(self, path: str, *, made: frozenset[str] = frozenset()) -> bool:
        """Whether a path is the system's; `made` are folders that the agent made itself."""
        above = [path, *map(str, PurePosixPath(path).parents)]
        return any(
            (one in self._whole or self._shape.fullmatch(one)) and not _is_own(one, made)
            for one in above
        )

    def are_below(self, path: str) -> bool:
        """Whether paths of the system lie in a folder, right in it or deeper."""
        return self._above.fullmatch(path) is not None


def _is_own(path: str, made: frozenset[str]) -> bool:
    return path in made and (path.rpartition("/")[2] in PACKAGES or path.endswith(INSTALLED))


@lru_cache(maxsize=16)
def _shape(patterns: tuple[str, ...]) -> re.Pattern[str]:
    # An empty alternative would match everything; this one matches nothing.
    return re.compile("|".join(fnmatch.translate(p) for p in patterns) or r"(?!)")


@lru_cache(maxsize=16)
def _above(patterns: tuple[str, ...]) -> re.Pattern[str]:
    """Folders on the way to what the patterns are for; a `*` within a way is one folder."""
    parents = {str(above) for one in patterns for above in PurePosixPath(one).parents}
    shapes = (re.escape(one).replace(r"\*", "[^/]*") for one in parents - {"/", ".", "*"})
    ways = (one if one.startswith("/") else ".*" + one.removeprefix("[^/]*") for one in shapes)
    return re.compile("|".join(sorted(ways)) or r"(?!)")
