"""The prompts: files of the package, each of which a project may replace by its own."""

import hashlib
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from string import Template
from typing import Self

from autoloop.errors import SettingsError

NAMES = (
    "system", "step", "rebase", "other-kind", "simplify", "merge", "small", "reviewer",
)  # fmt: skip
"""What there is; each is a file `NAME.md`."""
MOST_CHARS = 100_000
_DIGITS = 8


class Prompts:
    """What the meta-agent and its reviewer are told, by name."""

    def __init__(self, own: Mapping[str, str] | None = None) -> None:
        """`own` are texts that take the place of the package's, by name."""
        self._own = dict(own or {})
        self._texts = {name: self._own.get(name) or _standard(name) for name in NAMES}

    @classmethod
    def of_folder(cls, folder: Path, *, named: bool = False) -> Self:
        """The prompts of a project, from files `NAME.md` in a folder.

        Args:
            folder: Where they are; what is missing there is as the package has it.
            named: The settings name this folder, so it has to be there.

        Raises:
            SettingsError: a file is named like no prompt, or cannot be read.
        """
        if named and not folder.is_dir():
            raise SettingsError(
                f"'models.prompts' names {str(folder)!r}, which is no folder: make it, or leave the"
                " key out."
            )
        return cls({path.stem: _read(path) for path in sorted(folder.glob("*.md"))})

    @property
    def version(self) -> str:
        """Whose prompts these are, and a digest of all that they say."""
        whole = "\0".join(f"{name}\0{self._texts[name]}" for name in NAMES)
        digest = hashlib.sha256(whole.encode("utf-8", "replace")).hexdigest()[:_DIGITS]
        whose = f"own {', '.join(sorted(self._own))}" if self._own else "standard"
        return f"{whose} ({digest})"

    def text(self, name: str, **words: object) -> str:
        """A prompt with words put in for its names; a `$` that names nothing stays as it is."""
        return Template(self._texts[name].strip()).safe_substitute(words)


def _standard(name: str) -> str:
    return files("autoloop.meta").joinpath("prompts", f"{name}.md").read_text(encoding="utf-8")


def _read(path: Path) -> str:
    if path.stem not in NAMES:
        raise SettingsError(
            f"{path} is no prompt: there are {', '.join(f'{name}.md' for name in NAMES)}. Rename"
            " it, or keep it in another folder; 'models.prompts' names the folder of prompts."
        )
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(
            f"{path} cannot be read: {error}. Make it a UTF-8 text file, or take it away."
        ) from error
    if not text.strip() or len(text) > MOST_CHARS:
        raise SettingsError(
            f"{path} has {len(text):,} characters: write between 1 and {MOST_CHARS:,} that say"
            " something, or take the file away to use the prompt of the package."
        )
    return text
