"""Builds beyond the classic builder, with the BuildKit plugin and without."""

import time
import uuid
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from docker.api.client import APIClient

from autoloop.errors import ImageError
from autoloop.ports import BoxSpec
from autoloop.records import Environment
from autoloop.sandbox import DockerSandbox
from autoloop.sandbox.cli import DockerCli
from tests.sandbox.conftest import BASE, MARK

pytestmark = pytest.mark.docker

needs_buildx = pytest.mark.skipif(not DockerCli().has("buildx"), reason="no buildx plugin is here")


@pytest.fixture
def plain(
    engine: APIClient, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> Iterator[DockerSandbox]:
    """A sandbox on a machine without the docker command line."""
    assert engine.ping()
    monkeypatch.setenv("PATH", str(tmp_path_factory.mktemp("bin")))
    with DockerSandbox(tmp_path_factory.mktemp("project"), run="plain") as sandbox:
        yield sandbox


def spec(folder: Path, *lines: str) -> BoxSpec:
    """A box whose Dockerfile has these lines and is like no other."""
    dockerfile = folder / "Dockerfile"
    dockerfile.write_text("\n".join([*lines, MARK, f"ENV ONCE={uuid.uuid4()}", ""]))
    environment = Environment(folder=folder, dockerfile=dockerfile, image=None)
    return BoxSpec(environment=environment, labels={}, timeout_s=100)


HEREDOCS = (
    "ARG WORD=one",
    f"FROM {BASE}",
    "ARG WORD",
    "RUN <<EOF",
    "set -e",
    'echo "script $WORD" > /script',
    "EOF",
    "RUN python3 - <<'EOF' > /input && echo more >> /input",
    "print('python $x')",
    "EOF",
    "RUN <<EOF",
    "#!/usr/bin/env python3",
    "open('/file', 'w').write('interpreter')",
    "EOF",
    "COPY --chmod=750 <<EOF <<'TWO' /copied/",
    "$WORD \\$WORD",
    "EOF",
    "$WORD",
    "TWO",
)
SEEN = "cat /script /input /file; cd /copied; tail -n +1 *; stat -c %a EOF"
EXPECTED = """script one
python $x
more
interpreter==> EOF <==
one $WORD

==> TWO <==
$WORD
750
"""


def test_heredocs_are_built_without_any_plugin(plain: DockerSandbox, tmp_path: Path) -> None:
    with plain.box(spec(tmp_path, *HEREDOCS)) as box:
        assert box.run(SEEN).stdout == EXPECTED


@needs_buildx
def test_heredocs_are_built_beside_what_takes_buildkit(
    sandbox: DockerSandbox, tmp_path: Path
) -> None:
    mounting = "RUN --mount=type=cache,target=/cache <<EOF"
    lines = [
        "# syntax=docker/dockerfile:1.99",
        *HEREDOCS,
        mounting,
        "touch /cache/x; ls /cache > /m",
    ]

    with sandbox.box(spec(tmp_path, *lines, "EOF")) as box:
        assert box.run(SEEN).stdout == EXPECTED
        assert box.run("cat /m; ls /cache").stdout == "x\n"


@needs_buildx
def test_an_image_of_buildkit_carries_our_label(
    sandbox: DockerSandbox, engine: APIClient, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("x")

    with sandbox.box(spec(tmp_path, f"FROM {BASE}", "COPY --link --chmod=711 file /")) as box:
        config = engine.inspect_container(box.id)["Config"]
        assert box.run("stat -c %a /file").stdout == "711\n"

    assert config["Labels"]["autoloop"] == "1"
    assert config["Image"].startswith("sha256:")


def test_links_and_platforms_need_no_plugin(plain: DockerSandbox, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    lines = [
        f"FROM --platform=$BUILDPLATFORM {BASE} AS made",
        "ARG TARGETARCH",
        "RUN echo $TARGETARCH > /arch",
        f"FROM {BASE}",
        "COPY --link file /",
        "COPY --from=made --link /arch /",
    ]

    with plain.box(spec(tmp_path, *lines)) as box:
        assert box.run("cat /file; test -s /arch").exit_code == 0


def test_what_takes_buildkit_names_line_and_remedy(plain: DockerSandbox, tmp_path: Path) -> None:
    wanted = spec(tmp_path, f"FROM {BASE}", "RUN --mount=type=cache,target=/c true")

    with pytest.raises(ImageError, match=r"Dockerfile, line 2: RUN --mount.*sandboxes/setup\.sh"):
        plain.prepare(wanted.environment, timeout_s=10)


@needs_buildx
def test_a_failing_build_of_buildkit_says_what_failed(
    sandbox: DockerSandbox, tmp_path: Path
) -> None:
    wanted = spec(tmp_path, f"FROM {BASE}", "RUN --mount=type=tmpfs,target=/t echo why; exit 7")

    with pytest.raises(ImageError, match=r"(?s)does not build.*why.*exit code: 7"):
        sandbox.prepare(wanted.environment, timeout_s=60)


@needs_buildx
def test_a_build_of_buildkit_ends_at_its_time(sandbox: DockerSandbox, tmp_path: Path) -> None:
    seconds = f"600.{uuid.uuid4().int % 10**9}"
    wanted = spec(tmp_path, f"FROM {BASE}", f"RUN --mount=type=tmpfs,target=/t sleep {seconds}")

    with pytest.raises(ImageError, match=r"took longer than [\d.]+ s"):
        sandbox.prepare(wanted.environment, timeout_s=4)

    assert not running(seconds)


def test_a_classic_build_ends_at_its_time(sandbox: DockerSandbox, tmp_path: Path) -> None:
    seconds = f"600.{uuid.uuid4().int % 10**9}"
    wanted = spec(tmp_path, f"FROM {BASE}", f"RUN sleep {seconds}")

    with pytest.raises(ImageError, match=r"took longer than [\d.]+ s"):
        sandbox.prepare(wanted.environment, timeout_s=4)

    assert not running(seconds)


def running(word: str) -> bool:
    """Whether a process with this argument remains on the machine, once it had time to end."""
    give_up = time.monotonic() + 60
    while time.monotonic() < give_up:
        if not any(word.encode() in arguments for arguments in command_lines()):
            return False
    return True


def command_lines() -> Iterator[bytes]:
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            yield (process / "cmdline").read_bytes()
