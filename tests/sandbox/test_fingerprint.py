"""What an environment's containers start from, named by content."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from docker.api.client import APIClient

from autoloop.records import Environment
from autoloop.sandbox import DockerSandbox
from tests.sandbox.conftest import BASE, MARK, RUN

pytestmark = pytest.mark.docker

SIDE = "services:\n  side: {{image: {image}, command: 'sleep {seconds}'}}\n"
ALIAS = f"autoloop/{RUN}-fingerprint:latest"


def make_built(folder: Path, word: str) -> Environment:
    folder.mkdir(exist_ok=True)
    dockerfile = folder / "Dockerfile"
    dockerfile.write_text(f"FROM {BASE}\n{MARK}\nENV WORD={word}\n")
    return Environment(folder=folder, dockerfile=dockerfile, image=None)


def make_compose(folder: Path, image: str, *, seconds: str = "9") -> Environment:
    folder.mkdir(exist_ok=True)
    file = folder / "docker-compose.yaml"
    file.write_text(SIDE.format(image=image, seconds=seconds))
    return Environment(folder=folder, dockerfile=None, image=BASE, compose=file)


@pytest.fixture
def alias(engine: APIClient) -> Iterator[str]:
    """A name that can be given to one image after the other."""
    yield ALIAS
    engine.remove_image(ALIAS, force=True)


def test_equal_contents_have_one_fingerprint_wherever_they_lie(
    sandbox: DockerSandbox, tmp_path: Path
) -> None:
    here, there, other = (
        make_built(tmp_path / name, word) for name, word in (("a", "x"), ("b", "x"), ("c", "y"))
    )

    assert sandbox.fingerprint(here) == sandbox.fingerprint(there) != sandbox.fingerprint(other)


def test_a_name_that_stands_for_another_image_now_is_noticed(
    sandbox: DockerSandbox, engine: APIClient, tmp_path: Path, alias: str
) -> None:
    environment = Environment(folder=tmp_path, dockerfile=None, image=alias)
    project = make_compose(tmp_path / "compose", alias)
    seen = []

    for image in (BASE, sandbox.fingerprint(make_built(tmp_path / "a", "z"))):
        engine.tag(image, alias.removesuffix(":latest"), "latest")
        seen.append((sandbox.fingerprint(environment), sandbox.fingerprint(project)))

    (first, first_project), (second, second_project) = seen
    assert first != second
    assert first_project != second_project


def test_a_variable_of_a_compose_file_is_part_of_it(sandbox: DockerSandbox, tmp_path: Path) -> None:
    project = make_compose(tmp_path / "compose", BASE, seconds="${OWN}")
    five, six = (replace(project, env={"OWN": value}) for value in "56")

    assert sandbox.fingerprint(five) == sandbox.fingerprint(five) != sandbox.fingerprint(six)
