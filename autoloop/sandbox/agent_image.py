"""The image that agent.py runs in, with the Python packages that the project asks for."""

import threading
from pathlib import Path
from tempfile import TemporaryDirectory

from docker.api.client import APIClient

from autoloop.errors import SettingsError
from autoloop.sandbox.context import BuildContext
from autoloop.sandbox.images import Images
from autoloop.sandbox.wheels import DEFAULT_PYTHON, TIMEOUT_S, fetch_wheels

PACKAGED_FOLDER = Path(__file__).parent / "agent"
"""Used by projects that have no sandboxes/agent/ of their own."""
PACKAGES = "site-packages"
"""Folder of the build context that holds the packages of requirements.txt."""
DEFAULT_FOLDER = "sandboxes/agent"
PYTHON_FILE = "python-version"
"""A file of the folder that names the Python of its base image, such as `3.13`."""


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
            requirements = self._folder / "requirements.txt"
            fetch_wheels(self._api, requirements, packages, python=self.python())
            context = BuildContext(folder=self._folder, additions={PACKAGES: packages})
            return self._images.built(tag, context, timeout_s=TIMEOUT_S)

    def python(self) -> str:
        """The Python of the image, as far as wheels are concerned."""
        named = self._folder / PYTHON_FILE
        return named.read_text().strip() if named.is_file() else DEFAULT_PYTHON
