"""The conversation in which a model improves agent.py, from its first look to its submission."""

import hashlib
from dataclasses import replace

from autoloop.errors import AgentError
from autoloop.meta.bench import Bench
from autoloop.meta.editing import EDITING_TOOLS
from autoloop.meta.prompting import opening
from autoloop.meta.reading import READING_TOOLS
from autoloop.meta.toolbox import Toolbox
from autoloop.ports import ChatModel, ProposalOutcome, StepDesk
from autoloop.records import ChatReply, ChatRequest, Message, ToolCall, Usage

_CALLS_AT_ONCE = 10
_SILENT = 2
_REPEATED = 3
_GARBAGE = 5
# The guards know the tests of train tasks: who may ask them for ever can guess their words.
_OBJECTIONS = 20
_LATE_TURNS = 4
# Beyond this many characters older tool answers are dropped, well before a model's window is full.
_ROOM_CHARS = 400_000
_NUDGE = (
    "Answer with a tool call. When your draft is ready, call submit; nothing else ends the step."
)
_DROPPED = "[This answer was dropped to save room. Call the tool again if you need it.]"


class ConversationProposer:
    """A meta-agent that thinks in one conversation per step.

    Args:
        model: Who is asked.
        turns: Most answers of the model in one step.
        tokens: Most tokens of one step, both directions added up over its calls.
        seed: Seed of the run; each step's requests carry one derived from it and the step.
        spot_checks: Most spot checks of one step.
    """

    def __init__(
        self,
        model: ChatModel,
        *,
        turns: int = 40,
        tokens: int = 1_500_000,
        seed: int = 0,
        spot_checks: int = 3,
    ) -> None:
        self._model = model
        self._turns = turns
        self._tokens = tokens
        self._seed = seed
        self._spot_checks = spot_checks
        self._toolbox = Toolbox((*READING_TOOLS, *EDITING_TOOLS))

    def propose(self, desk: StepDesk) -> ProposalOutcome:
        """Talk until an edit is submitted or one of the endings is reached."""
        talk = _Talk(
            Bench(desk, spot_checks=self._spot_checks),
            toolbox=self._toolbox,
            opening=opening(desk, turns=self._turns),
        )
        seed = step_seed(self._seed, desk.step)
        for turn in range(self._turns):
            if talk.usage.tokens >= self._tokens:
                return talk.end(f"the step's {self._tokens:,} tokens are used up")
            try:
                reply = self._model.complete(talk.request(seed))
            except AgentError as error:
                return talk.end(f"the provider refuses the conversation: {error}")
            talk.hear(reply, left=self._turns - turn - 1)
            if talk.ending is not None:
                return talk.end(talk.ending)
        return talk.end(f"{self._turns} turns passed without a submission")


def step_seed(seed: int, step: int) -> int:
    """The seed of one step's requests."""
    return int.from_bytes(hashlib.sha256(f"{seed}:{step}".encode()).digest()[:4], "big")


class _Talk:
    """A conversation as it goes on: what was said, and whether it is over."""

    def __init__(self, bench: Bench, *, toolbox: Toolbox, opening: tuple[Message, ...]) -> None:
        self.usage = Usage()
        self.ending: str | None = None
        self._bench = bench
        self._toolbox = toolbox
        self._messages = list(opening)
        self._silent = 0
        self._garbage = 0
        self._last: tuple[str, str] | None = None
        self._repeated = 0

    def request(self, seed: int) -> ChatRequest:
        """The next question to the model."""
        self._make_room()
        return ChatRequest(messages=tuple(self._messages), tools=self._toolbox.specs, seed=seed)

    def hear(self, reply: ChatReply, *, left: int) -> None:
        """Take in an answer and run the tools it calls; `left` turns remain."""
        self.usage += reply.usage
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
            proposal=proposal, reason="" if proposal else reason, usage=self.usage
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
                text = self._answer(call)
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
        answer = self._toolbox.answer(call, self._bench)
        self._garbage = 0 if answer.understood else self._garbage + 1
        if self._bench.proposal:
            self.ending = "submitted"
        elif self._bench.objections >= _OBJECTIONS:
            self.ending = f"something was said against {_OBJECTIONS} drafts"
        elif self._garbage >= _GARBAGE:
            self.ending = f"the model made {_GARBAGE} calls in a row that make no sense"
        warning = "\n[You made this very call before.]" if self._repeated > 1 else ""
        return answer.text + warning

    def _count_repeat(self, call: ToolCall) -> None:
        this = (call.name, call.arguments)
        self._repeated = self._repeated + 1 if this == self._last else 1
        self._last = this

    def _make_room(self) -> None:
        """Drop the oldest tool answers, many at once, so that providers' caches stay useful."""
        size = sum(len(message.content) for message in self._messages)
        if size <= _ROOM_CHARS:
            return
        for index, message in enumerate(self._messages[:-_CALLS_AT_ONCE]):
            if size <= _ROOM_CHARS // 2:
                return
            if message.role == "tool" and len(message.content) > len(_DROPPED):
                size -= len(message.content) - len(_DROPPED)
                self._messages[index] = replace(message, content=_DROPPED)
