"""Follows a program's plain assignments, and finds all its constant expressions."""

import ast
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from autoloop.guards.folding.binding import bound_names, parameters
from autoloop.guards.folding.evaluate import REFUSALS, Evaluator, Scope
from autoloop.guards.folding.limits import Budget
from autoloop.guards.folding.names import imported_names
from autoloop.guards.folding.statements import Folded, Runner
from autoloop.guards.folding.values import Made, Space
from autoloop.guards.trees import LEAVES, children

_NESTED = 3
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
_WORTH_IT = frozenset(
    {ast.BinOp, ast.Call, ast.JoinedStr, ast.Subscript, ast.ListComp, ast.SetComp, ast.DictComp,
     ast.GeneratorExp}
)  # fmt: skip


@dataclass(slots=True, kw_only=True)
class Folding:
    """What constant folding found out about a program."""

    imports: Mapping[str, str]
    module: Scope
    scopes: dict[ast.AST, Scope] = field(default_factory=dict)
    """Scope of each function."""
    found: tuple[Folded, ...] = ()
    evaluator: Evaluator

    def value(self, node: ast.expr, scope: Scope | None = None) -> object:
        """The value of an expression, or None where it is no constant."""
        try:
            found = self.evaluator.value(node, scope or self.module)
        except REFUSALS:
            return None
        return _as_data(found)


def _as_data(value: object, depth: int = 0) -> object:
    """Plain data in place of instances and what is given one by one."""
    if isinstance(value, Space):
        value = dict(value.values)
    if isinstance(value, Made):
        value = value.items
    is_series = isinstance(value, list | tuple) and depth < _NESTED
    if is_series and any(isinstance(item, Space | Made) for item in value):  # type: ignore[attr-defined]
        return [_as_data(item, depth + 1) for item in value]  # type: ignore[attr-defined]
    return value


def fold(tree: ast.Module, nodes: Iterable[ast.AST]) -> Folding:
    """Work out every constant expression of a program, within bounds."""
    imports = imported_names(nodes)
    evaluator = Evaluator(imports, Budget())
    runner = Runner(evaluator)
    module = Scope(bound=bound_names(tree.body))
    folding = Folding(imports=imports, module=module, evaluator=evaluator)
    evaluator.call_written = runner.call
    runner.run(tree.body, module)
    found = tuple(_folded(tree.body, module, folding, runner))
    folding.found = (*runner.found, *found)
    return folding


def _folded(
    body: Sequence[ast.AST], scope: Scope, folding: Folding, runner: Runner
) -> Iterator[Folded]:
    """Constant expressions below nodes, each as large as it gets."""
    rest: list[ast.AST] = list(reversed(body))
    while rest:
        node = rest.pop()
        kind = type(node)
        if kind in LEAVES:
            continue
        if isinstance(node, _FUNCTIONS):
            inner = folding.scopes[node] = _function_scope(node, scope)
            lines = [node.body] if isinstance(node, ast.Lambda) else node.body
            if not isinstance(node, ast.Lambda):
                runner.run(node.body, inner)
            yield from _folded(lines, inner, folding, runner)
            rest += [*node.args.defaults, *(d for d in node.args.kw_defaults if d)]
            rest += getattr(node, "decorator_list", [])
            continue
        if kind in _WORTH_IT:
            done = runner.folded(node, scope)  # type: ignore[arg-type]
            if done is not None:
                yield done
                continue
        rest += children(node)[::-1]


def _function_scope(
    node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda, outer: Scope
) -> Scope:
    body = [] if isinstance(node, ast.Lambda) else node.body
    return Scope(bound=parameters(node) | bound_names(body), outer=outer)
