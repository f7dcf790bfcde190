"""The runtime runs where the agent's image has an older Python and nothing installed."""

import ast
import sys
from pathlib import Path

import pytest

from tests.harness.conftest import MAIN

FILES = sorted(MAIN.parent.glob("*.py"))
WITH_HARBOR = {"harbor_agent.py", "harbor_environment.py"}


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_the_syntax_is_that_of_python_3_9(file: Path) -> None:
    ast.parse(_source(file), feature_version=(3, 9))


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_only_the_standard_library_is_imported(file: Path) -> None:
    allowed = {"harbor"} if file.name in WITH_HARBOR else set()

    assert _imported(file) - sys.stdlib_module_names == allowed


def test_what_needs_harbor_is_loaded_by_name_alone() -> None:
    others = [file for file in FILES if file.name not in WITH_HARBOR]
    needing = {f"autoloop.harness.{name.removesuffix('.py')}" for name in WITH_HARBOR}

    assert not any(needing & set(_all_names(file)) for file in others)


def _imported(file: Path) -> set[str]:
    names = [name for name in _all_names(file) if not name.startswith("autoloop.harness")]
    return {name.split(".")[0] for name in names}


def _all_names(file: Path) -> list[str]:
    return [name for node in ast.walk(ast.parse(_source(file))) for name in _names(node)]


def _source(file: Path) -> str:
    return file.read_text(encoding="utf-8")


def _names(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    return [node.module or ""] if isinstance(node, ast.ImportFrom) else []
