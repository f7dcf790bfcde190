"""What a person may hold on to: the names of `autoloop` and `autoloop.results`."""

import dataclasses
import inspect
from collections.abc import Iterator, Mapping, Sequence
from typing import get_args, get_type_hints

import autoloop
from autoloop import ClimbRun, Optimizer, results
from autoloop.records import Event

JSON = {"Sequence": Sequence, "Mapping": Mapping, "JsonValue": str}
"""What an alias that names itself has to be told."""


def own_types(hint: object) -> Iterator[type]:
    """Classes of ours in an annotation; what a function takes is a list in it."""
    for inner in hint if isinstance(hint, list) else get_args(hint):
        yield from own_types(inner)
    if isinstance(hint, type) and hint.__module__.startswith("autoloop."):
        yield hint


def hints(owner: type) -> Iterator[object]:
    """Annotations of the public methods, properties and fields of a class."""
    for name, member in inspect.getmembers(owner):
        function = member.fget if isinstance(member, property) else member
        is_public = not name.startswith("_") or member is Optimizer.__init__
        if inspect.isfunction(function) and is_public:
            yield from get_type_hints(function, None, JSON).values()
    if dataclasses.is_dataclass(owner):
        yield from get_type_hints(owner, None, JSON).values()


def reached() -> set[type]:
    """Every class of ours that the methods of the two public ones lead to, and these."""
    found: set[type] = set()
    waiting: list[type] = [Optimizer, ClimbRun]
    while waiting:
        owner = waiting.pop()
        if owner not in found:
            found.add(owner)
            waiting += [own for hint in hints(owner) for own in own_types(hint)]
    return found


def public() -> set[object]:
    return {
        *(getattr(autoloop, name) for name in autoloop.__all__),
        *(getattr(results, name) for name in results.__all__),
    }


def test_every_type_that_a_public_call_leads_to_has_a_public_name() -> None:
    assert not reached() - public()


def test_a_result_that_no_call_gives_has_no_public_name() -> None:
    named = {getattr(results, name) for name in results.__all__}

    assert named - reached() == {Event}


def test_a_public_name_has_one_home() -> None:
    assert not {*autoloop.__all__} & {*results.__all__}


def test_public_calls_have_no_catch_all() -> None:
    kinds = {
        parameter.kind
        for owner in (Optimizer, ClimbRun)
        for name, call in inspect.getmembers(owner, inspect.isfunction)
        if not name.startswith("_")
        for parameter in inspect.signature(call).parameters.values()
    }

    assert not kinds & {inspect.Parameter.VAR_KEYWORD, inspect.Parameter.VAR_POSITIONAL}
