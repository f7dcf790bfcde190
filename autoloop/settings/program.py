"""Reads program.md: YAML front matter is settings, the text below it is the directive."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from autoloop.errors import SettingsError
from autoloop.settings.model import Settings
from autoloop.settings.sentences import sentences

DEFAULT_DIRECTIVE = "Make the agent better at solving tasks it has never seen."


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """A project's program.md."""

    settings: Settings
    directive: str


def read_program(path: Path, overrides: Mapping[str, object] | None = None) -> Program:
    """Read program.md; without one all defaults hold. `overrides` win over the file.

    Overrides are named by dotted keys, such as `budget.hours`.

    Raises:
        SettingsError: the file cannot be read, or a key or value in it cannot work.
    """
    front, directive = _parts(_text(path), path)
    settings = _settings(_table(front, path), overrides or {}, source=f"{path}")
    return Program(settings=settings, directive=directive.strip() or DEFAULT_DIRECTIVE)


def override(recorded: str, overrides: Mapping[str, object]) -> Settings:
    """Settings from recorded JSON, with `overrides` by dotted keys.

    Raises:
        SettingsError: an override's key or value cannot work.
    """
    return _settings(json.loads(recorded), overrides, source="The recorded settings")


def _settings(table: dict[str, Any], overrides: Mapping[str, object], *, source: str) -> Settings:
    for key, value in overrides.items():
        _set(table, key, value)
    try:
        return Settings.model_validate(table)
    except ValidationError as error:
        raise SettingsError(sentences(error, table, source=source, given=overrides)) from error


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return ""
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(
            f"{path} cannot be read: {error}. Make it a UTF-8 text file."
        ) from error


def _parts(text: str, path: Path) -> tuple[str, str]:
    """Front matter and directive of the file's text."""
    lines = text.splitlines()
    if not lines or lines[0].strip() != "---":
        return "", text
    for number, line in enumerate(lines[1:], start=1):
        if line.strip() == "---":
            return "\n".join(lines[1:number]), "\n".join(lines[number + 1 :])
    raise SettingsError(
        f"{path}: the front matter that begins in line 1 has no end. Close it with a line of '---'."
    )


def _table(front: str, path: Path) -> dict[str, Any]:  # any YAML value may stand here
    try:
        table = yaml.safe_load(front)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f", line {mark.line + 2}" if mark else ""
        raise SettingsError(
            f"{path}{where}: the front matter is not valid YAML"
            f" ({getattr(error, 'problem', None) or error}). Write it as 'key: value' lines."
        ) from error
    if table is None:
        return {}
    if not isinstance(table, dict):
        raise SettingsError(
            f"{path}: the front matter is {table!r}, not settings. Write 'key: value' lines."
        )
    return table


def _set(table: dict[str, Any], dotted: str, value: object) -> None:
    *folders, last = dotted.split(".")
    for folder in folders:
        inner = table.setdefault(folder, {})
        if not isinstance(inner, dict):
            return  # the wrong type is reported by validation, with its key
        table = inner
    table[last] = value
