"""What a task says to autoloop alone, in `[metadata.autoloop]` of its task.toml."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from autoloop.records import TaskProblem

TABLE = "metadata.autoloop"
WORDS: Mapping[str, str] = {
    "services": "'end' or 'keep'",
    "verification": "'fresh' or 'shared'",
    "system_changes": "'expected'",
    "reward_range": "the least and the greatest reward, such as [0, 1]",
}


class OwnTable(BaseModel):
    """The table; unlike the rest of `[metadata]`, nothing in it may be misspelt."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    services: Literal["end", "keep"] = "end"
    """Whether the tests need what the agent left running."""
    verification: Literal["fresh", "shared"] | None = None
    system_changes: Literal["expected"] | None = None
    """The task is about the system, so that replaced programs are no sign of tampering."""
    reward_range: tuple[float, float] = (0.0, 1.0)


def own_table(metadata: Mapping[str, object]) -> OwnTable:
    """The table, once `bad_own` has found nothing wrong with it."""
    return OwnTable.model_validate(metadata.get("autoloop", {}))


def bad_own(folder: Path, metadata: Mapping[str, object]) -> Iterator[TaskProblem]:
    """What is wrong with the table."""
    try:
        own = own_table(metadata)
    except ValidationError as error:
        for one in error.errors():
            yield _problem(folder, str(one["loc"][0]) if one["loc"] else "", one["input"])
        return
    low, high = own.reward_range
    if not low < high:
        yield _problem(folder, "reward_range", [low, high])


def _problem(folder: Path, key: str, value: object) -> TaskProblem:
    known = ", ".join(WORDS)
    if key in WORDS:
        reason = f"{value!r} cannot work. Write {WORDS[key]}."
    elif key:
        reason = f"autoloop knows no such key. It knows {known}."
    else:
        reason = f"{value!r} is no table. Write keys of it: {known}."
    place = f"{TABLE}.{key}" if key else TABLE
    return TaskProblem(folder=folder, file="task.toml", key=place, reason=reason)
