"""The runtime runs where the agent's image has an older Python and nothing installed."""

import ast
import sys
from pathlib import Path

import pytest

from tests.harness.conftest import MAIN

FILES = sorted(MAIN.parent.glob("*.py"))


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_the_syntax_is_that_of_python_3_9(file: Path) -> None:
    ast.parse(_source(file), feature_version=(3, 9))


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_only_the_standard_library_is_imported(file: Path) -> None:
    imported = {
        name.split(".")[0]
        for node in ast.walk(ast.parse(_source(file)))
        for name in _names(node)
        if not name.startswith("autoloop.harness")
    }

    assert imported <= sys.stdlib_module_names


def _source(file: Path) -> str:
    return file.read_text(encoding="utf-8")


def _names(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    return [node.module or ""] if isinstance(node, ast.ImportFrom) else []
