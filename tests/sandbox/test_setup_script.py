"""setup.sh: the parts of it that read this machine, run on made-up files."""

import subprocess
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "sandboxes" / "setup.sh"
FUNCTIONS = SCRIPT.read_text().partition("case ${1:-all} in")[0]


def call(command: str, *, root: Path) -> str:
    """What a function of the script prints, run for a project at `root`."""
    text = f'{FUNCTIONS}\nroot="{root}"\n{command}\n'
    done = subprocess.run(
        ["sh", "-c", text, str(SCRIPT)], capture_output=True, text=True, check=True, timeout=60
    )
    return done.stdout.strip()


DEB822 = """# all that follows
Types: deb
URIs: https://nodes.example/x
Suites: nodistro
Components: main

Types: deb deb-src
# URIs: https://commented.example/debian
URIs: http://mirror.example/debian  http://second.example/debian
Suites: SUITE SUITE-updates
Components: main

Types: deb
URIs: http://mirror.example/debian-security
Suites: SUITE-security
"""
ONE_LINE = """# deb http://commented.example/debian SUITE main
deb cdrom:[Debian]/ SUITE main
deb [arch=amd64 signed-by=/x] https://lines.example/debian/ SUITE main contrib
deb-src http://sources.example/debian SUITE main
"""


@pytest.mark.parametrize(
    ("name", "text", "mirror"),
    [
        ("sources.list.d/debian.sources", DEB822, "http://mirror.example/debian"),
        ("sources.list", ONE_LINE, "https://lines.example/debian/"),
        ("sources.list.d/odd.list", ONE_LINE, "https://lines.example/debian/"),
        ("sources.list.d/other.sources", DEB822.replace("SUITE ", "other "), ""),
    ],
    ids=["deb822", "one line", "more lines", "another suite"],
)
def test_the_mirror_is_the_machines_own(tmp_path: Path, name: str, text: str, mirror: str) -> None:
    suite = call("of_release VERSION_CODENAME", root=tmp_path)
    file = tmp_path / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text.replace("SUITE", suite))

    assert call(f"mirror_of_host '{tmp_path}'", root=tmp_path) == mirror


@pytest.mark.parametrize(
    ("program", "folder"),
    [
        ("---\nagent_folder: sandboxes/agent-harbor\n---\nText\n", "sandboxes/agent-harbor"),
        ("---\nagent_folder: 'my agent'  # own\n---\n", "my agent"),
        ("---\nmodel: x\n---\n", "sandboxes/agent"),
        (None, "sandboxes/agent"),
    ],
)
def test_the_agent_folder_is_that_of_the_project(
    tmp_path: Path, program: str | None, folder: str
) -> None:
    if program is not None:
        (tmp_path / "program.md").write_text(program)

    assert call("agent_folder", root=tmp_path) == folder


def test_an_unknown_word_is_answered_with_those_that_there_are() -> None:
    done = subprocess.run(
        ["sh", str(SCRIPT), "bse"], capture_output=True, text=True, check=False, timeout=60
    )

    assert done.returncode == 1
    assert "sandboxes/setup.sh base SUITE" in done.stderr
