"""task.toml as Harbor 0.24 reads it (schema 1.4 and its legacy keys), and errors in plain words."""

import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Annotated, Literal, TypeAlias

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    model_validator,
)

Seconds: TypeAlias = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Wait: TypeAlias = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Amount: TypeAlias = Annotated[int, Field(gt=0)]
Text: TypeAlias = Annotated[str, StringConstraints(min_length=1)]
NetworkMode: TypeAlias = Literal["public", "no-network", "allowlist"]
PACKAGE_NAME = r"^[a-zA-Z0-9][a-zA-Z0-9._-]*/[a-zA-Z0-9][a-zA-Z0-9._-]*$"
SIZES_MB = {"G": 1024.0, "M": 1.0, "K": 1 / 1024}


def size_mb(value: object) -> object:
    """Megabytes of a legacy size such as "2G"."""
    if isinstance(value, str):
        number, unit = value.strip().upper()[:-1], value.strip().upper()[-1:]
        try:
            return int(float(number) * SIZES_MB[unit])
        except (ValueError, KeyError, OverflowError):
            pass
    raise ValueError('write a size in quotes such as "2G" or "512M"')


def user_name(value: object) -> object:
    """A user as text, from a name or a number."""
    if isinstance(value, str) and value.strip():
        return value
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return str(value)
    raise ValueError("write a user name in quotes or a user id")


def lower(value: object) -> object:
    """Text in lower case; anything else as it is."""
    return value.lower() if isinstance(value, str) else value


Size: TypeAlias = Annotated[int, Field(gt=0), BeforeValidator(size_mb)]
User: TypeAlias = Annotated[str, BeforeValidator(user_name)]
EnvName: TypeAlias = Annotated[str, StringConstraints(pattern=r"^[^=\x00]+$")]
Env: TypeAlias = dict[EnvName, str]


class Table(BaseModel):
    """Base of all tables; Harbor allows unknown keys, so they are kept to be named in a note."""

    model_config = ConfigDict(extra="allow", frozen=True)


class HealthcheckTable(Table):
    """`[environment.healthcheck]`."""

    command: Text
    interval_sec: Wait = 5.0
    timeout_sec: Seconds = 30.0
    start_period_sec: Wait = 0.0
    start_interval_sec: Wait = 5.0
    retries: Amount = 3


class EnvironmentTable(Table):
    """`[environment]`. Keys that are not supported yet are typed `object`: they are refused."""

    build_timeout_sec: Seconds = 600.0
    docker_image: Text | None = None
    os: Annotated[Literal["linux", "windows"], BeforeValidator(lower)] = "linux"
    cpus: Amount | None = None
    memory_mb: Amount | None = None
    storage_mb: Amount | None = None
    memory: Size | None = None
    storage: Size | None = None
    gpus: Annotated[int, Field(ge=0)] | None = None
    gpu_types: list[str] | None = None
    tpu: object = None
    mcp_servers: list[object] = []
    env: Env = {}
    skills_dir: str | None = None
    healthcheck: HealthcheckTable | None = None
    workdir: Annotated[str, StringConstraints(pattern="^/")] | None = None
    network_mode: NetworkMode | None = None
    allowed_hosts: list[str] | None = None
    allow_internet: bool | None = None

    @model_validator(mode="after")
    def sizes_agree(self) -> "EnvironmentTable":
        """Refuse a legacy size that contradicts its successor."""
        for old, new in (("memory", "memory_mb"), ("storage", "storage_mb")):
            legacy, current = getattr(self, old), getattr(self, new)
            if None not in (legacy, current) and legacy != current:
                raise ValueError(
                    f"`{old}` says {legacy} MB but `{new}` says {current}; keep `{new}` only"
                )
        return self

    @property
    def network(self) -> NetworkMode:
        """The network policy, with the legacy `allow_internet` heeded where nothing else is set."""
        if (
            self.network_mode is None
            and self.allowed_hosts is None
            and self.allow_internet is False
        ):
            return "no-network"
        return self.network_mode or "public"


class PhaseTable(Table):
    """What `[agent]` and `[verifier]` have in common."""

    user: User | None = None
    network_mode: NetworkMode | None = None
    allowed_hosts: list[str] | None = None


class AgentTable(PhaseTable):
    """`[agent]`."""

    timeout_sec: Seconds | None = None


class VerifierTable(PhaseTable):
    """`[verifier]`."""

    timeout_sec: Seconds = 600.0
    env: Env = {}
    environment_mode: Literal["shared", "separate"] | None = None
    environment: object = None
    collect: list[object] = []


class SolutionTable(Table):
    """`[solution]`."""

    env: Env = {}


class PackageTable(Table):
    """`[task]`: the task's identity."""

    name: Annotated[str, StringConstraints(pattern=PACKAGE_NAME)]
    version: Text | None = None
    description: str = ""
    authors: list[object] = []
    keywords: list[str] = []


class TaskTable(Table):
    """The whole of task.toml."""

    schema_version: str | float | None = None
    version: str | float | None = None
    task: PackageTable | None = None
    metadata: dict[str, object] = {}
    verifier: VerifierTable = VerifierTable()
    agent: AgentTable = AgentTable()
    environment: EnvironmentTable = EnvironmentTable()
    solution: SolutionTable = SolutionTable()
    source: str | None = None
    artifacts: list[object] = []
    steps: list[object] | None = None
    multi_step_reward_strategy: Literal["mean", "final"] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FormatError:
    """One thing wrong in task.toml."""

    key: str | None
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Parsed:
    """What became of a task.toml: a table, or the errors that prevent one."""

    table: TaskTable | None = None
    errors: tuple[FormatError, ...] = ()


def parse(text: str) -> Parsed:
    """Read the text of a task.toml."""
    try:
        document = tomllib.loads(text.removeprefix("\ufeff"))
    except (ValueError, RecursionError) as error:
        # Besides its own error tomllib lets those of int() and of the stack through.
        return Parsed(errors=(FormatError(key=None, reason=f"this is not valid TOML: {error}."),))
    try:
        return Parsed(table=TaskTable.model_validate(document))
    except ValidationError as error:
        return Parsed(errors=tuple(_in_words(error)))


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
    PACKAGE_NAME: 'write a name of the form "org/name", with letters, digits and . _ - only',
    "^/": 'write an absolute path such as "/app"',
    r"^[^=\x00]+$": "write a variable's name without =",
}


def _in_words(error: ValidationError) -> Iterator[FormatError]:
    for detail in error.errors(include_url=False):
        # Alternatives of a union and the key of a dict show up as parts of the path.
        path = [str(part) for part in detail["loc"] if part not in {"str", "float", "[key]"}]
        key = ".".join(path) or None
        if detail["type"] == "missing":
            yield FormatError(key=key, reason="this key is missing; write it.")
            continue
        advice = _advice(detail["type"], detail["msg"], detail.get("ctx", {}))
        value = (
            ""
            if detail["type"] == "value_error" and isinstance(detail["input"], dict)
            else (f"{_short(detail['input'])} cannot be used here; ")
        )
        yield FormatError(key=key, reason=f"{value}{advice}.")


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


def unknown_keys(table: Table, path: Sequence[str] = ()) -> list[str]:
    """Paths of the keys that Harbor does not know, with the known key that looks alike."""
    found = []
    known = [*type(table).model_fields]
    for key in table.model_extra or {}:
        alike = get_close_matches(key, known, n=1, cutoff=0.8)
        hint = f" (did you mean {alike[0]}?)" if alike else ""
        found.append(".".join([*path, key]) + hint)
    for key in known:
        value = getattr(table, key)
        if isinstance(value, Table):
            found += unknown_keys(value, (*path, key))
    return found
