"""Where the steps of an ATIF document stand in its file, without parsing it."""

import re
from array import array
from collections.abc import Iterator, Sequence
from mmap import mmap

Buffer = bytes | mmap

# As autoloop writes it: steps are the only objects in a list of the document itself, and a line
# break cannot stand inside a string.
_OWN_START = re.compile(rb'\n "steps": \[(?=\n)')
_OWN_END = b"\n ]"
_FIRST, _LAST = b"\n  {\n", b"\n  }"
# Anything up to the next bracket; strings are passed over whole, with the brackets in them.
_BRACKET = re.compile(rb'(?:[^"\[\]{}]++|"(?:[^"\\]++|\\.)*+")*+[\[\]{}]', re.DOTALL)
_KEY = re.compile(rb'"steps"\s*:\s*\[\Z')
_KEY_BYTES = 64
_IN_DOCUMENT, _IN_STEPS = 1, 2


def step_spans(document: Buffer) -> Sequence[int]:
    """Start and end of each step, one after the other; the document is not held in memory.

    Raises:
        ValueError: it does not end as JSON does.
    """
    own = _OWN_START.search(document)
    spans = array("Q", _own_layout(document, own.end())) if own else array("Q")
    return spans or array("Q", _any_layout(document))


def _own_layout(document: Buffer, at: int) -> Iterator[int]:
    """Steps by their indentation; none where the document is laid out in another way."""
    end = document.find(_OWN_END, at)
    if end < 0:
        return
    while (start := document.find(_FIRST, at, end)) >= 0:
        at = document.find(_LAST, start)
        if at < 0:
            raise ValueError("a step has no end")
        at += len(_LAST)
        yield from (start + len(_FIRST) - 2, at)


def _any_layout(document: Buffer) -> Iterator[int]:
    """Steps by counting brackets."""
    depth, within, start = 0, False, 0
    for found in _BRACKET.finditer(document):
        place = found.end() - 1
        if document[place] in b"[{":
            if depth == _IN_DOCUMENT:
                within = _KEY.search(document[max(0, place - _KEY_BYTES) : place + 1]) is not None
            elif depth == _IN_STEPS:
                start = place
            depth += 1
        else:
            depth -= 1
            if within and depth == _IN_STEPS:
                yield from (start, place + 1)
    if depth:
        raise ValueError("brackets are left open")
