"""`${VAR}` and `${VAR:-default}` in task.toml's tables of environment variables."""

import re
from collections.abc import Iterator, Mapping

VARIABLE = re.compile(r"\$\{([^}:]+)(?::-(.*))?\}")


def resolved(env: Mapping[str, str], host_env: Mapping[str, str]) -> dict[str, str]:
    """The values, looked up on the host where a value is nothing but a variable.

    Raises:
        KeyError: a variable without a default is not set; `unset` tells which.
    """
    return {key: _value(value, host_env) for key, value in env.items()}


def unset(env: Mapping[str, str], host_env: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Key and variable of each value that cannot be looked up."""
    for key, value in env.items():
        match = VARIABLE.fullmatch(value)
        if match and match[2] is None and match[1] not in host_env:
            yield key, match[1]


def _value(value: str, host_env: Mapping[str, str]) -> str:
    match = VARIABLE.fullmatch(value)
    if match is None:
        return value
    return host_env[match[1]] if match[2] is None else host_env.get(match[1], match[2])
