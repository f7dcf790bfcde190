"""What the imports of a program call things."""

import ast
import builtins
from collections.abc import Iterable, Mapping

from autoloop.guards.trees import of_kinds

BUILTINS = frozenset(dir(builtins))
_IMPORTS = frozenset({ast.Import, ast.ImportFrom})
_TYPES = frozenset({"bytes", "bytearray", "str", "int", "dict", "list", "tuple"})
"""Built-ins that are asked for methods: `bytes.fromhex`."""


def imported_names(nodes: Iterable[ast.AST]) -> dict[str, str]:
    """Dotted names by what they are called: `import base64 as b` gives `{"b": "base64"}`."""
    found: dict[str, str] = {}
    for node in of_kinds(nodes, _IMPORTS):
        if isinstance(node, ast.Import):
            for alias in node.names:
                first = alias.name.partition(".")[0]
                found[alias.asname or first] = alias.name if alias.asname else first
        elif isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                found[alias.asname or alias.name] = f"{node.module}.{alias.name}"
    return found


def dotted(node: ast.expr, imports: Mapping[str, str]) -> str | None:
    """The full name of `module.attribute…` or of a built-in; None for anything else."""
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    if isinstance(node, ast.Call) and _imports_by_call(node):
        return ".".join([_first_text(node), *reversed(parts)])
    if not isinstance(node, ast.Name):
        return None
    first = imports.get(node.id)
    if first is None and node.id not in (_TYPES if parts else BUILTINS):
        return None
    return ".".join([first or node.id, *reversed(parts)])


def _imports_by_call(node: ast.Call) -> bool:
    """`__import__("zlib")` and `importlib.import_module("zlib")` are imports, too."""
    name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
    return name in {"__import__", "import_module"} and bool(_first_text(node))


def _first_text(node: ast.Call) -> str:
    first = node.args[0] if node.args else None
    value = first.value if isinstance(first, ast.Constant) else ""
    return value if isinstance(value, str) else ""
