"""The image that agent.py runs in, with the Python packages that the project asks for."""

import subprocess
import sys
import threading
from pathlib import Path
from tempfile import TemporaryDirectory

from docker.api.client import APIClient

from autoloop.errors import ImageError, SettingsError
from autoloop.records.secrets import child_environment
from autoloop.sandbox.context import BuildContext
from autoloop.sandbox.engine import engine_errors
from autoloop.sandbox.images import Images

PACKAGED_FOLDER = Path(__file__).parent / "agent"
"""Used by projects that have no sandboxes/agent/ of their own."""
PACKAGES = "site-packages"
"""Folder of the build context that holds the packages of requirements.txt."""
DEFAULT_FOLDER = "sandboxes/agent"
PYTHON_FILE = "python-version"
"""A file of the folder that names the Python of its base image, such as `3.13`."""
DEFAULT_PYTHON = "3.11"
"""Of autoloop/base:bookworm."""
WHEEL_LIBC = ("manylinux_2_36", "manylinux_2_34", "manylinux_2_28", "manylinux_2_17")
MACHINES = {"amd64": "x86_64", "arm64": "aarch64"}
TIMEOUT_S = 900.0


class AgentImage:
    """The agent image of one project; `id` may be called from any thread."""

    def __init__(
        self, api: APIClient, images: Images, *, project: Path, folder: str = DEFAULT_FOLDER
    ) -> None:
        """`folder` is relative to the project; without a default one, the package's is used."""
        own = project / folder
        is_there = folder != DEFAULT_FOLDER or (own / "Dockerfile").is_file()
        self._folder = own if is_there else PACKAGED_FOLDER
        self._api = api
        self._images = images
        self._lock = threading.Lock()

    @property
    def tag(self) -> str:
        """Name of the image, by content of its folder."""
        return f"autoloop/agent:{BuildContext(folder=self._folder).digest()}"

    def find(self) -> str | None:
        """The image's id if it is here."""
        return self._images.find(self.tag)

    def id(self) -> str:
        """The image's id, after building it where it is not here.

        Raises:
            SettingsError: the folder has no Dockerfile.
            ImageError: packages cannot be fetched, or the image does not build.
        """
        dockerfile = self._folder / "Dockerfile"
        if not dockerfile.is_file():
            raise SettingsError(
                f"The agent image is built from {str(dockerfile)!r}, which is not there: write it, "
                f"or name another folder of the project."
            )
        with self._lock:
            return self.find() or self._build()

    def _build(self) -> str:
        tag = self.tag
        with TemporaryDirectory(prefix="autoloop-agent-") as folder:
            packages = Path(folder)
            self._fetch_packages(packages)
            context = BuildContext(folder=self._folder, additions={PACKAGES: packages})
            return self._images.built(tag, context, timeout_s=TIMEOUT_S)

    def _fetch_packages(self, target: Path) -> None:
        """Install them on the host: a container may have neither network nor certificates."""
        requirements = self._folder / "requirements.txt"
        if not requirements.is_file():
            return
        command = [sys.executable, "-m", "pip", "install", *self._pip_options()]
        command += ["--target", str(target), "--requirement", str(requirements)]
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
            raise ImageError(
                f"Fetching the packages of {requirements} took longer than {TIMEOUT_S:g} s."
            ) from error
        if done.returncode != 0:
            raise ImageError(
                f"The packages of {requirements} cannot be fetched with pip; each must have a "
                f"wheel for Python {self._python()} on Linux:\n{done.stderr.strip()[-2_000:]}"
            )

    def _python(self) -> str:
        """The Python of the image, as far as wheels are concerned."""
        named = self._folder / PYTHON_FILE
        return named.read_text().strip() if named.is_file() else DEFAULT_PYTHON

    def _pip_options(self) -> list[str]:
        with engine_errors("asking for the engine's architecture"):
            arch = str(self._api.version()["Arch"])
        machine = MACHINES.get(arch, arch)
        platforms = [f"--platform={libc}_{machine}" for libc in WHEEL_LIBC]
        return [
            "--quiet",
            "--disable-pip-version-check",
            "--no-input",
            "--no-compile",
            "--only-binary=:all:",
            "--implementation=cp",
            f"--python-version={self._python()}",
            *platforms,
            # pip knows the older names of this one, which many wheels still carry.
            f"--platform=manylinux2014_{machine}",
        ]
