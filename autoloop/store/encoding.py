"""Records to JSON text and back."""

import functools
import json
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import datetime
from pathlib import Path
from typing import Generic, TypeVar

from pydantic import TypeAdapter, ValidationError

from autoloop.errors import RunError
from autoloop.records import Run, Step, TrialResult

_Record = TypeVar("_Record")


class RecordFormat(Generic[_Record]):
    """How one kind of record is written."""

    def __init__(self, kind: type[_Record]) -> None:
        self._kind = kind

    def encode(self, record: _Record) -> str:
        """A record as JSON; characters that are no Unicode text become `?`."""
        text = json.dumps(record, default=_plain, ensure_ascii=False)
        return text.encode(errors="replace").decode()

    def decode(self, text: str, *, file: Path) -> _Record:
        """A record from JSON.

        Raises:
            RunError: the text does not describe such a record.
        """
        try:
            return self._adapter.validate_json(text)
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(str(part) for part in first["loc"])
            raise RunError(
                f"{str(file)!r} holds a {self._kind.__name__} that cannot be read, so it is "
                f"damaged or of another version of autoloop (at {where!r}: {first['msg']}). "
                "Restore the file, or start a new run."
            ) from error

    @functools.cached_property
    def _adapter(self) -> TypeAdapter[_Record]:
        return TypeAdapter(self._kind)


RUNS = RecordFormat(Run)
STEPS = RecordFormat(Step)
TRIALS = RecordFormat(TrialResult)


def _plain(value: object) -> object:
    if is_dataclass(value):
        return {field.name: getattr(value, field.name) for field in fields(value)}
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"{type(value).__name__} has no place in a record")
