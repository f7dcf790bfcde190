"""Asks texts whether they spell a word or a sentence, also in disguise."""

import ast
import base64
import binascii
import codecs
import re
import unicodedata
import zlib
from collections.abc import Iterable, Iterator
from functools import cached_property

from autoloop.guards.folding import Budget, Evaluator, Scope
from autoloop.guards.folding.evaluate import REFUSALS
from autoloop.guards.instructions import plain
from autoloop.guards.texts import Text

_CODED = re.compile(r"[A-Za-z0-9+/_-]{16,}={0,2}")
_HEX = re.compile(r"(?:[0-9a-fA-F]{2}){8,}|(?:\\x[0-9a-fA-F]{2}){6,}")
_OCTAL = re.compile(r"(?:\\[0-7]{3}){5,}")
_BASE32 = re.compile(r"\b[A-Z2-7]{16,}={0,6}")
_SPACED = re.compile(r"(?<!\S)(?:\S ){5,}\S(?!\S)|(?<!\w)(?:\w[.\-_|/*]){5,}\w(?!\w)")
_SHELL_SUM = re.compile(r"\$\(\(([\d\s+*()/-]{3,80})\)\)")
_LOOKALIKES = str.maketrans("аеорсухіѕԁһјɡοαρεικν", "aeopcyxisdhjgoapeikv")
"""Cyrillic and Greek letters that look like Latin ones."""
_READABLE = 0.9
_LARGEST = 16 * 1024
_TURNED = 8
"""Characters that a text has at least before it is read backwards or turned by 13."""


class Spelling:
    """A program's texts, to be asked whether a word or a sentence occurs in them.

    They are made ready by the first question: what an edit began with is seldom asked.
    """

    def __init__(self, items: Iterable[Text]) -> None:
        self._shown = tuple(dict.fromkeys(items))

    @cached_property
    def _items(self) -> tuple[tuple[Text, str, str], ...]:
        """Each text as it is, in small letters and as plain words, disguised ones decoded."""
        hidden = [found for item in self._shown for found in _disguised(item)]
        return tuple(
            (item, item.text.lower(), plain(item.text)) for item in (*self._shown, *hidden)
        )

    # One look at everything spares thousands of patterns that match nowhere.
    @cached_property
    def _all(self) -> str:
        return "\n".join(text for _, text, _ in self._items)

    @cached_property
    def _all_plain(self) -> str:
        return "\n".join(f" {text} " for _, _, text in self._items)

    def line_of(self, word: str) -> int | None:
        """Where a word stands by itself."""
        if word not in self._all:
            return None
        pattern = re.compile(rf"(?<![\w.-]){re.escape(word)}(?![\w-])")
        return next((item.line for item, text, _ in self._items if pattern.search(text)), None)

    def line_of_sentence(self, sentence: str) -> int | None:
        """Where words follow each other, whatever is between them."""
        wanted = f" {sentence} "
        if wanted not in self._all_plain:
            return None
        return next((item.line for item, _, text in self._items if wanted in f" {text} "), None)

    def lines(self) -> Iterator[tuple[int, str]]:
        """Line and text of each, in small letters, disguised ones decoded."""
        return ((item.line, text) for item, text, _ in self._items)

    def raw(self) -> Iterator[str]:
        """Each text in small letters, disguised ones decoded."""
        return (text for _, text, _ in self._items)

    def plain_texts(self) -> Iterator[tuple[int, str]]:
        """Line and plain words of each text."""
        return ((item.line, text) for item, _, text in self._items)


def _disguised(item: Text) -> Iterator[Text]:
    """What a text says when it is decoded, turned by 13 or read backwards."""
    text = item.text[:_LARGEST]
    if not text.isascii():
        yield Text(text=_without_marks(text), line=item.line)
    for spaced in _SPACED.findall(text):
        yield Text(text=spaced[::2], line=item.line)
    for sum_ in _SHELL_SUM.findall(text):
        yield from _summed(item.line, sum_)
    yield from (Text(text=found, line=item.line) for found in readings(text))
    if len(text) >= _TURNED and not text.isidentifier():
        yield Text(text=codecs.encode(text, "rot13"), line=item.line)
        yield Text(text=text[::-1], line=item.line)


def readings(text: str) -> Iterator[str]:
    """What the coded pieces of a text say: base64, base32 and hex, also when compressed."""
    for pattern, decode in (
        (_BASE32, _from_base32),
        (_CODED, _from_base64),
        (_HEX, _from_hex),
        (_OCTAL, _from_octal),
    ):
        for coded in pattern.findall(text[:_LARGEST]):
            yield from _as_text(decode(coded))


def _without_marks(text: str) -> str:
    """Letters of other scripts and styles as the plain ones that they look like."""
    spread = unicodedata.normalize("NFKD", text).translate(_LOOKALIKES)
    return "".join(letter for letter in spread if unicodedata.category(letter) not in {"Mn", "Cf"})


def _summed(line: int, text: str) -> Iterator[Text]:
    """`$((127*79))`."""
    try:
        found = Evaluator({}, Budget()).value(ast.parse(text.strip(), mode="eval").body, Scope())
    except REFUSALS:
        return
    yield Text(text=str(found), line=line)


def _from_base32(coded: str) -> bytes:
    try:
        return base64.b32decode(coded.rstrip("=") + "=" * (-len(coded.rstrip("=")) % 8))
    except (ValueError, binascii.Error):
        return b""


def _from_base64(coded: str) -> bytes:
    try:
        plain_form = coded.rstrip("=").translate(str.maketrans("-_", "+/"))
        data = base64.b64decode(plain_form + "=" * (-len(plain_form) % 4))
    except (ValueError, binascii.Error):
        return b""
    return _inflated(data)


def _from_hex(coded: str) -> bytes:
    return _inflated(bytes.fromhex(coded.replace("\\x", "")))


def _from_octal(coded: str) -> bytes:
    return bytes(int(one, 8) & 0xFF for one in coded.split("\\") if one)


def _inflated(data: bytes) -> bytes:
    for wbits in (zlib.MAX_WBITS, zlib.MAX_WBITS | 16):
        try:
            return zlib.decompressobj(wbits).decompress(data, _LARGEST)
        except zlib.error:
            continue
    return data


def _as_text(data: bytes) -> Iterator[str]:
    text = data.decode("utf-8", "replace")
    readable = sum(letter.isprintable() or letter in "\n\t" for letter in text)
    if text and readable >= _READABLE * len(text) and "\ufffd" not in text:
        yield text
