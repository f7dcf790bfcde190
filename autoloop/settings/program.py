"""Reads program.md: YAML front matter is settings, the text below it is the directive."""

import difflib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

import yaml
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from autoloop.errors import SettingsError
from autoloop.settings.model import Settings

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
        raise SettingsError(_sentences(error, source)) from error


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


def _sentences(error: ValidationError, source: str) -> str:
    reasons: dict[str, list[str]] = {}
    for detail in error.errors():
        key, reason = _reason(detail)
        reasons.setdefault(key, []).append(reason)
    # A union reports each of its branches: they are alternatives of one sentence.
    return "\n".join(
        f"{source}: key {key!r} {', or '.join(dict.fromkeys(reason))}."
        for key, reason in reasons.items()
    )


def _reason(detail: ErrorDetails) -> tuple[str, str]:
    names = [part for part in detail["loc"] if isinstance(part, str) and part.isidentifier()]
    key = ".".join(names[: _known(names) + 1])
    if detail["type"] == "extra_forbidden":
        choices = _keys(names[:-1])
        near = difflib.get_close_matches(names[-1], choices, n=1)
        hint = f"did you mean {near[0]!r}" if near else f"known keys: {', '.join(choices)}"
        return key, f"is not known ({hint})"
    message = detail["msg"].removeprefix("Value error, ")
    return key, f"is {detail['input']!r}: {message[0].lower()}{message[1:]}"


def _known(names: list[str]) -> int:
    """Index of the last part of a location that is a key, not a branch of a union."""
    depth = 0
    while (
        depth + 1 < len(names)
        and names[depth] in _keys(names[:depth])
        and _model(names[: depth + 1])
    ):
        depth += 1
    return depth


def _model(names: list[str]) -> type[BaseModel] | None:
    model: type[BaseModel] = Settings
    for name in names:
        field = model.model_fields.get(name)
        inner = field.annotation if field else None
        candidates = [inner, *get_args(inner)]
        models = [c for c in candidates if isinstance(c, type) and issubclass(c, BaseModel)]
        if not models:
            return None
        model = models[0]
    return model


def _keys(names: list[str]) -> list[str]:
    model = _model(names)
    return list(model.model_fields) if model else []
