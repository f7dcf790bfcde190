"""Careful reading of JSON that others wrote: what is missing or of another kind is empty."""

import json
from collections.abc import Mapping
from typing import TypeAlias

from pydantic import JsonValue
from pydantic_core import from_json

Json: TypeAlias = dict[str, JsonValue]


def text_at(table: Mapping[str, JsonValue], key: str) -> str:
    """The text under a key."""
    value = table.get(key)
    return value if isinstance(value, str) else ""


def count_at(table: Mapping[str, JsonValue], key: str) -> int:
    """The whole number under a key; none below zero."""
    value = table.get(key)
    is_count = isinstance(value, int) and not isinstance(value, bool)
    return max(value, 0) if is_count and isinstance(value, int) else 0


def table_at(table: Mapping[str, JsonValue], key: str) -> Json:
    """The object under a key."""
    value = table.get(key)
    return value if isinstance(value, dict) else {}


def rows_at(table: Mapping[str, JsonValue], key: str) -> list[Json]:
    """The objects in the list under a key."""
    value = table.get(key)
    return [row for row in value if isinstance(row, dict)] if isinstance(value, list) else []


def table_of(value: object) -> Json:
    """Something that came as an event, as an object."""
    return value if isinstance(value, dict) else {}


def arguments_object(arguments: str) -> Json:
    """Arguments as an object; what is no JSON object stands whole under `invalid_json`."""
    found = read_object(arguments or "{}")
    return {"invalid_json": arguments} if found is None else found


def read_object(text: str) -> Json | None:
    """A JSON object that can be written again; None for any other text."""
    try:
        value: JsonValue = from_json(text, allow_inf_nan=False)
    except ValueError:
        return None
    return value if isinstance(value, dict) and is_sendable(value) else None


def is_sendable(value: object) -> bool:
    """Whether SDKs can write a value as JSON: 1e999 is read as infinity, which JSON has not."""
    try:
        json.dumps(value, ensure_ascii=False, allow_nan=False).encode()
    except (ValueError, RecursionError):
        return False
    return True


def arguments_text(value: Mapping[str, JsonValue]) -> str:
    """Arguments as the model wrote them: the inverse of `arguments_object`."""
    invalid = value.get("invalid_json")
    if isinstance(invalid, str) and len(value) == 1:
        return invalid
    return json.dumps(value)


def data_url_parts(url: str) -> tuple[str, str] | None:
    """Media type and base64 text of a data URL; None for any other URL."""
    head, comma, data = url.partition(",")
    if not comma or not head.startswith("data:") or not head.endswith(";base64"):
        return None
    return head.removeprefix("data:").removesuffix(";base64"), data


def plain(value: object) -> JsonValue:
    """A read-only JSON value of ours as one that may be written."""
    copied: JsonValue = json.loads(json.dumps(value))
    return copied
