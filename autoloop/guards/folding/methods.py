"""Methods of constants that constant folding may call, each within bounds."""

import re
from collections.abc import Callable, Mapping, Sequence
from string import Template

from autoloop.guards.folding.functions import FUNCTIONS
from autoloop.guards.folding.limits import LONGEST, Unknown, listed, sized

_TEXT = frozenset(
    {"maketrans", "capitalize",
     "casefold", "center", "count", "decode", "encode", "endswith", "expandtabs",
     "find", "format", "format_map", "index", "isalnum", "isalpha", "isdigit", "islower",
     "isspace", "isupper", "join", "ljust", "lower", "lstrip", "partition", "removeprefix",
     "removesuffix", "replace", "rfind", "rjust", "rpartition", "rsplit", "rstrip", "split",
     "splitlines", "startswith", "strip", "swapcase", "title", "translate", "upper", "zfill", "hex"}
)  # fmt: skip
_OTHER: Mapping[type, frozenset[str]] = {
    dict: frozenset({"get", "keys", "values", "items", "copy"}),
    list: frozenset({"copy", "index", "count"}),
    tuple: frozenset({"index", "count"}),
    set: frozenset({"copy", "union"}),
    int: frozenset({"bit_length", "to_bytes"}),
}
_PLAIN_FIELD = re.compile(r"\{[\w]*(?:![rsa])?(?::[^{}]{0,12})?\}")
_WIDE = re.compile(r"\d{4,}")
_SECRETIVE = {"rot13", "rot_13", "hex", "base64", "zlib", "bz2", "hex_codec", "base64_codec"}


def way_of(name: str, args: Sequence[object]) -> str:
    """What to call the way in which a method hides a text; empty for an innocent one."""
    if name == "translate":
        return "translation"
    if name == "join" and args:
        return _way_of_joining(args[0])
    is_coding = name in {"encode", "decode"} and bool(args)
    return "an encoding" if is_coding and str(args[0]).lower() in _SECRETIVE else ""


def _way_of_joining(parts: object) -> str:
    try:
        items = [part for part in listed(parts) if isinstance(part, str)]
    except Unknown:
        return ""
    letters = sum(len(part) == 1 and part.isalnum() for part in items)
    return "single letters" if letters > len(items) * 0.7 and letters >= len("orders") else ""


def call_method(
    owner: object, name: str, args: Sequence[object], named: Mapping[str, object]
) -> object:
    """What `owner.name(*args, **named)` gives.

    Raises:
        Unknown: not a method that is known to be harmless, or its result would be too large.
    """
    if isinstance(owner, str | bytes):
        return _of_text(owner, name, args, named)
    if isinstance(owner, Template) and name in {"substitute", "safe_substitute"}:
        return _substituted(owner, args, named)
    return _of_other(owner, name, args, named)


def _of_other(
    owner: object, name: str, args: Sequence[object], named: Mapping[str, object]
) -> object:
    if isinstance(owner, int) and name == "to_bytes":
        return FUNCTIONS["int.to_bytes"](owner, *args, **named)
    known = next((names for kind, names in _OTHER.items() if type(owner) is kind), frozenset())
    if name not in known:
        raise Unknown
    found = getattr(owner, name)(*args, **named)
    return list(found) if name in {"keys", "values", "items"} else found


def _of_text(
    owner: str | bytes, name: str, args: Sequence[object], named: Mapping[str, object]
) -> object:
    if name not in _TEXT or not hasattr(owner, name):
        raise Unknown
    special = _SPECIAL.get(name)
    if special is not None:
        return special(owner, *args, **named)
    _check_growth(owner, name, args)
    return getattr(owner, name)(*args, **named)


def _formatted(template: str, *args: object, **named: object) -> str:
    check_template(template)
    return template.format(*args, **named)


def _mapped(template: str, values: Mapping[str, object]) -> str:
    check_template(template)
    return template.format_map(values)


def _decoded(owner: bytes, encoding: str = "utf-8", errors: str = "strict") -> object:
    if encoding.lower() in _SECRETIVE:
        return FUNCTIONS["codecs.decode"](owner, encoding)
    return owner.decode(encoding, errors)


def _substituted(template: Template, args: Sequence[object], named: Mapping[str, object]) -> object:
    values = [
        *named.values(),
        *(v for arg in args for v in (arg.values() if isinstance(arg, dict) else ())),
    ]
    longest = max((len(str(value)) for value in values), default=0)
    sized(len(template.template) * max(1, longest))
    return template.safe_substitute(*args, **named)  # type: ignore[arg-type]


def _joined(owner: str | bytes, rows: object) -> object:
    parts = listed(rows)
    sized(sum(len(part) for part in parts if isinstance(part, str | bytes)))
    sized(len(owner) * len(parts))
    return owner.join(parts)  # type: ignore[arg-type]


def _check_growth(owner: str | bytes, name: str, args: Sequence[object]) -> None:
    widths = [arg for arg in args if isinstance(arg, int)]
    if name in {"center", "ljust", "rjust", "zfill", "expandtabs"}:
        sized(max(widths, default=0) * (len(owner) if name == "expandtabs" else 1))
    if name == "replace":
        grows = max((len(arg) for arg in args[1:2] if isinstance(arg, str | bytes)), default=0)
        sized((len(owner) + 1) * max(1, grows))
    if name == "translate" and args and isinstance(args[0], dict):
        longest = max((len(v) for v in args[0].values() if isinstance(v, str)), default=1)
        sized(len(owner) * longest)


def check_template(template: str, *, sign: str = "{") -> None:
    """Raise Unknown unless a template of `format` or `%` is plain and makes nothing long."""
    if _WIDE.search(template) or len(template) > LONGEST:
        raise Unknown
    if sign == "{":
        rest = _PLAIN_FIELD.sub("", template.replace("{{", "").replace("}}", ""))
        if "{" in rest:
            raise Unknown
    elif "*" in template:
        raise Unknown


_SPECIAL: Mapping[str, Callable[..., object]] = {
    "decode": _decoded,
    "format": _formatted,
    "format_map": _mapped,
    "join": _joined,
    "maketrans": lambda _, *tables: str.maketrans(*tables),
}
