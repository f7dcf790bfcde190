"""The image for a coding agent in the meta-agent's place."""

from pathlib import Path

import pytest
from docker.api.client import APIClient

from autoloop.errors import SettingsError
from autoloop.ports import ContainerSpec
from autoloop.sandbox import DockerSandbox
from autoloop.sandbox.cli import DockerCli
from autoloop.sandbox.context import BuildContext
from autoloop.sandbox.images import Images
from autoloop.sandbox.meta_image import PACKAGED_FOLDER, MetaImage, _name
from tests.sandbox.conftest import MARK

PROJECT_FOLDER = Path(__file__).parents[2] / "sandboxes" / "meta"
PRESETS = ("claude-code", "codex", "gemini-cli", "opencode")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project with a meta image of its own."""
    folder = tmp_path / "sandboxes" / "meta"
    folder.mkdir(parents=True)
    (folder / "Dockerfile").write_text(f"FROM autoloop/base:bookworm\n{MARK}\nARG PACKAGES=\n")
    return tmp_path


def image(engine: APIClient, project: Path) -> MetaImage:
    return MetaImage(engine, Images(engine, DockerCli()), project=project)


def test_the_packaged_folder_is_the_same_as_the_default_projects() -> None:
    packaged, own = BuildContext(folder=PACKAGED_FOLDER), BuildContext(folder=PROJECT_FOLDER)

    assert packaged.digest() == own.digest()


@pytest.mark.parametrize(
    ("spec", "name"),
    [("tool@1.2", "tool"), ("@scope/tool@1.2", "@scope/tool"), ("tool", "tool")],
)
def test_a_packages_name_is_what_stands_before_its_version(spec: str, name: str) -> None:
    assert _name(spec) == name


@pytest.mark.docker
def test_every_preset_has_a_package_with_a_version(engine: APIClient, tmp_path: Path) -> None:
    own = image(engine, tmp_path)

    packages = [own.packages(preset) for preset in PRESETS]

    assert all(len(found) == 1 and found[0].count("@") >= 1 for found in packages)
    assert own.packages(None) == ()


@pytest.mark.docker
def test_packages_without_a_preset_are_always_there(engine: APIClient, project: Path) -> None:
    listed = "# mine\n\nmine@1.0\ncodex: theirs@2.0\nother: others@3.0\n"
    (project / "sandboxes/meta/packages.txt").write_text(listed)

    assert image(engine, project).packages("codex") == ("mine@1.0", "theirs@2.0")


@pytest.mark.docker
def test_a_preset_without_a_package_is_named(engine: APIClient, project: Path) -> None:
    with pytest.raises(SettingsError, match=r"no line for the preset 'codex': write one"):
        image(engine, project).id("codex")


@pytest.mark.docker
def test_without_packages_it_is_built_once_and_without_node(
    engine: APIClient, project: Path
) -> None:
    assert engine.ping()
    with DockerSandbox(project, run="none") as sandbox:
        first, second = sandbox.meta_image(None), sandbox.meta_image(None)
        spec = ContainerSpec(image=first, labels={}, network="none", hardened=True)
        with sandbox.start(spec) as container:
            found = container.run("ls /opt/node", timeout_s=30)

    assert first == second
    assert found.exit_code != 0
