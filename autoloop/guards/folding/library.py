"""More of the standard library for constant folding: what texts are seldom, but may be, made of."""

import datetime as dt
import itertools
import math
import operator
import posixpath
import quopri
import re
import shlex
import string
import textwrap
import unicodedata
from collections.abc import Callable, Mapping
from fractions import Fraction

from autoloop.guards.folding.limits import Unknown, listed, sized
from autoloop.guards.folding.values import Made, Space

CONSTANTS: Mapping[str, object] = {
    "os.sep": "/",
    "os.curdir": ".",
    "os.pardir": "..",
    "os.extsep": ".",
    "os.path.sep": "/",
    "math.pi": math.pi,
    "math.e": math.e,
    **{
        f"string.{name}": getattr(string, name)
        for name in (
            "ascii_letters", "ascii_lowercase", "ascii_uppercase", "digits", "hexdigits",
            "octdigits", "printable", "punctuation", "whitespace",
        )
    },
}  # fmt: skip
"""Names of modules that are constants."""
_HARMLESS = re.compile(
    r"(?:\\?[^*+?{}()|\\]|\\[WwSsDd]|\[\^?[^\]]{1,40}\])\+?|[\w\s.,:;|/#@!~%&=<>-]+"
)
"""Patterns that cannot take long, whatever the text."""
_SMALL = 300


def _pattern(given: object) -> str:
    if isinstance(given, str) and _HARMLESS.fullmatch(given):
        return given
    raise Unknown


def _replaced(pattern: object, by: object, text: str) -> str:
    if not isinstance(by, str):
        raise Unknown
    sized((len(text) + 1) * max(1, len(by)))
    return re.sub(_pattern(pattern), by.replace("\\", "\\\\"), text)


def _joined_path(*parts: str) -> str:
    return posixpath.join(*parts)


def _small(number: int) -> int:
    if abs(number) > _SMALL:
        raise Unknown
    return number


def _repeated(item: object, times: int) -> Made:
    sized(times)
    return Made(items=[item] * times)


def _chained(*rows: object) -> Made:
    items = [item for row in rows for item in listed(row)]
    sized(len(items))
    return Made(items=items)


def _islice(rows: object, *bounds: int | None) -> Made:
    return Made(items=list(itertools.islice(listed(rows), *bounds)))


def _product(items: object) -> object:
    numbers = [item for item in listed(items) if isinstance(item, int | float)]
    return math.prod(numbers[:_SMALL])


def _space(**named: object) -> Space:
    return Space(values=named)


def _filled(text: str, width: int = 70) -> str:
    return textwrap.fill(text, max(1, width))


def _chained_text(one: object, other: object) -> object:
    for kind in (str, bytes, list, tuple, int, float):
        if isinstance(one, kind) and isinstance(other, kind):
            if isinstance(one, str | bytes | list | tuple):
                sized(len(one) + len(other))  # type: ignore[arg-type]
            return one + other  # type: ignore[operator]
    raise Unknown


def _times(one: object, other: object) -> object:
    if not isinstance(one, int | float) or not isinstance(other, int | float):
        raise Unknown
    return one * other


LIBRARY: Mapping[str, Callable[..., object]] = {
    "collections.ChainMap": lambda *rows: {k: v for row in rows[::-1] for k, v in row.items()},
    "collections.OrderedDict": lambda rows=(), **named: dict(rows, **named),
    "collections.Counter": lambda rows=(), **named: dict(rows, **named),
    "collections.deque": listed,
    "datetime.date": lambda *parts: dt.date(*parts).isoformat(),
    "datetime.date.fromordinal": lambda day: dt.date.fromordinal(day).isoformat(),
    "divmod": divmod,
    "fractions.Fraction": lambda *parts: float(Fraction(*parts)),
    "decimal.Decimal": lambda text: text if isinstance(text, str) and len(text) < _SMALL else 0,
    "itertools.chain": _chained,
    "itertools.chain.from_iterable": lambda rows: _chained(*listed(rows)),
    "itertools.islice": _islice,
    "itertools.repeat": _repeated,
    "itertools.zip_longest": lambda *rows, fillvalue=None: Made(
        items=list(itertools.zip_longest(*map(listed, rows), fillvalue=fillvalue))
    ),
    "math.comb": lambda n, k: math.comb(_small(n), _small(k)),
    "math.factorial": lambda n: math.factorial(_small(n)),
    "math.floor": math.floor,
    "math.ceil": math.ceil,
    "math.isqrt": math.isqrt,
    "math.prod": _product,
    "math.sqrt": math.sqrt,
    "operator.add": _chained_text,
    "operator.concat": _chained_text,
    "operator.mul": _times,
    "operator.sub": operator.sub,
    "operator.xor": operator.xor,
    "os.path.join": _joined_path,
    "posixpath.join": _joined_path,
    "pathlib.Path": _joined_path,
    "pathlib.PurePath": _joined_path,
    "pathlib.PurePosixPath": _joined_path,
    "quopri.decodestring": quopri.decodestring,
    "re.compile": lambda pattern, *_: _pattern(pattern),
    "re.escape": re.escape,
    "re.findall": lambda pattern, text, *_: re.findall(_pattern(pattern), text),
    "re.split": lambda pattern, text, *_: re.split(_pattern(pattern), text),
    "re.sub": lambda pattern, by, text, *_: _replaced(pattern, by, text),
    "shlex.join": lambda parts: shlex.join(listed(parts)),  # type: ignore[arg-type]
    "shlex.quote": shlex.quote,
    "shlex.split": shlex.split,
    "textwrap.dedent": textwrap.dedent,
    "textwrap.fill": _filled,
    "textwrap.indent": lambda text, prefix: textwrap.indent(text, prefix[:_SMALL]),
    "types.SimpleNamespace": _space,
    "unicodedata.lookup": unicodedata.lookup,
    "unicodedata.normalize": unicodedata.normalize,
    "uuid.UUID": lambda text="", **_: text,
}


LIBRARY_WAYS: Mapping[str, str] = {
    "operator.xor": "xor",
    "quopri.decodestring": "an encoding",
    "unicodedata.lookup": "names of characters",
}
"""What to call the ways in which they hide a text."""
