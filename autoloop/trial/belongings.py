"""Tells what belongs to an image, and stays behind, from what is an agent's work."""

import re
from collections.abc import Iterable
from dataclasses import replace

from autoloop.ports import FileChange
from autoloop.trial.scene import Scene
from autoloop.trial.system_paths import INSTALLED, MANAGED
from autoloop.trial.toolchains import TEST_CODE

MANAGERS = re.compile(r"/(.*/)?\.(nvm|pyenv|rbenv|rustup|asdf|sdkman|volta)/.*")
"""What chooses among versions of an interpreter, in somebody's home folder."""
MODULES = "node_modules"
PACKAGED = re.compile(
    r"(?P<modules>/(?:.*/)?node_modules)/(?P<name>(?:@[^/]+/)?[^/]+)(?P<rest>/.*)?"
)
NODE_TOOLS = re.compile(r"@?(jest|mocha|vitest|ava|tap|chai|jasmine|playwright|karma|cypress)\b.*")
PYTEST = "/usr/bin/pytest"
"""Tests of other languages are run by what is as good as this."""
SETTINGS = "/etc/gitconfig"
"""Of tools: a link of that kind brings them others."""


class Belongings:
    """Of one image; asked about the changes of one agent."""

    def __init__(self, changes: Iterable[FileChange], scene: Scene) -> None:
        """What the tests of the scene do not start need not be kept from them."""
        every = tuple(changes)
        self.made = frozenset(change.path for change in every if change.kind == "added")
        self._gone = frozenset(change.path for change in every if change.kind == "removed")
        self._scene = scene
        # What was there before and was made anew is the image's still.
        own = self.made - {one for one in self._gone if one.endswith(INSTALLED)}
        if scene.habits.runs_uv:
            own = frozenset(one for one in own if not one.endswith(MANAGED))
        self._own = own
        is_asked_for = MODULES in scene.instruction
        self._guards_packages = scene.habits.runs_node_tools and not is_asked_for

    def hold(self, change: FileChange) -> bool:
        """Whether the path is the image's, though the agent changed it."""
        if self._scene.system.hold(change.path, made=self._own) or self._is_of_tools(change):
            return True
        if self._is_above_system(change):
            return True
        if MANAGERS.fullmatch(change.path):
            return change.kind != "added" and not change.is_folder
        return self._guards_packages and self._is_of_packages(change)

    def as_of_system(self, change: FileChange) -> FileChange:
        """The change as if the tool that it concerns were where the system has its own."""
        place = self._place(change)
        if place is not None:
            return replace(change, path=place)
        if self._is_above_tools(change):
            return replace(change, path="/usr")
        if self._is_above_system(change):
            return replace(change, path=SETTINGS)
        return replace(change, path=PYTEST, kind="added") if _is_for_tests(change) else change

    def _place(self, change: FileChange) -> str | None:
        return self._scene.tools.as_of_system(change.path, workdir=self._scene.workdir)

    def _is_of_tools(self, change: FileChange) -> bool:
        if self._place(change) is not None:
            return True
        # What was made anew in their place cannot be told from what it replaces.
        is_remade = change.kind == "removed" and change.path in self.made
        return self._is_above_tools(change) or (
            is_remade and self._scene.tools.are_below(change.path)
        )

    def _is_above_system(self, change: FileChange) -> bool:
        """Whether a link, or a file, stands where there are system paths below."""
        return change.is_folder is False and self._scene.system.are_below(change.path)

    def _is_above_tools(self, change: FileChange) -> bool:
        """Whether a link, or a file, stands where tools lie below."""
        return change.is_folder is False and self._scene.tools.are_below(change.path)

    def _is_of_packages(self, change: FileChange) -> bool:
        """Whether it is part of a package of Node's that the image has."""
        packaged = PACKAGED.fullmatch(change.path)
        if packaged is None:
            return change.path.endswith(f"/{MODULES}") and self._is_remade(change.path)
        modules, package = packaged["modules"], f"{packaged['modules']}/{packaged['name']}"
        if modules in self.made or package in self.made:
            return self._is_remade(modules) or self._is_remade(package)
        if packaged["name"].startswith(".") and packaged["rest"]:
            return change.kind != "added"
        return bool(packaged["rest"]) or change.kind != "removed"

    def _is_remade(self, path: str) -> bool:
        return path in self.made and path in self._gone


def _is_for_tests(change: FileChange) -> bool:
    """Whether it is part of a test tool that the image has among a language's packages."""
    packaged = PACKAGED.fullmatch(change.path)
    if packaged is None:
        return change.kind == "changed" and TEST_CODE.fullmatch(change.path) is not None
    name = (packaged["rest"] or "")[1:] if packaged["name"] == ".bin" else packaged["name"]
    return change.kind != "added" and NODE_TOOLS.match(name) is not None
