"""Functions of the standard library that constant folding may call, each within bounds."""

import ast
import base64
import binascii
import bz2
import codecs
import html
import json
import lzma
import struct
import zlib
from collections.abc import Callable, Mapping
from string import Template
from typing import cast
from urllib.parse import unquote

from autoloop.guards.folding.library import LIBRARY, LIBRARY_WAYS
from autoloop.guards.folding.limits import BITS, LONGEST, Unknown, listed, sized
from autoloop.guards.folding.values import Made

Function = Callable[..., object]


def _inflated(data: bytes, wbits: int = zlib.MAX_WBITS) -> bytes:
    stream = zlib.decompressobj(wbits)
    found = stream.decompress(data, LONGEST)
    if stream.unconsumed_tail:
        raise Unknown
    return found


def _gunzipped(data: bytes) -> bytes:
    return _inflated(data, zlib.MAX_WBITS | 16)


def _unbzipped(data: bytes) -> bytes:
    return bz2.BZ2Decompressor().decompress(data, LONGEST)


def _unxzipped(data: bytes) -> bytes:
    return lzma.LZMADecompressor(memlimit=2**24).decompress(data, LONGEST)


def _decoded(value: str | bytes, encoding: str = "utf-8", errors: str = "strict") -> object:
    name = encoding.lower().replace("-", "_").removesuffix("_codec")
    if name in {"zlib", "zip"} and isinstance(value, bytes):
        return _inflated(value)
    if name in {"bz2", "bzip2"} and isinstance(value, bytes):
        return _unbzipped(value)
    return codecs.decode(value, encoding, errors)  # type: ignore[arg-type]


def _range(*bounds: int) -> object:
    found = range(*bounds)
    sized(len(found))
    return found


def _bytes(value: object = b"", encoding: str = "utf-8") -> bytes:
    if isinstance(value, str):
        return value.encode(encoding)
    if isinstance(value, int):
        sized(value)
        return bytes(value)
    return bytes(value) if isinstance(value, bytes) else bytes(listed(value))  # type: ignore[arg-type]


def _text(value: object = "", encoding: str = "", errors: str = "strict") -> str:
    if isinstance(value, bytes) and encoding:
        return value.decode(encoding, errors)
    if isinstance(value, str | bytes | int | float | bool) or value is None:
        return str(value)
    raise Unknown


def _int(value: object = 0, base: int = 10) -> int:
    if isinstance(value, str | bytes):
        sized(len(value) * 64)
        return int(value, base)
    if isinstance(value, int | float):
        return int(value)
    raise Unknown


def _zip(*rows: object, strict: bool = False) -> Made:
    return Made(items=list(zip(*map(listed, rows), strict=strict)))


def _enumerate(items: object, start: int = 0) -> Made:
    return Made(items=list(enumerate(listed(items), start)))


def _reversed(items: object) -> Made:
    return Made(items=listed(items)[::-1])


def _sorted(items: object, *, reverse: bool = False) -> list[object]:
    # A key of its own is no argument here: such a call is no constant.
    return sorted(listed(items), reverse=reverse)  # type: ignore[type-var]


def _sum(items: object, start: object = 0) -> object:
    # Of numbers only: adding up lists is quadratic.
    numbers = [item for item in [start, *listed(items)] if isinstance(item, int | float)]
    return sum(numbers) if len(numbers) == len(listed(items)) + 1 else _refused()


def _pow(base: int, exponent: int, modulus: int | None = None) -> int:
    if modulus is None:
        sized(base.bit_length() * abs(exponent) * (LONGEST // BITS))
    return pow(base, exponent, modulus)


def _to_bytes(value: int, length: int = 1, byteorder: str = "big") -> bytes:
    sized(length)
    return value.to_bytes(length, "little" if byteorder == "little" else "big")


def _refused() -> object:
    raise Unknown


FUNCTIONS: Mapping[str, Function] = {
    **LIBRARY,
    "abs": abs,
    "ascii": ascii,
    "bin": bin,
    "bytes": _bytes,
    "bytearray": _bytes,
    "memoryview": _bytes,
    "chr": chr,
    "dict": lambda rows=(), **named: dict(cast("list[tuple[str, object]]", listed(rows)), **named),
    "enumerate": _enumerate,
    "float": float,
    "hex": hex,
    "int": _int,
    "iter": lambda rows: Made(items=listed(rows)),
    "len": lambda rows: len(listed(rows)),
    "list": lambda rows=(): listed(rows),
    "max": lambda *rows: max(rows if len(rows) > 1 else listed(rows[0])),
    "min": lambda *rows: min(rows if len(rows) > 1 else listed(rows[0])),
    "oct": oct,
    "ord": ord,
    "pow": _pow,
    "range": _range,
    "repr": _text,
    "reversed": _reversed,
    "round": round,
    "set": lambda rows=(): set(listed(rows)),
    "frozenset": lambda rows=(): set(listed(rows)),
    "sorted": _sorted,
    "str": _text,
    "sum": _sum,
    "tuple": lambda rows=(): tuple(listed(rows)),
    "zip": _zip,
    "ast.literal_eval": lambda text: ast.literal_eval(text) if len(text) < LONGEST else _refused(),
    "base64.a85decode": base64.a85decode,
    "base64.b16decode": base64.b16decode,
    "base64.b32decode": base64.b32decode,
    "base64.b64decode": base64.b64decode,
    "base64.b64encode": base64.b64encode,
    "base64.b85decode": base64.b85decode,
    "base64.decodebytes": base64.decodebytes,
    "base64.standard_b64decode": base64.standard_b64decode,
    "base64.urlsafe_b64decode": base64.urlsafe_b64decode,
    "binascii.a2b_base64": binascii.a2b_base64,
    "binascii.a2b_hex": binascii.a2b_hex,
    "binascii.unhexlify": binascii.unhexlify,
    "binascii.hexlify": binascii.hexlify,
    "bytearray.fromhex": bytes.fromhex,
    "bytes.fromhex": bytes.fromhex,
    "bz2.decompress": _unbzipped,
    "codecs.decode": _decoded,
    "codecs.encode": _decoded,
    "gzip.decompress": _gunzipped,
    "html.unescape": html.unescape,
    "int.from_bytes": int.from_bytes,
    "int.to_bytes": _to_bytes,
    "json.loads": json.loads,
    "lzma.decompress": _unxzipped,
    "str.maketrans": str.maketrans,
    "bytes.maketrans": bytes.maketrans,
    "string.Template": Template,
    "struct.unpack": struct.unpack,
    "urllib.parse.unquote": unquote,
    "zlib.decompress": _inflated,
}
WAYS: Mapping[str, str] = {
    **LIBRARY_WAYS,
    **dict.fromkeys(("chr", "bytes", "bytearray", "memoryview"), "character codes"),
    **{name: "base64" for name in FUNCTIONS if name.startswith("base64.") and "decode" in name},
    "binascii.a2b_base64": "base64",
    "binascii.a2b_hex": "hex",
    "binascii.unhexlify": "hex",
    "bytes.fromhex": "hex",
    "bytearray.fromhex": "hex",
    "bz2.decompress": "compression",
    "gzip.decompress": "compression",
    "lzma.decompress": "compression",
    "zlib.decompress": "compression",
    "codecs.decode": "an encoding",
    "codecs.encode": "an encoding",
    "html.unescape": "HTML entities",
    "int.to_bytes": "character codes",
    "reversed": "reversal",
    "struct.unpack": "packing",
    "urllib.parse.unquote": "percent signs",
}
"""What to call the ways in which a function hides a text."""
