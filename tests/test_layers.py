"""Who may import whom; docs/concepts.md has the table."""

import ast
from collections.abc import Iterator
from pathlib import Path

import autoloop
from tests.sources import nodes_of

PACKAGE = Path(autoloop.__file__).parent
GROUND = {"errors", "records", "ports"}
ADAPTERS = {
    "settings",
    "tasks",
    "workspace",
    "sandbox",
    "gateway",
    "meta",
    "store",
    "decision",
    "audit",
    "guards",
    "report",
    "engines",
    "egress",
    "remote",
    "traces",
    "diagnosis",
}
ALLOWED = {
    "errors": set(),
    "records": {"errors"},
    "ports": {"errors", "records"},
    "harness": set(),
    **dict.fromkeys(ADAPTERS, GROUND),
    "trial": GROUND | {"harness"},
    "meta": GROUND | {"harness"},
    "loop": GROUND,
    "testing": GROUND,
    "redteam": GROUND | ADAPTERS | {"trial", "loop", "testing"},
    "app": GROUND | ADAPTERS | {"trial", "loop", "redteam"},
    "results": {"app", "records"},
    "cli": {"app", "records", "errors", "results", ""},
    "harbor": {"app", "records", "errors", ""},
    "": {"app", "records", "errors", "results"},
}
OWNERS = {
    "docker": {"sandbox"},
    "git": {"workspace", "tasks"},
    "harbor": {"remote", "harbor", "harness"},
    "litellm": {"gateway"},
    "openai": {"gateway"},
    "anthropic": {"gateway"},
    "aiohttp": {"gateway", "testing"},
    "sqlite3": {"store"},
    "typer": {"cli"},
    "rich": {"cli", "report"},
    "yaml": {"settings"},
    "scipy": {"decision"},
    "numpy": {"decision"},
    "matplotlib": {"report"},
    "tenacity": {"gateway", "sandbox", "trial", "workspace", "store"},
}
MODULES = sorted(PACKAGE.rglob("*.py"))


def _layer(dotted: str) -> str:
    return dotted.partition(".")[0]


def _own_layer(path: Path) -> str:
    relative = path.relative_to(PACKAGE)
    return (
        ""
        if relative.name == relative.as_posix() == "__init__.py"
        else relative.parts[0].removesuffix(".py")
    )


def _imports(path: Path) -> Iterator[str]:
    """Everything a file imports, late imports counted."""
    for node in nodes_of(path):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def _own(name: str) -> str | None:
    if name == "autoloop":
        return None
    first = name.removeprefix("autoloop.").partition(".")[0]
    exists = (PACKAGE / first).is_dir() or (PACKAGE / f"{first}.py").is_file()
    return first if exists else ""


def test_a_module_imports_only_what_its_layer_may() -> None:
    forbidden = {}
    for path in MODULES:
        layer = _own_layer(path)
        used = {_own(n) for n in _imports(path) if n.split(".")[0] == "autoloop"} - {None, layer}
        if used - ALLOWED[layer]:
            forbidden[str(path)] = used - ALLOWED[layer]

    assert forbidden == {}


def test_a_foreign_package_is_imported_by_its_owner_alone() -> None:
    foreign = {
        str(path): name
        for path in MODULES
        for name in {_layer(name) for name in _imports(path)} & OWNERS.keys()
        if _own_layer(path) not in OWNERS[name]
    }

    assert foreign == {}
