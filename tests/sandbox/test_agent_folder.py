"""The agent image's folder: one in the repository, one in the package."""

from pathlib import Path

from autoloop.sandbox.agent_image import PACKAGED_FOLDER
from autoloop.sandbox.context import BuildContext

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
