"""What is wrong with settings, in sentences that name the key, the value and what to write."""

import difflib
from collections.abc import Collection, Mapping
from typing import Any, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from autoloop.settings.model import BudgetSettings, Settings
from autoloop.settings.models import NAME, PROGRAM

TABLE = "its settings as 'key: value' lines below it"


def sentences(
    error: ValidationError, table: Mapping[str, Any], *, source: str, given: Collection[str]
) -> str:
    """All that is wrong, one sentence for each key.

    Args:
        error: What pydantic found.
        table: The settings that were checked.
        source: Where they were read.
        given: Dotted keys that did not come from there but from the caller.
    """
    found: dict[str, str] = {}
    for detail in error.errors():
        path = _path(detail)
        # A union reports each of its branches; one sentence says what to write.
        found.setdefault(".".join(path), _reason(detail, path, table))
    return "\n".join(f"{_subject(key, source, given)} {reason}." for key, reason in found.items())


def _subject(key: str, source: str, given: Collection[str]) -> str:
    if any(key == own or own.startswith(f"{key}.") for own in given):
        return f"{key.removeprefix('budget.')!r}, given on the command line or in the call,"
    return f"{source}: key {key!r}"


def _path(detail: ErrorDetails) -> list[str]:
    """The key's parts, without what pydantic adds for branches of unions and items of lists."""
    path: list[str] = []
    for part in detail["loc"]:
        if part in {NAME, PROGRAM}:
            continue
        if path and _table(path) is None:
            break
        path.append(str(part))
    return path


def _reason(detail: ErrorDetails, path: list[str], table: Mapping[str, Any]) -> str:
    if detail["type"] == "extra_forbidden":
        return f"is not known ({_hint(path)})"
    if detail["type"] == "invalid_key":
        return "is not known (a key is text)"
    is_table = _table(path) is not None
    if is_table and detail["type"] == "value_error":
        return f"cannot work: {detail['msg'].removeprefix('Value error, ')}"
    field = _field(path)
    advice = field.description if field and field.description else TABLE
    return f"is {_value(table, path)!r}: write {advice}"


def _hint(path: list[str]) -> str:
    model = _table(path[:-1])
    known = {name: f"{name!r}" for name in model.model_fields} if model else {}
    limits = {} if path[:-1] else {n: f"{n!r} below 'budget'" for n in BudgetSettings.model_fields}
    near = difflib.get_close_matches(path[-1], [*known, *limits], n=1)
    if near:
        return f"did you mean {(limits | known)[near[0]]}"
    return f"known keys: {', '.join(known)}"


def _value(table: object, path: list[str]) -> object:
    for part in path:
        table = table.get(part) if isinstance(table, Mapping) else None
    return table


def _field(path: list[str]) -> FieldInfo | None:
    model = _table(path[:-1])
    return model.model_fields.get(path[-1]) if model else None


def _table(path: list[str]) -> type[BaseModel] | None:
    """The model of a table by its dotted key; None where a value stands."""
    model: type[BaseModel] = Settings
    is_named = False
    for name in path:
        if is_named:
            is_named = False
            continue
        field = model.model_fields.get(name)
        inner = field.annotation if field else None
        # Branches with tags are annotated; what they are is what stands first in them.
        branches = [c if isinstance(c, type) else (*get_args(c), c)[0] for c in get_args(inner)]
        candidates = [c for c in (inner, *branches) if isinstance(c, type)]
        models = [c for c in candidates if issubclass(c, BaseModel)]
        if not models:
            return None
        model = models[0]
        # Where tables stand under names of the user's own, the next part is such a name.
        is_named = get_origin(inner) is dict
    return model
