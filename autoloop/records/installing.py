"""How to install what an extra of autoloop brings: from its repository, never by name."""

import shlex
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
"""Where the package lies: in a checkout the repository itself."""


def install_command(extra: str, repository: Path = REPOSITORY) -> str:
    """The pip command, with this very checkout where there is one.

    The name alone would not do: in the package index `autoloop` is another project.
    """
    known = (repository / "pyproject.toml").is_file()
    source = str(repository) if known else "/path/to/autoloop"
    return f"pip install {shlex.quote(f'{source}[{extra}]')}"
