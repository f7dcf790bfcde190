"""Values of constant folding that are no plain data."""

import ast
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """What `map`, `zip`, `reversed` and the like give: items, already worked out."""

    items: list[object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """A function of the standard library, by its dotted name."""

    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Method:
    """A method of a constant: `", ".join`."""

    owner: object
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """A function or lambda of the program, with the names around it."""

    node: ast.FunctionDef | ast.Lambda
    names: Mapping[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Space:
    """A class of the program or an instance of one: names with their values."""

    values: Mapping[str, object]
    fields: tuple[str, ...] = ()
    """What instances are made with, in order."""
