"""Server-sent events, read as providers send them."""

from collections.abc import Iterable, Iterator

from pydantic_core import from_json

from autoloop.gateway.wire.reading import Json

DONE = b"[DONE]"


def read_events(pieces: Iterable[bytes]) -> Iterator[Json]:
    """The JSON objects of a stream, one for each event, up to the one that says it is done.

    Raises:
        ValueError: what an event brings is no JSON.
    """
    for data in _data(pieces):
        if data.startswith(DONE):
            return
        event = from_json(data)
        if isinstance(event, dict):
            yield event


def _data(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """What each event brings; one that the stream's end cuts off is none."""
    lines: list[bytes] = []
    for line in _lines(pieces):
        if line.startswith(b"data:"):
            lines.append(line[5:].removeprefix(b" "))
        elif not line and lines:
            yield b"\n".join(lines)
            lines.clear()


def _lines(pieces: Iterable[bytes]) -> Iterator[bytes]:
    rest = b""
    for piece in pieces:
        *whole, rest = (rest + piece).split(b"\n")
        for line in whole:
            yield line.removesuffix(b"\r")
