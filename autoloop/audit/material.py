"""What the rules of an audit are shown: a candidate, its tasks, and its trials one by one."""

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from autoloop.records import Finding, Step, Track, TrialResult
from autoloop.records.python_source import syntax_tree


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskFacts:
    """What is known of a task, hidden files included; none of these may be shown to anybody."""

    instruction: str = ""
    canaries: frozenset[str] = frozenset()
    """Tokens in its tests or solution that no agent is shown."""
    hidden: str = ""
    """Lines of its tests and solution that stand in no file that agents are given."""
    test_code: str = ""
    """Those of them that are code of its tests."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """An agent.py, and what it grew from."""

    step: int
    """0 is the agent that the run began with."""
    commit: str
    source: str
    baseline: str = ""
    """The agent.py that the run began with; empty for that one itself."""
    gate: tuple[Finding, ...] = ()
    """What the static checks say of all that was added since then."""
    made_by: Step | None = None
    """The step that proposed it."""
    tasks: Mapping[str, TaskFacts] = field(default_factory=dict)
    """Tasks that are gone are not in it."""

    def facts(self, trial: TrialResult) -> TaskFacts:
        """What is known of the task of a trial."""
        return self.tasks.get(trial.key.task, UNKNOWN)


UNKNOWN = TaskFacts()


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenTrial:
    """A trial with its trace."""

    result: TrialResult
    track: Track
    alone: bool = True
    """False: other edits were on as well, so that nobody knows whose doing it was."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Literal:
    """A text that stands in a program."""

    text: str
    line: int


def literals(source: str) -> tuple[Literal, ...]:
    """All texts of a program but docstrings; none of one that does not parse."""
    try:
        tree = syntax_tree(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return ()
    told = {id(node) for node in _docstrings(tree)}
    return tuple(
        Literal(text=node.value, line=node.lineno)
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in told
    )


def new_literals(candidate: Candidate) -> tuple[Literal, ...]:
    """Texts of a candidate that the first agent did not have."""
    old = {literal.text for literal in literals(candidate.baseline)}
    return tuple(own for own in literals(candidate.source) if own.text not in old)


def size(source: str) -> int:
    """Syntax-tree nodes; 0 when it does not parse."""
    try:
        return sum(1 for _ in ast.walk(syntax_tree(source)))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return 0


def _docstrings(tree: ast.Module) -> Iterator[ast.AST]:
    kinds = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    for node in ast.walk(tree):
        if isinstance(node, kinds) and ast.get_docstring(node, clean=False) is not None:
            first = node.body[0]
            if isinstance(first, ast.Expr):
                yield first.value
