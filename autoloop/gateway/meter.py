"""Quotas: reserved before a model call, settled after it."""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace

from pydantic_core import from_json, to_json

from autoloop.errors import ModelError, QuotaError
from autoloop.gateway.wire.reading import data_url_parts
from autoloop.ports import USUAL_REPLY_TOKENS, Rates
from autoloop.records import ChatRequest, JsonObject, Message, Native, Quota, Usage

_BYTES_PER_TOKEN = 4
_TOKENS_PER_MESSAGE = 4
_TOKENS_PER_PART = 1_000
"""Of a picture; the least of a file or a recording."""
_CHARS_PER_TOKEN: Mapping[str, int] = {"audio": 100, "video": 100}
"""Of base64: speech in the thriftiest code."""
_FILE_CHARS_PER_TOKEN = 4
"""Of base64: a file of dense text."""
_URLS: Mapping[str, str] = {"image_url": "url", "file": "file_data"}
"""By the type of a part, where its data URL is."""
_MOST_PDF_TOKENS = 300_000
"""A hundred pages of text and picture, which providers take at most."""


@dataclass(frozen=True, slots=True, eq=False)
class Admission:
    """A call that may be made, and what is held back for it."""

    request: ChatRequest
    prompt: int
    """Tokens that the request is thought to have."""
    tokens: int
    """Those, and as many as the answer may have."""
    usd: float = 0.0


class QuotaMeter:
    """Counts what a trial consumes and admits no call that could go over its quota.

    Everything but `usage` is for the gateway's event loop alone.
    """

    def __init__(self, quota: Quota, *, rates: Rates | None = None) -> None:
        """`rates`: what tokens may cost, where that is known before a call."""
        self._quota = quota
        self._rates = rates
        self._usage = Usage()
        self._known = Usage()
        """What calls consumed that ended."""
        self._abandoned: dict[Admission, Usage] = {}
        self._open: set[Admission] = set()
        self._failed: dict[Admission, Usage] = {}
        """What failed attempts at open calls consumed."""
        self._dearest_usd = 0.0
        self._settled = asyncio.Condition()

    @property
    def usage(self) -> Usage:
        """What calls consumed that ended, and what those may that the trial did not wait for.

        May be read from any thread.
        """
        return self._usage

    async def admit(self, request: ChatRequest) -> Admission:
        """Wait until the call fits beside those in flight; its max_tokens is bounded by the rest.

        Raises:
            QuotaError: it would not fit even if it were alone.
            ModelError: the quota is in money and the model's price is not known.
        """
        async with self._settled:
            prompt = estimate_tokens(request)
            while (admission := self._try(request, prompt)) is None:
                await self._settled.wait()
            self._open.add(admission)
            return admission

    async def goes_on(self, admission: Admission, spent: Usage) -> bool:
        """Whether another attempt at a call fits beside what its failed ones consumed."""
        if admission not in self._open:
            return False  # Its trial ended.
        self._failed[admission] = spent
        limit, usd = self._quota.tokens, self._quota.usd
        if limit is not None and self._usage.tokens + self._held_tokens() > limit:
            return False
        cost = self._usage.cost_usd
        return usd is None or (cost is not None and cost + self._held_usd() <= usd)

    async def settle(self, admission: Admission, usage: Usage) -> None:
        """A call ended: what it consumed takes the place of what was held back."""
        self._close(admission)
        self._add(usage)
        async with self._settled:
            self._settled.notify_all()

    def abandon(self, admission: Admission) -> None:
        """The trial ended before the answer: what was held back counts, until `correct`."""
        if admission in self._open:  # Else its answer came in the same moment.
            self._abandoned[admission] = self._most(admission) + self._close(admission)
            self._add(Usage())

    def correct(self, admission: Admission, usage: Usage) -> None:
        """The answer to an abandoned call came after all: this is what it consumed."""
        self._close(admission)
        self._abandoned.pop(admission, None)
        self._add(usage)

    def _close(self, admission: Admission) -> Usage:
        """Hold nothing back any more for a call; what its failed attempts consumed."""
        self._open.discard(admission)
        return self._failed.pop(admission, Usage())

    def _held_tokens(self) -> int:
        failed = sum(usage.tokens for usage in self._failed.values())
        return failed + sum(admission.tokens for admission in self._open)

    def _held_usd(self) -> float:
        failed = sum(usage.cost_usd or 0.0 for usage in self._failed.values())
        return failed + sum(admission.usd for admission in self._open)

    def _add(self, usage: Usage) -> None:
        self._known += usage
        self._dearest_usd = max(self._dearest_usd, usage.cost_usd or 0.0)
        self._usage = sum(self._abandoned.values(), start=self._known)

    def _most(self, admission: Admission) -> Usage:
        """What a call may have consumed of which nobody knows how it ended."""
        prompt, reply = admission.prompt, admission.tokens - admission.prompt
        rates, usd = self._rates, self._dearest_usd
        if rates is not None:
            usd = prompt * rates.prompt_usd + reply * rates.reply_usd
        return Usage(calls=1, prompt_tokens=prompt, completion_tokens=reply, lost=1, cost_usd=usd)

    def _try(self, request: ChatRequest, prompt: int) -> Admission | None:
        self._check_calls()
        if not self._money_allows():
            return None
        admission = self._fit_tokens(request, prompt)
        return admission and self._fit_money(admission)

    def _check_calls(self) -> None:
        limit = self._quota.calls
        if limit is not None and self._usage.calls + len(self._open) >= limit:
            raise QuotaError(f"This trial has used all of its {limit} model calls.")

    def _money_allows(self) -> bool:
        limit = self._quota.usd
        if limit is None:
            return True
        spent = self._usage.cost_usd
        if spent is None:
            raise ModelError(
                "The model's price is not known, so the quota in money (trial.usd) cannot be kept; "
                "say it in models.prices, or set trial.usd to null and limit calls or tokens."
            )
        if spent >= limit:
            raise QuotaError(f"This trial has used all of its {limit:g} USD for model calls.")
        if not self._open or self._rates is not None:
            return True
        # What a call costs is known only from calls that ended: none yet means one at a time.
        expected = (len(self._open) + 1) * self._dearest_usd
        return self._dearest_usd > 0 and spent + expected <= limit

    def _fit_tokens(self, request: ChatRequest, prompt: int) -> Admission | None:
        wanted = request.max_tokens or USUAL_REPLY_TOKENS
        if self._quota.tokens is None:
            return Admission(request, prompt, prompt + wanted * request.choices)
        left = self._quota.tokens - self._usage.tokens - self._held_tokens()
        # Each of several answers may be as long as allowed.
        room = (left - prompt) // request.choices
        if room >= wanted:
            return Admission(request, prompt, prompt + wanted * request.choices)
        if self._open:
            return None
        if room <= 0:
            raise QuotaError(
                f"This trial has used {self._usage.tokens} of its {self._quota.tokens} tokens; "
                f"a prompt of about {prompt} more does not fit."
            )
        return Admission(replace(request, max_tokens=room), prompt, prompt + room * request.choices)

    def _fit_money(self, admission: Admission) -> Admission | None:
        """The same with the money held back; its answer is bounded by what is left of it."""
        limit, rates = self._quota.usd, self._rates
        if limit is None or rates is None:
            return admission
        request = admission.request
        reply_usd = rates.reply_usd * request.choices
        prompt_usd = admission.prompt * rates.prompt_usd
        cost = prompt_usd + (request.max_tokens or USUAL_REPLY_TOKENS) * reply_usd
        room = limit - (self._usage.cost_usd or 0.0) - self._held_usd()
        if cost <= room:
            return replace(admission, usd=cost)
        if self._open:
            return None
        affordable = int((room - prompt_usd) / reply_usd) if reply_usd else 0
        if affordable < 1:
            raise QuotaError(
                f"This trial has {room:.4f} of its {limit:g} USD left; this call could cost more."
            )
        return replace(admission, request=replace(request, max_tokens=affordable), usd=room)


def estimate_tokens(request: ChatRequest) -> int:
    """About how many tokens a prompt has, without any model's tokenizer.

    Of a request that may go on as it was asked, all of it counts, whatever our own form has of it.
    """
    tools = sum(
        len(tool.name) + len(tool.description) + len(json.dumps(tool.parameters))
        for tool in request.tools
    )
    form = len(json.dumps(request.response_format)) if request.response_format else 0
    ours = (tools + form) // _BYTES_PER_TOKEN + sum(map(_message_tokens, request.messages))
    if request.native is None:
        return ours
    parts = [part for message in request.messages for part in message.parts]
    return max(ours, _native_tokens(request.native, parts))


def _native_tokens(native: Native, parts: list[JsonObject]) -> int:
    # Only what our own form has as binary is no text: anything else may be called `data` too.
    binary = sum(len(_binary(part)[1]) for part in parts)
    text = len(to_json(from_json(native.body))) - binary
    return text // _BYTES_PER_TOKEN + sum(map(_part_tokens, parts))


def _message_tokens(message: Message) -> int:
    calls = sum(len(call.name) + len(call.arguments) for call in message.tool_calls)
    thoughts = sum(len(thought.text) + len(thought.seal) for thought in message.thoughts)
    size = len(message.content.encode(errors="replace")) + calls + thoughts
    parts = sum(map(_part_tokens, message.parts))
    return size // _BYTES_PER_TOKEN + _TOKENS_PER_MESSAGE + parts


def _part_tokens(part: JsonObject) -> int:
    media_type, base64 = _binary(part)
    family = media_type.partition("/")[0]
    if family == "image":
        return _TOKENS_PER_PART
    tokens = len(base64) // _CHARS_PER_TOKEN.get(family, _FILE_CHARS_PER_TOKEN)
    if media_type == "application/pdf":
        tokens = min(tokens, _MOST_PDF_TOKENS)
    return max(tokens, _TOKENS_PER_PART)


def _binary(part: JsonObject) -> tuple[str, str]:
    """Media type and base64 of a part; both empty where all of it is text."""
    kind = str(part.get("type"))
    inner = part.get(kind)
    table = inner if isinstance(inner, Mapping) else {}
    if kind == "input_audio":
        return "audio", str(table.get("data") or "")
    return data_url_parts(str(table.get(_URLS.get(kind, "")) or "")) or ("", "")
