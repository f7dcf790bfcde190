"""Files of ours in a folder that an agent's files were copied to."""

import shutil
from pathlib import Path


def write_over(path: Path, text: str) -> None:
    """Write a file of ours where the agent may have put a file or folder of that name."""
    if path.is_dir():
        shutil.rmtree(path)
    path.write_text(text, encoding="utf-8")
