"""An agent.py as the checks look at it: its tree and what its constants come to."""

import ast
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import TypeVar, cast

from autoloop.errors import CandidateError
from autoloop.guards.flow import Flow
from autoloop.guards.folding import Folding, Scope, fold
from autoloop.guards.folding.names import dotted
from autoloop.guards.following import follow
from autoloop.guards.scripts import scripts
from autoloop.guards.spelling import Spelling
from autoloop.guards.syntax import nodes_of, parse
from autoloop.guards.texts import Text, texts
from autoloop.guards.trees import by_kind

_REMEMBERED = 4
"""Programs: those before and after an edit, and a few of the last ones."""

_Node = TypeVar("_Node", bound=ast.AST)


@dataclass(frozen=True, kw_only=True, eq=False)
class Program:
    """A source that parses; what is found out about it is found out once."""

    source: str
    tree: ast.Module
    notes: dict[object, object] = field(default_factory=dict)
    """What rules saw in it, by rule: most programs are looked at again and again."""

    @cached_property
    def nodes(self) -> tuple[ast.AST, ...]:
        """Every node of the tree."""
        return nodes_of(self.source)

    @cached_property
    def _kinds(self) -> Mapping[type, Sequence[ast.AST]]:
        return by_kind(self.nodes)

    def of(self, kind: type[_Node]) -> Sequence[_Node]:
        """The nodes of one kind, in the order of all."""
        return cast("Sequence[_Node]", self._kinds.get(kind, ()))

    @cached_property
    def places(self) -> Mapping[int, Scope]:
        """The scope of each node of a function, by the node's id."""
        return {id(node): scope for unit in self.flow.units for node, scope in unit.nodes}

    @cached_property
    def calls(self) -> tuple[ast.Call, ...]:
        """Every call."""
        return tuple(self.of(ast.Call))

    @cached_property
    def folding(self) -> Folding:
        """Its constant expressions."""
        return fold(self.tree, self.nodes)

    @cached_property
    def scripts(self) -> tuple[tuple[int, Folding], ...]:
        """Programs that are written in its literals, with the lines of those."""
        return scripts(self.nodes)

    @cached_property
    def texts(self) -> tuple[Text, ...]:
        """Everything in it that can spell out words."""
        worked_out = [(one.line, one.value) for one in self.folding.found]
        worked_out += [(line, one.value) for line, inner in self.scripts for one in inner.found]
        return texts(self.source, self.nodes, worked_out)

    @cached_property
    def spellings(self) -> frozenset[str]:
        """All different texts."""
        return frozenset(item.text for item in self.texts)

    @cached_property
    def spelling(self) -> Spelling:
        """The same, ready to be asked."""
        return Spelling(self.texts)

    @cached_property
    def flow(self) -> Flow:
        """Where the instruction goes."""
        return follow(self.tree, self.folding)

    def name_of(self, node: ast.expr) -> str:
        """Full name of an imported thing or a built-in; empty for anything else."""
        return dotted(node, self.folding.imports) or ""


@lru_cache(maxsize=_REMEMBERED)
def read(source: str) -> Program:
    """A source, parsed.

    Raises:
        CandidateError: it does not parse.
    """
    return Program(source=source, tree=parse(source))


def read_before(source: str) -> Program:
    """What an edit began with; a broken agent.py may be mended, then all of the new one is new."""
    try:
        return read(source)
    except CandidateError:
        return read("")


@lru_cache(maxsize=_REMEMBERED)
def fresh(old: Program, new: Program) -> Spelling:
    """Texts of a program that it did not have before."""
    return Spelling(item for item in new.texts if item.text not in old.spellings)
