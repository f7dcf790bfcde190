"""chances.json of a run: how likely the edits under test help, for those who only watch."""

from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from autoloop.records import Chance

FILE = "chances.json"
_CHANCES = TypeAdapter(dict[int, Chance])


def write_chances(run_folder: Path, chances: Mapping[int, Chance]) -> None:
    """Replace what is written, where the disk allows it: no verdict rests on it."""
    path = run_folder / FILE
    fresh = path.with_name(f".{FILE}")
    with suppress(OSError):
        fresh.write_bytes(_CHANCES.dump_json(dict(chances)) + b"\n")
        fresh.replace(path)


def known_chances(run_folder: Path) -> dict[int, Chance]:
    """By step, as last written; none where the file is not there or damaged."""
    with suppress(OSError, ValidationError):
        return _CHANCES.validate_json((run_folder / FILE).read_bytes())
    return {}
