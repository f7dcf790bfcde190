"""Rules of the house that no linter knows."""

import ast
import os
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import autoloop
from tests.sources import nodes_of

ROOT = Path(__file__).parents[1]
SOURCES = sorted((ROOT / "autoloop").rglob("*.py"))
HARNESS = sorted((ROOT / "autoloop" / "harness").glob("*.py"))
IN_CONTAINERS = {"openpyxl"}
"""Packages that a file of ours imports only where a task's image brings them."""
HEAVY = {
    *("docker", "git", "litellm", "openai", "anthropic", "aiohttp", "scipy", "pydantic", "harbor"),
}


def _functions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in nodes_of(path):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def _length(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Lines of a function without its docstring."""
    first = function.body[0]
    has_docstring = isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant)
    docstring = (first.end_lineno or 0) - first.lineno + 1 if has_docstring else 0
    return (function.end_lineno or 0) - function.lineno + 1 - docstring


def test_a_file_stays_within_400_lines() -> None:
    lines = {str(path): len(path.read_text(encoding="utf-8").splitlines()) for path in SOURCES}

    assert {path: count for path, count in lines.items() if count > 400} == {}


def test_a_function_stays_within_50_lines() -> None:
    lengths = {f"{path}: {f.name}": _length(f) for path in SOURCES for f in _functions(path)}

    assert {name: length for name, length in lengths.items() if length > 50} == {}


def test_the_public_surface_is_small_and_real() -> None:
    names = autoloop.__all__

    assert len(names) <= 30
    assert all(hasattr(autoloop, name) for name in names)


def test_importing_autoloop_loads_nothing_heavy() -> None:
    code = f"import sys, autoloop, autoloop.cli; print(sorted({HEAVY!r} & sys.modules.keys()))"

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "[]"


def _imports(path: Path) -> set[str]:
    """Modules that a file imports, wherever it does."""
    nodes = nodes_of(path)
    plain = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    return plain | {n.module for n in nodes if isinstance(n, ast.ImportFrom) and n.module}


def _declared() -> set[str]:
    """Distributions that are installed with autoloop, or with one of its extras."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = [wish for extra in project["optional-dependencies"].values() for wish in extra]
    return {canonicalize_name(Requirement(w).name) for w in (*project["dependencies"], *extras)}


def test_every_package_that_is_imported_is_declared() -> None:
    known, makers = _declared() | IN_CONTAINERS, packages_distributions()
    foreign = {name.partition(".")[0] for path in SOURCES for name in _imports(path)}

    undeclared = {
        name
        for name in foreign - {"autoloop", *sys.stdlib_module_names}
        if not known & {canonicalize_name(maker) for maker in makers.get(name, [name])}
    }

    assert not undeclared


@pytest.mark.parametrize("path", HARNESS, ids=lambda p: p.name)
def test_what_runs_beside_an_agent_needs_the_standard_library_alone(path: Path) -> None:
    extra = {"harbor"} if path.name.startswith("harbor_") else set()
    known = {"autoloop", *sys.stdlib_module_names, *extra}

    assert {name.partition(".")[0] for name in _imports(path)} <= known


def test_what_needs_harbor_is_loaded_only_for_agents_that_bring_it() -> None:
    plain = [path for path in HARNESS if not path.name.startswith("harbor_")]

    assert not {name for path in plain for name in _imports(path) if ".harbor_" in name}


def test_a_child_process_is_given_an_environment_of_its_own() -> None:
    """Without one it would inherit the keys; `child_environment` leaves them out."""
    # These run in containers, which have no keys.
    keyless = {*HARNESS, *(p for p in SOURCES if p.name == "spreadsheetbench_verifier.py")}
    starts = [
        (path, node)
        for path in SOURCES
        for node in nodes_of(path)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and ast.unparse(node.func) in {"subprocess.run", "subprocess.Popen"}
        and path not in keyless
    ]

    inheriting = [
        f"{path}:{start.lineno}"
        for path, start in starts
        if "env" not in {keyword.arg for keyword in start.keywords}
    ]
    assert len(starts) > 3
    assert inheriting == []


def test_the_default_agent_is_modest() -> None:
    lines = (ROOT / "agent.py").read_text(encoding="utf-8").splitlines()

    assert len(lines) < 150


def test_the_version_is_said_once() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))

    assert project["project"]["version"] == autoloop.__version__


def test_ci_runs_what_the_readme_says() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    script = ROOT / ".ci" / "run"

    assert "make test" in readme
    assert "make climb" in readme
    assert "make test" in script.read_text(encoding="utf-8")
    assert os.access(script, os.X_OK)
