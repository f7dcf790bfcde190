"""A conversation as it goes on: what was said, what is charged, and whether it is over."""

import hashlib
from collections import Counter

from autoloop.meta.bench import Bench
from autoloop.meta.length import length_of, shortened
from autoloop.meta.prompting import CHARS_PER_TOKEN, Room
from autoloop.meta.record import Said, TalkRecord, ToolAnswer
from autoloop.meta.toolbox import Toolbox
from autoloop.ports import ProposalOutcome
from autoloop.records import ChatReply, ChatRequest, Message, ToolCall, Usage
from autoloop.records.quoting import clip

_CALLS_AT_ONCE = 10
_SILENT = 2
_REPEATED = 3
_CIRCLES = 5
"""So often the same call may get the same answer, in whatever order."""
_GARBAGE = 5
# The guards know the tests of train tasks: who may ask them for ever can guess their words.
_OBJECTIONS = 20
_LATE_TURNS = 4
_NUDGE = (
    "Answer with a tool call. When your draft is ready, call submit; nothing else ends the step."
)


class Talk:
    """What was said so far, and what came of it."""

    def __init__(
        self, bench: Bench, *, toolbox: Toolbox, record: TalkRecord, said: Said, room: Room
    ) -> None:
        self.usage = Usage()
        self.ending: str | None = None
        self._bench = bench
        self._toolbox = toolbox
        self._record = record
        self._prompts = said.prompts
        self._messages = list(said.messages)
        self._room = room
        self._last_usage: Usage | None = None
        self._silent = 0
        self._garbage = 0
        self._last: tuple[str, str] | None = None
        self._repeated = 0
        self._seen: Counter[bytes] = Counter()

    @property
    def expected(self) -> Usage:
        """About what the next call will take: as much as the last, or what is to be read at first.

        A conversation only grows, so that it is a little more.
        """
        if self._last_usage is not None:
            return self._last_usage
        return Usage(calls=1, prompt_tokens=self.prompt_tokens)

    @property
    def prompt_tokens(self) -> int:
        """About how many tokens there are to be read by now."""
        return length_of(self._messages) // CHARS_PER_TOKEN

    def request(self, seed: int) -> ChatRequest:
        """The next question to the model."""
        self._make_room()
        return ChatRequest(messages=tuple(self._messages), tools=self._toolbox.specs, seed=seed)

    def hear(self, reply: ChatReply, *, left: int) -> None:
        """Take in an answer and run the tools it calls; `left` turns remain."""
        self._last_usage = reply.usage
        self._messages.append(reply.message)
        if reply.stop_reason == "refusal":
            self.ending = "the model refused to go on"
        elif reply.message.tool_calls:
            self._silent = 0
            self._run(reply.message.tool_calls, left=left)
        else:
            self._nudge(reply)

    def end(self, reason: str) -> ProposalOutcome:
        """What the conversation led to."""
        proposal = self._bench.proposal
        return ProposalOutcome(
            proposal=proposal,
            reason="" if proposal else reason,
            usage=self.usage,
            prompts=self._prompts,
        )

    def _nudge(self, reply: ChatReply) -> None:
        self._silent += 1
        if self._silent >= _SILENT:
            self.ending = "the model answered twice without calling a tool"
            return
        cut = "Your answer was cut off at its limit. " if reply.stop_reason == "length" else ""
        self._messages.append(Message(role="user", content=cut + _NUDGE))

    def _run(self, calls: tuple[ToolCall, ...], *, left: int) -> None:
        for number, call in enumerate(calls):
            if number >= _CALLS_AT_ONCE:
                text = f"Refused: at most {_CALLS_AT_ONCE} calls at once are run."
            else:
                # Several long answers at once must not fill what a small model can read.
                text = clip(self._answer(call), self._room.talk // 2 // len(calls))
            if number == len(calls) - 1 and 0 < left <= _LATE_TURNS:
                text += f"\n[{left} turns left: submit or leave it]"
            self._messages.append(Message(role="tool", content=text, tool_call_id=call.id))
            if self.ending is not None:
                return

    def _answer(self, call: ToolCall) -> str:
        self._count_repeat(call)
        if self._repeated >= _REPEATED:
            self.ending = f"the model made the same call of {call.name!r} {_REPEATED} times"
            return f"Refused: this very call was made {_REPEATED} times in a row."
        answer = self._tool_answer(call)
        self._garbage = 0 if answer.understood else self._garbage + 1
        self.ending = self._why_over(call, answer)
        warning = "\n[You made this very call before.]" if self._repeated > 1 else ""
        return answer.text + warning

    def _tool_answer(self, call: ToolCall) -> ToolAnswer:
        """What the tool says: as it is recorded, else by running it."""
        known = self._record.answer()
        if known is not None:
            self._bench.restore(known.state)
            return known
        said = self._toolbox.answer(call, self._bench)
        answer = ToolAnswer(text=said.text, understood=said.understood, state=self._bench.state)
        self._record.add_answer(answer)
        return answer

    def _why_over(self, call: ToolCall, answer: ToolAnswer) -> str | None:
        if self._bench.proposal:
            return "submitted"
        if self._bench.objections >= _OBJECTIONS:
            return f"something was said against {_OBJECTIONS} drafts"
        if self._garbage >= _GARBAGE:
            return f"the model made {_GARBAGE} calls in a row that make no sense"
        if self._circles(call, answer.text) >= _CIRCLES:
            return (
                f"the model goes round in circles: {_CIRCLES} times the same call of"
                f" {call.name!r} had the same answer"
            )
        return None

    def _count_repeat(self, call: ToolCall) -> None:
        this = (call.name, call.arguments)
        self._repeated = self._repeated + 1 if this == self._last else 1
        self._last = this

    def _circles(self, call: ToolCall, answer: str) -> int:
        """How often this call had this answer by now, on this draft."""
        text = f"{call.name}\0{call.arguments}\0{answer}\0{self._bench.draft}"
        digest = hashlib.sha256(text.encode("utf-8", "replace")).digest()
        self._seen[digest] += 1
        return self._seen[digest]

    def _make_room(self) -> None:
        """Drop what is oldest, much at once, so that providers' caches stay useful."""
        size = length_of(self._messages)
        if size <= self._room.talk:
            return
        for index, message in enumerate(self._messages[:-_CALLS_AT_ONCE]):
            if size <= self._room.talk // 2:
                return
            self._messages[index] = shortened(message)
            size -= length_of([message]) - length_of([self._messages[index]])
