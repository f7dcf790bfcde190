"""What Python or pytest would take for its own, where an agent put it. Pure."""

import re
import sys
from collections.abc import Iterable
from pathlib import PurePosixPath

from autoloop.ports import FileChange
from autoloop.trial.programs import TEST_PACKAGES
from autoloop.trial.scene import Scene
from autoloop.trial.tools import is_in

HARMLESS = frozenset({"test", "venv", "site", "idlelib", "this", "antigravity", "ensurepip"})
"""Modules of Python that no test imports."""
MODULES = (frozenset(sys.stdlib_module_names) | TEST_PACKAGES) - HARMLESS
IMPORTABLE = (".py", ".pyc", ".so")
SETTINGS = frozenset({"conftest.py", "pytest.ini"})
BEGINNING = "__init__."
"""Of a package; a folder without it comes last of all."""


class Shadows:
    """Modules, packages, settings, and links that put a folder in the working one's place."""

    def __init__(self, changes: Iterable[FileChange], scene: Scene) -> None:
        place = PurePosixPath(scene.workdir)
        # Those above are for pytest's settings, and for links.
        self._search_path = {str(place), *map(str, place.parents), *scene.tools.modules}
        self._names = MODULES | scene.packages
        self._scene = scene
        self._made = {change.path for change in changes if change.kind == "added"}
        starts = map(PurePosixPath, self._made)
        self._packages = {str(one.parent) for one in starts if one.name.startswith(BEGINNING)}

    def hold(self, change: FileChange) -> bool:
        """Whether the change is one."""
        if change.is_folder is False and is_in(self._scene.workdir, change.path):
            return True
        path = PurePosixPath(change.path)
        if change.is_link and "." not in path.name:
            return self._is_imported(path)
        return change.kind == "added" and self._is_new(path)

    def may_be_one(self, path: str) -> bool:
        """Whether it matters that a path is a link, and no folder."""
        place = PurePosixPath(path)
        is_bare = "." not in place.name and place.name in self._names
        return is_in(self._scene.workdir, path) or (
            is_bare and str(place.parent) in self._search_path
        )

    def _is_new(self, path: PurePosixPath) -> bool:
        if path.name.startswith(BEGINNING) and str(path.parent) not in self._made:
            # It makes a package of a folder that the image has.
            return self._is_imported(path.parent)
        if path.name in SETTINGS and str(path.parent) in self._search_path:
            return path.name not in self._scene.instruction
        is_importable = path.name.endswith(IMPORTABLE) or str(path) in self._packages
        return is_importable and self._is_imported(path)

    def _is_imported(self, path: PurePosixPath) -> bool:
        """Whether tests import something of this name, and would find it here first."""
        stem = _stem(path)
        is_first = stem in self._names and str(path.parent) in self._search_path
        return is_first and not _is_asked_for(path.name, stem, self._scene.instruction)


def is_test_module(change: FileChange) -> bool:
    """Whether it is one of pytest's own, or its settings."""
    return _stem(PurePosixPath(change.path)) in TEST_PACKAGES


def _is_asked_for(name: str, stem: str, instruction: str) -> bool:
    """Whether the instruction names the file, or a module of the name, as what is to be written."""
    if "." in name and name in instruction:
        return True
    named = rf"\b(module|package)\s+((named|called)\s+)?[`'\"]?{re.escape(stem)}\b"
    return re.search(rf"{named}|\b{re.escape(stem)}(/|\.py\b)", instruction) is not None


def _stem(path: PurePosixPath) -> str:
    """The name by which it is imported: what stands before the first dot."""
    return path.name.partition(".")[0]
