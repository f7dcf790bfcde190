"""Output of any size in bounded memory: the engine's frames, and head and tail of a stream."""

from collections.abc import Iterator

HEADER_BYTES = 8
STDOUT, STDERR = 1, 2


class Frames:
    """Takes apart the engine's stream of stdout and stderr: 8 bytes of header, then a payload."""

    def __init__(self) -> None:
        self._header = bytearray()
        self._stream = STDOUT
        self._left = 0

    def feed(self, received: bytes) -> Iterator[tuple[int, memoryview]]:
        """Pieces of payload with the number of their stream, in order."""
        rest = memoryview(received)
        while rest:
            if self._left:
                piece, rest = rest[: self._left], rest[self._left :]
                self._left -= len(piece)
                yield self._stream, piece
            else:
                rest = self._read_header(rest)

    def _read_header(self, rest: memoryview) -> memoryview:
        missing = HEADER_BYTES - len(self._header)
        self._header += rest[:missing]
        if len(self._header) == HEADER_BYTES:
            self._stream = self._header[0]
            self._left = int.from_bytes(self._header[4:], "big")
            self._header.clear()
        return rest[missing:]


class Excerpt:
    """Keeps the first and the last bytes of a stream, at most `limit` together."""

    def __init__(self, limit: int, *, head_share: float = 0.5) -> None:
        self._head_limit = int(limit * head_share)
        self._tail_limit = limit - self._head_limit
        self._head = bytearray()
        self._tail = bytearray()
        self._total = 0

    def add(self, piece: bytes | memoryview) -> None:
        """Take the next bytes."""
        self._total += len(piece)
        room = self._head_limit - len(self._head)
        if room > 0:
            self._head += piece[:room]
            piece = piece[room:]
        self._tail += piece[-self._tail_limit :] if self._tail_limit else b""
        # Trimming only at twice the size keeps the cost per byte constant.
        if len(self._tail) > 2 * self._tail_limit:
            self._trim()

    def _trim(self) -> None:
        del self._tail[: max(0, len(self._tail) - self._tail_limit)]

    @property
    def cut_bytes(self) -> int:
        """How many bytes were left out."""
        self._trim()
        return self._total - len(self._head) - len(self._tail)

    def text(self) -> str:
        """What was kept, with a note where something is missing."""
        cut = self.cut_bytes
        if not cut:
            return (self._head + self._tail).decode(errors="replace")
        head, tail = self._head.decode(errors="replace"), self._tail.decode(errors="replace")
        return f"{head}\n[... {cut:,} bytes cut ...]\n{tail}"
