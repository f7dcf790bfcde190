"""A conversation on disk: what a model answered and what tools said, before anybody acts on it.

One line of JSON for each, in the order in which it happened. A conversation that was cut off by the
end of its process is taken up again from its record: what was paid is read, not asked again.
"""

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar, get_type_hints

from pydantic import BaseModel, ConfigDict, Field, JsonValue, TypeAdapter, ValidationError

from autoloop.errors import StorageError
from autoloop.meta.bench import BenchState
from autoloop.records import ChatReply, Message, Proposal, ReplyStop, Usage
from autoloop.records.secrets import Mask, environment_mask

MOST_BYTES = 64 * 2**20
"""Beyond this a conversation ends: its record must not fill a disk."""
_PLAIN = frozenset({"parts"})
"""Fields whose values are JSON by their nature."""

_Kind = TypeVar("_Kind")


class _Entry(BaseModel):
    model_config = ConfigDict(frozen=True)


class _Opening(_Entry):
    kind: Literal["opening"] = "opening"
    prompts: str
    messages: list[dict[str, JsonValue]]


class _Reply(_Entry):
    kind: Literal["reply"] = "reply"
    message: dict[str, JsonValue]
    stop_reason: ReplyStop
    model: str
    usage: Usage


class _Charged(_Entry):
    """A call that was not answered and cost something all the same."""

    kind: Literal["charged"] = "charged"
    usage: Usage


class _Answer(_Entry):
    kind: Literal["answer"] = "answer"
    text: str
    understood: bool
    draft: str | None
    """None: as it was."""
    spot_checks_left: int
    objections: int
    proposal: Proposal | None


_ENTRY: TypeAdapter[_Opening | _Reply | _Charged | _Answer] = TypeAdapter(
    Annotated[_Opening | _Reply | _Charged | _Answer, Field(discriminator="kind")]
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """How a conversation began."""

    messages: tuple[Message, ...]
    prompts: str
    """Version of the prompts it was made with."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolAnswer:
    """What a tool said, and how it left the bench."""

    text: str
    understood: bool
    state: BenchState


class TalkRecord:
    """The record of one conversation; first it gives what is there, then it takes what is new.

    Secrets of the environment are masked in it. One thread only.
    """

    def __init__(self, path: Path | None = None) -> None:
        """Without a path nothing is kept.

        Raises:
            StorageError: the disk refuses.
        """
        self._path = path
        self._mask: Mask = environment_mask()
        self._draft: str | None = None
        with _storing(path):
            self._lines = list(_read(path)) if path is not None else []
        self._at = 0
        self._size = 0

    @property
    def is_told(self) -> bool:
        """Whether all that is there was given out: what comes now is new."""
        return self._at == len(self._lines)

    @property
    def is_full(self) -> bool:
        """Whether no more is to be recorded."""
        return self._size >= MOST_BYTES

    def opening(self) -> Said | None:
        """How the conversation began, if it did."""
        found = self._next(_Opening)
        if found is None:
            return None
        messages = tuple(_load(Message, raw) for raw in found.messages)
        return Said(messages=messages, prompts=found.prompts)

    def charged(self) -> Usage:
        """What calls that failed before the model's next answer cost, as far as is recorded."""
        total = Usage()
        while self._at < len(self._lines):
            line = self._lines[self._at]
            if not isinstance(line.entry, _Charged):
                break
            self._at += 1
            self._size = line.end
            total += line.entry.usage
        return total

    def reply(self) -> ChatReply | None:
        """The model's next recorded answer."""
        found = self._next(_Reply)
        if found is None:
            return None
        message = _load(Message, found.message)
        return ChatReply(
            message=message, stop_reason=found.stop_reason, model=found.model, usage=found.usage
        )

    def answer(self) -> ToolAnswer | None:
        """The next recorded answer of a tool."""
        found = self._next(_Answer)
        if found is None:
            return None
        self._draft = found.draft if found.draft is not None else self._draft
        state = BenchState(
            draft=found.draft,
            spot_checks_left=found.spot_checks_left,
            objections=found.objections,
            proposal=found.proposal,
        )
        return ToolAnswer(text=found.text, understood=found.understood, state=state)

    def add_opening(self, said: Said) -> None:
        """Record how it begins."""
        messages = [_plain(message) for message in said.messages]
        self._add(_Opening(prompts=said.prompts, messages=messages))

    def add_reply(self, reply: ChatReply) -> None:
        """Record an answer of the model; on disk when this returns."""
        self._add(
            _Reply(
                message=_plain(reply.message),
                stop_reason=reply.stop_reason,
                model=reply.model,
                usage=reply.usage,
            )
        )

    def add_charged(self, usage: Usage) -> None:
        """Record what a failed call cost; on disk when this returns."""
        self._add(_Charged(usage=usage))

    def add_answer(self, answer: ToolAnswer) -> None:
        """Record an answer of a tool; on disk when this returns."""
        state = answer.state
        is_same = state.draft == self._draft
        self._draft = state.draft
        self._add(
            _Answer(
                text=answer.text,
                understood=answer.understood,
                draft=None if is_same else state.draft,
                spot_checks_left=state.spot_checks_left,
                objections=state.objections,
                proposal=state.proposal,
            )
        )

    def _next(self, kind: type[_Kind]) -> _Kind | None:
        """The next entry if it is of this kind; what is of another kind is no use, nor the rest."""
        if self._at == len(self._lines):
            return None
        line = self._lines[self._at]
        if not isinstance(line.entry, kind):
            self._lines = self._lines[: self._at]
            return None
        self._at += 1
        self._size = line.end
        return line.entry

    def _add(self, entry: _Entry) -> None:
        if self._path is None:
            return
        text = json.dumps(entry.model_dump(mode="json"), ensure_ascii=False)
        line = f"{self._mask.text(text)}\n".encode("utf-8", "replace")
        with _storing(self._path):
            self._path.parent.mkdir(parents=True, exist_ok=True)
            _append(self._path, line, at=self._size)
        self._size += len(line)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Line:
    entry: _Opening | _Reply | _Charged | _Answer
    end: int
    """Bytes up to and with this line."""


def _read(path: Path) -> Iterator[_Line]:
    """Whole lines that make sense; what follows the first other one is left out."""
    if not path.exists():
        return
    end = 0
    with path.open("rb") as file:
        for raw in file:
            end += len(raw)
            if not raw.endswith(b"\n"):
                return
            try:
                entry = _ENTRY.validate_json(raw)
            except ValidationError:
                return
            yield _Line(entry=entry, end=end)


def _append(path: Path, line: bytes, *, at: int) -> None:
    """Write a line behind the first `at` bytes, and see that the disk has it."""
    is_new = not path.exists()
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT, 0o600)
    try:
        # What a process that died left half written goes.
        os.ftruncate(descriptor, at)
        os.lseek(descriptor, at, os.SEEK_SET)
        with os.fdopen(os.dup(descriptor), "wb") as file:
            file.write(line)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    if is_new:
        _sync(path.parent)


def _sync(folder: Path) -> None:
    """Make the names of new files in a folder durable."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def _storing(path: Path | None) -> Iterator[None]:
    """Turn the disk's refusals into a sentence."""
    try:
        yield
    except OSError as error:
        raise StorageError(
            f"{str(path)!r} cannot be used ({error}): make room, or see to its permissions, then"
            " resume. Nothing that was recorded before is lost."
        ) from error


def _plain(message: Message) -> dict[str, JsonValue]:
    """A message as JSON."""
    plain: dict[str, JsonValue] = json.loads(json.dumps(asdict(message)))
    return plain


def _load(kind: type[_Kind], raw: Mapping[str, JsonValue]) -> _Kind:
    """A record from JSON, field by field; fields that it does not name have their defaults."""
    hints = get_type_hints(kind)
    names = [field.name for field in fields(kind) if field.name in raw]  # type: ignore[arg-type]
    values = {name: _value(hints[name], name, raw[name]) for name in names}
    return kind(**values)


def _value(hint: Any, name: str, raw: JsonValue) -> object:  # noqa: ANN401 - a type of any kind
    if name in _PLAIN and isinstance(raw, list):
        return tuple(raw)
    return TypeAdapter(hint).validate_python(raw)
