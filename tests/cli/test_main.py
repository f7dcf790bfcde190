"""What the command line knows before any command."""

from pathlib import Path

import autoloop
from tests.cli.conftest import autoloop as run_autoloop


def test_the_version_is_told_where_there_is_no_project(tmp_path: Path) -> None:
    done = run_autoloop("--version", cwd=tmp_path)

    assert (done.code, done.out, done.err) == (0, f"{autoloop.__version__}\n", "")
