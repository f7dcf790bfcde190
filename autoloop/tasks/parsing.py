"""The text of a task.toml made into tables, or into errors in plain words."""

import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Generic, TypeVar

from pydantic import BaseModel, ValidationError

from autoloop.tasks.fields import ABSOLUTE, DIGEST, ENV_NAME, ENV_VALUE
from autoloop.tasks.format import Table

Model = TypeVar("Model", bound=BaseModel)


@dataclass(frozen=True, slots=True, kw_only=True)
class FormatError:
    """One thing wrong in a file."""

    key: str | None
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Parsed(Generic[Model]):
    """What became of a file: a table, or the errors that prevent one."""

    table: Model | None = None
    errors: tuple[FormatError, ...] = ()


def parse_toml(text: str, model: type[Model]) -> Parsed[Model]:
    """Read the text of a TOML file."""
    try:
        document = tomllib.loads(text.removeprefix("\ufeff"))
    except (ValueError, RecursionError) as error:
        # Besides its own error tomllib lets those of int() and of the stack through.
        return Parsed(errors=(FormatError(key=None, reason=f"this is not valid TOML: {error}."),))
    try:
        return Parsed(table=model.model_validate(document))
    except ValidationError as error:
        return Parsed(errors=tuple(errors_in_words(error)))


WHAT_TO_WRITE = {
    "float": "write a number such as 60.0",
    "finite": "write a finite number, or leave the key out",
    "int": "write a whole number",
    "string_type": 'write text in quotes, such as "value"',
    "string_too_short": "write some text or leave the key out",
    "bool": "write true or false",
    "model": "write it as a table",
    "dict": "write it as a table",
    "list": "write a list such as [...]",
}
PATTERNS = {
    ABSOLUTE: 'write an absolute path such as "/app"',
    DIGEST: 'write "sha256:" and 64 hexadecimal digits',
    ENV_NAME: "write a variable's name without =",
    ENV_VALUE: "write it without NUL characters",
}


def errors_in_words(error: ValidationError) -> Iterator[FormatError]:
    """What pydantic found, each with its key and what to write instead."""
    for detail in error.errors(include_url=False):
        key = _dotted(detail["loc"])
        if detail["type"] == "missing":
            yield FormatError(key=key, reason="this key is missing; write it.")
            continue
        advice = _advice(detail["type"], detail["msg"], detail.get("ctx", {}))
        of_a_table = detail["type"] == "value_error" and isinstance(detail["input"], dict)
        value = "" if of_a_table else f"{_short(detail['input'])} cannot be used here; "
        yield FormatError(key=key, reason=f"{value}{advice}.")


def _dotted(path: Sequence[str | int]) -> str | None:
    """Parts of a path as a person writes them; the key of a dict is marked in pydantic's."""
    text = "".join(
        f"[{part}]" if isinstance(part, int) else f".{part}" for part in path if part != "[key]"
    )
    return text.removeprefix(".") or None


def _advice(kind: str, message: str, context: dict[str, object]) -> str:
    if kind == "value_error":
        return message.removeprefix("Value error, ")
    if kind == "literal_error":
        return f"write {context['expected']}"
    if kind == "string_pattern_mismatch":
        return PATTERNS[str(context["pattern"])]
    if kind in {"greater_than", "greater_than_equal"}:
        bound = context.get("gt", context.get("ge"))
        return f"write a number {'above' if 'gt' in context else 'of at least'} {bound:g}"
    return next((text for start, text in WHAT_TO_WRITE.items() if kind.startswith(start)), message)


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:77]}..."


def unknown_keys(table: Table, path: str = "") -> list[str]:
    """Paths of the keys that Harbor does not know, with the known key that looks alike."""
    found = []
    known = [*type(table).model_fields]
    for key in table.model_extra or {}:
        alike = get_close_matches(key, known, n=1, cutoff=0.8)
        hint = f" (did you mean {alike[0]}?)" if alike else ""
        found.append(f"{path}{key}{hint}")
    for key in known:
        value = getattr(table, key)
        if isinstance(value, Table):
            found += unknown_keys(value, f"{path}{key}.")
        for number, item in enumerate(value) if isinstance(value, list) else ():
            if isinstance(item, Table):
                found += unknown_keys(item, f"{path}{key}[{number}].")
    return found
