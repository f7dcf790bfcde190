"""What a run's folder keeps of a coding agent's work on a step."""

import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from pydantic import TypeAdapter

from autoloop.records import EnvCall, JsonObject, ModelCall, TraceEvent, Usage
from autoloop.records.secrets import Mask, environment_mask

SPENT = "spent.json"
OUTPUT = "output.txt"
PROGRAM_EVENTS = "program.jsonl"
EVENTS = "events.jsonl"
MOST_OUTPUT = 1_000_000
"""Bytes of what the program printed; its end is kept."""
TEXT_CHARS = 20_000
MOST_EVENTS_CHARS = 20_000_000
_USAGES = TypeAdapter(list[Usage])


class StepRecord:
    """The folder of one edit that is being made; an attempt that was cut off stays in it."""

    def __init__(self, folder: Path, *, mask: Mask | None = None) -> None:
        """`mask` hides what must not be written; by default the secrets of this environment."""
        self._folder = folder
        self._mask = mask or environment_mask()
        folder.mkdir(parents=True, exist_ok=True)
        self._earlier = self._read()
        self._last: Usage | None = None
        self._number = len(self._earlier) + 1

    @property
    def cut_off(self) -> int:
        """Attempts at this very edit that were cut off before."""
        return len(self._earlier)

    @property
    def paid(self) -> Usage:
        """What those were paid for."""
        return sum(self._earlier, start=Usage())

    def spend(self, usage: Usage) -> None:
        """Write down what this attempt has spent by now, before anything else happens."""
        if usage == self._last:
            return
        self._last = usage
        new = self._folder / f"{SPENT}.new"
        new.write_bytes(_USAGES.dump_json([*self._earlier, usage], indent=1))
        new.replace(self._folder / SPENT)

    def keep(self, printed: str, events: Sequence[TraceEvent]) -> None:
        """Write what the program printed, and what the host saw of it."""
        own, rest = _parted(self._mask.text(printed))
        self._write(OUTPUT, "\n".join(rest))
        self._write(PROGRAM_EVENTS, "\n".join(own))
        self._write(EVENTS, "\n".join(_bounded(map(self._line, events))))

    def _write(self, name: str, text: str) -> None:
        stem, _, ending = name.partition(".")
        path = self._folder / (name if self._number == 1 else f"{stem}-{self._number}.{ending}")
        path.write_text(text + "\n" if text else "", encoding="utf-8", errors="replace")

    def _line(self, event: TraceEvent) -> str:
        return self._mask.text(json.dumps(_facts(event), ensure_ascii=False))

    def _read(self) -> list[Usage]:
        path = self._folder / SPENT
        return _USAGES.validate_json(path.read_bytes()) if path.is_file() else []


def _parted(printed: str) -> tuple[list[str], list[str]]:
    """Lines that are JSON objects, as many programs print their events; and the others."""
    own: list[str] = []
    rest: list[str] = []
    for line in printed.splitlines():
        (own if _is_object(line) else rest).append(line)
    return own, rest


def _is_object(line: str) -> bool:
    if not line.startswith("{"):
        return False
    try:
        return isinstance(json.loads(line), dict)
    except (ValueError, RecursionError):
        return False


def _facts(event: TraceEvent) -> JsonObject:
    at = event.at.isoformat()
    if isinstance(event, ModelCall):
        return {"at": at, "seconds": round(event.seconds, 3), **_model_call(event)}
    if isinstance(event, EnvCall):
        result = event.result
        return {
            "at": at,
            "seconds": round(event.seconds, 3),
            "asked": _cut(event.argument),
            "refused": bool(result.exit_code),
            "answer": _cut(result.stdout + result.stderr),
        }
    return {"at": at, "note": _cut(event.text)}


def _model_call(call: ModelCall) -> JsonObject:
    last = call.request.messages[-1].content if call.request.messages else ""
    facts: JsonObject = {
        "messages": len(call.request.messages),
        "last_message": _cut(last),
        "refusal": call.refusal,
    }
    if call.reply is None:
        return facts
    usage, message = call.reply.usage, call.reply.message
    return {
        **facts,
        "reply": _cut(message.content),
        "tool_calls": [
            {"name": one.name, "arguments": _cut(one.arguments)} for one in message.tool_calls
        ],
        "prompt_tokens": usage.prompt_tokens,
        "completion_tokens": usage.completion_tokens,
        "cached_tokens": usage.cached_tokens,
        "cost_usd": usage.cost_usd,
    }


def _cut(text: str) -> str:
    if len(text) <= TEXT_CHARS:
        return text
    half = TEXT_CHARS // 2
    return f"{text[:half]}\n[... {len(text) - TEXT_CHARS} characters left out ...]\n{text[-half:]}"


def _bounded(lines: Iterable[str]) -> Iterator[str]:
    room = MOST_EVENTS_CHARS
    for line in lines:
        room -= len(line)
        if room < 0:
            yield json.dumps({"note": "The rest is left out: there is too much of it."})
            return
        yield line
