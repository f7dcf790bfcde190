"""Types of single values in task.toml, with what to write instead of a wrong one."""

import re
from pathlib import PurePosixPath
from typing import Annotated, Literal, TypeAlias

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints

from autoloop.tasks.hosts import allowed_host
from autoloop.tasks.step_names import step_name

PACKAGE_NAME = r"^[a-zA-Z0-9][a-zA-Z0-9._-]*/[a-zA-Z0-9][a-zA-Z0-9._-]*$"
ABSOLUTE = "^/"
ENV_NAME = r"^[^=\x00]+$"
ENV_VALUE = r"^[^\x00]*$"
DIGEST = r"^sha256:[a-f0-9]{64}$"
SERVICE = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9_.-]*")
SIZES_MB = {"G": 1024.0, "M": 1.0, "K": 1 / 1024}
MANIFEST = "manifest.json"


def size_mb(value: object) -> object:
    """Megabytes of a legacy size such as "2G"; as in Harbor, what is no text does not count."""
    if not isinstance(value, str):
        return None
    number, unit = value.strip().upper()[:-1], value.strip().upper()[-1:]
    try:
        return int(float(number) * SIZES_MB[unit])
    except (ValueError, KeyError, OverflowError) as error:
        raise ValueError('write a size in quotes such as "2G" or "512M"') from error


def user_name(value: object) -> object:
    """A user as text, from a name or a number; None where it is left empty."""
    if isinstance(value, str) and (value.strip() or not value):
        return value or None
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return str(value)
    raise ValueError("write a user name in quotes or a user id")


def lower(value: object) -> object:
    """Text in lower case; anything else as it is."""
    return value.lower() if isinstance(value, str) else value


def none_if_empty(value: object) -> object:
    """None for an empty text; anything else as it is."""
    return None if value == "" else value


def transport_name(value: object) -> object:
    """The name that Harbor gives to the transport `http`."""
    return "streamable-http" if value == "http" else value


def package_name(value: str) -> str:
    """A name `org/name` without `..`."""
    if not re.match(PACKAGE_NAME, value) or ".." in value:
        raise ValueError('write a name of the form "org/name", with letters, digits and . _ - only')
    return value


def service_name(value: str) -> str:
    """The name of a compose service."""
    if not SERVICE.fullmatch(value.strip()):
        raise ValueError("write the name of a compose service, with letters, digits and . _ -")
    return value.strip()


def artifact_source(value: str) -> str:
    """A path in a container that does not climb."""
    if not value or ".." in PurePosixPath(value).parts:
        raise ValueError("write a path in the container in which no .. stands")
    return value


def artifact_destination(value: str) -> str | None:
    """A path below `artifacts/` that cannot leave it or hide the manifest."""
    path = PurePosixPath(value)
    if not value:
        return None
    if "\\" in value or path.is_absolute() or ".." in path.parts or not path.parts:
        raise ValueError("write a path below artifacts/, with / between its parts and no ..")
    if value.rstrip("/") == MANIFEST:
        raise ValueError("write another path; manifest.json lists what was collected")
    return value


def as_artifact(value: object) -> object:
    """The table that a path alone stands for."""
    if isinstance(value, str):
        return {"source": value}
    if isinstance(value, dict):
        return value
    raise ValueError('write a path in quotes, or a table such as {source = "/app/out"}')


def as_thresholds(value: object) -> object:
    """The table that one number alone stands for."""
    return value if isinstance(value, dict) else {"reward": value}


Seconds: TypeAlias = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Wait: TypeAlias = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Count: TypeAlias = Annotated[int, Field(ge=0)]
Size: TypeAlias = Annotated[int | None, Field(ge=0), BeforeValidator(size_mb)]
Text: TypeAlias = Annotated[str, StringConstraints(min_length=1)]
OptionalText: TypeAlias = Annotated[str | None, BeforeValidator(none_if_empty)]
Folder: TypeAlias = Annotated[
    Annotated[str, StringConstraints(pattern=ABSOLUTE)] | None, BeforeValidator(none_if_empty)
]
User: TypeAlias = Annotated[str | None, BeforeValidator(user_name)]
EnvName: TypeAlias = Annotated[str, StringConstraints(pattern=ENV_NAME)]
EnvValue: TypeAlias = Annotated[str, StringConstraints(pattern=ENV_VALUE)]
Env: TypeAlias = dict[EnvName, EnvValue]
NetworkMode: TypeAlias = Literal["public", "no-network", "allowlist"]
Hosts: TypeAlias = list[Annotated[str, AfterValidator(allowed_host)]]
System: TypeAlias = Annotated[Literal["linux", "windows"], BeforeValidator(lower)]
Transport: TypeAlias = Annotated[
    Literal["stdio", "sse", "streamable-http"], BeforeValidator(transport_name)
]
PackageName: TypeAlias = Annotated[str, AfterValidator(package_name)]
Service: TypeAlias = Annotated[str, AfterValidator(service_name)]
Source: TypeAlias = Annotated[str, AfterValidator(artifact_source)]
Destination: TypeAlias = Annotated[str | None, AfterValidator(artifact_destination)]
StepName: TypeAlias = Annotated[str, AfterValidator(step_name)]
Thresholds: TypeAlias = Annotated[dict[str, float], BeforeValidator(as_thresholds)]
