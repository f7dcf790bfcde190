"""The agent image's folder: one in the repository, one in the package."""

from pathlib import Path

import pytest
from docker.api.client import APIClient

from autoloop.errors import SettingsError
from autoloop.sandbox import DockerSandbox
from autoloop.sandbox.agent_image import PACKAGED_FOLDER, AgentImage
from autoloop.sandbox.cli import DockerCli
from autoloop.sandbox.context import BuildContext
from autoloop.sandbox.images import Images
from autoloop.sandbox.wheels import pip_options

PROJECT_FOLDER = Path(__file__).parents[2] / "sandboxes" / "agent"


def test_the_packaged_folder_is_the_same_as_the_default_projects() -> None:
    packaged, own = BuildContext(folder=PACKAGED_FOLDER), BuildContext(folder=PROJECT_FOLDER)

    assert packaged.digest() == own.digest()


def test_a_digest_follows_names_modes_bytes_and_links(folder: Path) -> None:
    digests = [BuildContext(folder=folder).digest()]

    (folder / "run.sh").chmod(0o644)
    digests.append(BuildContext(folder=folder).digest())
    (folder / "run.sh").rename(folder / "run")
    digests.append(BuildContext(folder=folder).digest())
    (folder / "link").unlink()
    (folder / "link").symlink_to("run")
    digests.append(BuildContext(folder=folder).digest())

    assert len(set(digests)) == 4


def test_another_args_or_stage_is_another_image(folder: Path) -> None:
    contexts = [
        BuildContext(folder=folder),
        BuildContext(folder=folder, args={"A": "1"}),
        BuildContext(folder=folder, args={"A": "2"}),
        BuildContext(folder=folder, target="stage"),
    ]

    assert len({context.digest() for context in contexts}) == 4


@pytest.mark.docker
def test_packages_are_fetched_for_the_python_that_the_folder_names(
    engine: APIClient, tmp_path: Path
) -> None:
    def options(folder: str) -> list[str]:
        images = Images(engine, DockerCli())
        image = AgentImage(engine, images, project=tmp_path, folder=folder)
        return pip_options(engine, image.python())

    (tmp_path / "newer").mkdir()
    (tmp_path / "newer/python-version").write_text("3.13\n")

    assert "--python-version=3.13" in options("newer")
    assert "--python-version=3.11" in options("sandboxes/agent")


@pytest.mark.docker
def test_an_agent_folder_without_a_dockerfile_is_named(engine: APIClient, tmp_path: Path) -> None:
    assert engine.ping()

    with DockerSandbox(tmp_path, run="none", agent_folder="nowhere") as sandbox:  # noqa: SIM117
        with pytest.raises(SettingsError, match="nowhere/Dockerfile"):
            sandbox.agent_image()
