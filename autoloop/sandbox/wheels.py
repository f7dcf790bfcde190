"""Python packages for an image, fetched on the host for the engine's architecture."""

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from docker.api.client import APIClient

from autoloop.errors import ImageError
from autoloop.records.secrets import child_environment
from autoloop.sandbox.engine import engine_errors

DEFAULT_PYTHON = "3.11"
"""Of autoloop/base:bookworm."""
WHEEL_LIBC = ("manylinux_2_36", "manylinux_2_34", "manylinux_2_28", "manylinux_2_17")
MACHINES = {"amd64": "x86_64", "arm64": "aarch64"}
TIMEOUT_S = 900.0


def fetch_wheels(
    api: APIClient, requirements: Path, target: Path, *, python: str = DEFAULT_PYTHON
) -> None:
    """Install them on the host: a container may have neither network nor certificates.

    Nothing is done where the file is not there or names nothing.

    Raises:
        ImageError: they cannot be fetched.
    """
    if not _names_something(requirements):
        return
    command = [sys.executable, "-m", "pip", "install", *pip_options(api, python)]
    command += ["--target", str(target), "--requirement", str(requirements)]
    fetch(
        command,
        what=f"the packages of {requirements}",
        failure=f"The packages of {requirements} cannot be fetched with pip; each must have a "
        f"wheel for Python {python} on Linux",
    )


def fetch(command: Sequence[str], *, what: str, failure: str) -> None:
    """Run a package manager on the host, which is given no secret.

    Raises:
        ImageError: it fails, or takes too long.
    """
    try:
        done = subprocess.run(
            command,
            env=child_environment(),
            capture_output=True,
            text=True,
            timeout=TIMEOUT_S,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise ImageError(f"Fetching {what} took longer than {TIMEOUT_S:g} s.") from error
    if done.returncode != 0:
        raise ImageError(f"{failure}:\n{done.stderr.strip()[-2_000:]}")


def machine_of(api: APIClient) -> str:
    """The engine's architecture, as Python's wheels name it."""
    with engine_errors("asking for the engine's architecture"):
        arch = str(api.version()["Arch"])
    return MACHINES.get(arch, arch)


def pip_options(api: APIClient, python: str) -> list[str]:
    """How pip is asked for wheels of another machine than this one."""
    machine = machine_of(api)
    platforms = [f"--platform={libc}_{machine}" for libc in WHEEL_LIBC]
    return [
        "--quiet",
        "--disable-pip-version-check",
        "--no-input",
        "--no-compile",
        "--only-binary=:all:",
        "--implementation=cp",
        f"--python-version={python}",
        *platforms,
        # pip knows the older names of this one, which many wheels still carry.
        f"--platform=manylinux2014_{machine}",
    ]


def _names_something(requirements: Path) -> bool:
    if not requirements.is_file():
        return False
    lines = requirements.read_text(encoding="utf-8").splitlines()
    return any(line.strip() and not line.lstrip().startswith("#") for line in lines)
