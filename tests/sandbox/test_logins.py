"""Logins of registries, which helper programs of the user's may know."""

import json
import os
import sys
from pathlib import Path

import pytest

from autoloop.errors import ImageError
from autoloop.records import Environment
from autoloop.sandbox import DockerSandbox
from tests.sandbox.conftest import BASE, RUN

pytestmark = pytest.mark.docker

REGISTRY = "127.0.0.1:9"
HELPER = """#!{python}
import json, os, sys
with open({seen!r}, "a") as file:
    file.write(json.dumps([sys.argv[1], dict(os.environ)]) + "\\n")
print(json.dumps({{"ServerURL": {registry!r}, "Username": "ann", "Secret": "hunter2-hunter2"}}))
"""


@pytest.fixture
def seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What the helper was asked, with which environment; it is the user's for one registry."""
    programs, config, seen = tmp_path / "bin", tmp_path / "docker", tmp_path / "seen"
    programs.mkdir()
    config.mkdir()
    helper = programs / "docker-credential-canary"
    helper.write_text(HELPER.format(python=sys.executable, seen=str(seen), registry=REGISTRY))
    helper.chmod(0o755)
    (config / "config.json").write_text(json.dumps({"credHelpers": {REGISTRY: "canary"}}))
    monkeypatch.setenv("PATH", f"{programs}:{os.environ['PATH']}")
    monkeypatch.setenv("DOCKER_CONFIG", str(config))
    monkeypatch.setenv("MISTRAL_API_KEY", "canary-key-of-mistral")
    return seen


@pytest.mark.parametrize("doing", ["pulling", "building"])
def test_a_program_that_knows_logins_sees_no_key(tmp_path: Path, seen: Path, doing: str) -> None:
    dockerfile = tmp_path / "Dockerfile"
    dockerfile.write_text(f"FROM {BASE}\nRUN exit 7\n")
    image = f"{REGISTRY}/none:1" if doing == "pulling" else None

    with DockerSandbox(tmp_path, run=RUN) as sandbox, pytest.raises(ImageError):
        sandbox.prepare(
            Environment(folder=tmp_path, dockerfile=dockerfile, image=image), timeout_s=60
        )

    asked = [json.loads(line) for line in seen.read_text().splitlines()]
    assert [verb for verb, _ in asked] == ["get"] * len(asked)
    assert asked
    assert "canary-key-of-mistral" not in seen.read_text()
