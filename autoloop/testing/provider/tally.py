"""What the provider counts: calls, tokens, and what its prompt cache holds."""

import hashlib
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeAlias

LEAST_CACHED = 1_024
"""Shorter beginnings are not cached, as with the real ones."""
_GRAIN = 128

Json: TypeAlias = "dict[str, object]"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tokens:
    """Tokens of calls, to be added and taken away."""

    calls: int = 0
    prompt: int = 0
    """All that was sent, whether cached or not."""
    cached: int = 0
    """Of the prompt: read from the cache."""
    written: int = 0
    """Of the prompt: written to the cache, where that has a price of its own."""
    output: int = 0
    """All that was written, thinking included."""
    thinking: int = 0

    def __add__(self, other: "Tokens") -> "Tokens":
        return Tokens(
            calls=self.calls + other.calls,
            prompt=self.prompt + other.prompt,
            cached=self.cached + other.cached,
            written=self.written + other.written,
            output=self.output + other.output,
            thinking=self.thinking + other.thinking,
        )

    def __sub__(self, other: "Tokens") -> "Tokens":
        return Tokens(
            calls=self.calls - other.calls,
            prompt=self.prompt - other.prompt,
            cached=self.cached - other.cached,
            written=self.written - other.written,
            output=self.output - other.output,
            thinking=self.thinking - other.thinking,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """The provider's own books."""

    requests: int = 0
    """Requests that arrived."""
    answered: Tokens = field(default_factory=Tokens)
    """Charged, and the answer with its usage was sent whole."""
    lost: Tokens = field(default_factory=Tokens)
    """Charged, and the answer never arrived whole."""
    told: Tokens = field(default_factory=Tokens)
    """Of the lost: what the beginning of the answer said."""
    unanswered: int = 0
    """Requests without a whole answer, charged or not: nobody at the other end can tell which."""
    faults: Mapping[str, int] = field(default_factory=dict)
    """How often each fault was played."""
    most_at_once: int = 0
    """The most requests that were worked on at the same time."""

    @property
    def charged(self) -> Tokens:
        """All that the account pays for."""
        return self.answered + self.lost


class Books:
    """A tally that goes on. Any thread may use it."""

    def __init__(self) -> None:
        self._tally = Tally()
        self._at_once = 0
        self._lock = threading.Lock()

    @property
    def tally(self) -> Tally:
        """The count so far."""
        with self._lock:
            return self._tally

    def restart(self) -> None:
        """Count from nothing; what is under way stays under way."""
        with self._lock:
            self._tally = Tally()

    def arrive(self) -> int:
        """A request came; its number, from 1."""
        with self._lock:
            self._at_once += 1
            old = self._tally
            self._tally = replace(
                old,
                requests=old.requests + 1,
                most_at_once=max(old.most_at_once, self._at_once),
            )
            return self._tally.requests

    def leave(self) -> None:
        """A request is done with."""
        with self._lock:
            self._at_once -= 1

    def play(self, fault: str) -> None:
        """A fault is played."""
        with self._lock:
            played = {**self._tally.faults, fault: self._tally.faults.get(fault, 0) + 1}
            self._tally = replace(self._tally, faults=played)

    def answer(self, tokens: Tokens) -> None:
        """A charged answer was sent whole."""
        with self._lock:
            self._tally = replace(self._tally, answered=self._tally.answered + tokens)

    def take_back(self, tokens: Tokens) -> None:
        """What was counted as answered did not arrive."""
        with self._lock:
            self._tally = replace(self._tally, answered=self._tally.answered - tokens)
        self.lose(tokens, told=Tokens())

    def lose(self, tokens: Tokens, *, told: Tokens) -> None:
        """No whole answer was sent; without calls in `tokens` nothing is charged for it."""
        with self._lock:
            old = self._tally
            self._tally = replace(
                old,
                lost=old.lost + tokens,
                told=old.told + told,
                unanswered=old.unanswered + 1,
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """A stretch of a prompt."""

    text: str
    marked: bool
    """Whether what ends here may be cached."""


class PromptCache:
    """Knows the beginnings of prompts that came before. Any thread may use it."""

    def __init__(self) -> None:
        self._seen: set[bytes] = set()
        self._lock = threading.Lock()

    def tokens(self, pieces: Sequence[Piece], *, prompt: int, explicit: bool) -> Tokens:
        """How much of a prompt of so many tokens is read and written; remembers it.

        `explicit`: as with Anthropic, which writes up to the last mark and counts that. What an
        earlier request wrote is read wherever it ends before a mark.
        """
        whole = sum(len(piece.text) for piece in pieces) or 1
        digest, length, known, read, marked = hashlib.sha256(), 0, 0, 0, 0
        with self._lock:
            for piece in pieces:
                digest.update(piece.text.encode(errors="replace"))
                length += len(piece.text)
                known = prompt * length // whole if digest.digest() in self._seen else known
                if piece.marked:
                    read, marked = known, prompt * length // whole
                    self._seen.add(digest.digest())
        read, marked = _cacheable(read), _cacheable(marked)
        if not explicit:
            return Tokens(prompt=prompt, cached=read // _GRAIN * _GRAIN)
        return Tokens(prompt=prompt, cached=read, written=marked - read)


def _cacheable(tokens: int) -> int:
    return tokens if tokens >= LEAST_CACHED else 0
