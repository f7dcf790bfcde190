"""The conversation in which a model improves agent.py, from its first look to its submission."""

import hashlib
from dataclasses import dataclass, replace
from pathlib import Path

from autoloop.errors import AgentError, InfraError, ModelError
from autoloop.meta.affordable import LEAST_ANSWER, affordable_answer
from autoloop.meta.bench import Bench
from autoloop.meta.editing import EDITING_TOOLS
from autoloop.meta.prompting import Room, opening
from autoloop.meta.reading import READING_TOOLS
from autoloop.meta.record import Said, TalkRecord
from autoloop.meta.talk import Talk
from autoloop.meta.toolbox import Toolbox
from autoloop.meta.wording import Prompts
from autoloop.ports import ChatModel, PricedModel, ProposalOutcome, StepDesk
from autoloop.records import ChatReply, Message, Usage, charged


@dataclass(frozen=True, slots=True, kw_only=True)
class TalkLimits:
    """What a conversation may take."""

    turns: int = 40
    """Most answers of the model in one step."""
    tokens: int = 1_500_000
    """Most tokens of one step, both directions added up over its calls."""
    spot_checks: int = 3
    """Most spot checks of one step."""
    alternatives: int = 2
    """Most other edits that a submission may carry."""
    context_tokens: int = 64_000
    """What the model can read at once; where nobody knows, what most can."""


USUAL = TalkLimits()


class ConversationProposer:
    """A meta-agent that thinks in one conversation per step.

    Args:
        model: Who is asked.
        limits: What a conversation may take.
        seed: Seed of the run; each step's requests carry one derived from it and the step.
        prompts: What the model is told; None: the prompts of the package.
        folder: Where conversations are recorded, so that one that is cut off can go on; None:
            nowhere.
    """

    def __init__(
        self,
        model: ChatModel,
        *,
        limits: TalkLimits = USUAL,
        seed: int = 0,
        prompts: Prompts | None = None,
        folder: Path | None = None,
    ) -> None:
        self._model = model
        self._limits = limits
        self._seed = seed
        self._prompts = prompts or Prompts()
        self._folder = folder
        self._room = Room.of_context(limits.context_tokens)
        self._toolbox = Toolbox((*READING_TOOLS, *EDITING_TOOLS))

    def propose(self, desk: StepDesk) -> ProposalOutcome:
        """Talk until an edit is submitted or one of the endings is reached."""
        record = TalkRecord(None if self._folder is None else self._folder / talk_file(desk))
        talk = self._begin(desk, record)
        for turn in range(self._limits.turns):
            talk.usage += record.charged()
            reply = record.reply()
            if reply is None:
                why = self._why_not(desk, talk, record)
                if why:
                    return talk.end(why)
                try:
                    reply = self._ask(desk, talk, record)
                except AgentError as error:
                    talk.usage += charged(error)
                    return talk.end(f"the provider refuses the conversation: {error}")
                record.add_reply(reply)
            talk.usage += reply.usage
            if record.is_told:
                # Of what is recorded, all but the last answer was charged before it was acted upon.
                desk.charge(talk.usage)
            talk.hear(reply, left=self._limits.turns - turn - 1)
            if talk.ending is not None:
                return talk.end(talk.ending)
        return talk.end(f"{self._limits.turns} turns passed without a submission")

    def _begin(self, desk: StepDesk, record: TalkRecord) -> Talk:
        """The conversation as it is recorded, or a new one."""
        said = record.opening()
        if said is None:
            said = Said(messages=self._opening(desk), prompts=self._prompts.version)
            record.add_opening(said)
        bench = Bench(
            desk,
            spot_checks=self._limits.spot_checks,
            alternatives=self._limits.alternatives,
        )
        return Talk(bench, toolbox=self._toolbox, record=record, said=said, room=self._room)

    def _opening(self, desk: StepDesk) -> tuple[Message, ...]:
        return opening(desk, turns=self._limits.turns, room=self._room, prompts=self._prompts)

    def _why_not(self, desk: StepDesk, talk: Talk, record: TalkRecord) -> str:
        """Why the model is not asked once more; empty if it is."""
        if talk.usage.tokens >= self._limits.tokens:
            return f"the step's {self._limits.tokens:,} tokens are used up"
        if record.is_full:
            return "the record of the conversation is as large as it may become"
        refusal = desk.may_ask(talk.expected)
        if refusal:
            return refusal
        most = self._affordable(desk, talk)
        few = most is not None and most < LEAST_ANSWER
        return "what is left for the conversation does not pay for another answer" if few else ""

    def _affordable(self, desk: StepDesk, talk: Talk) -> int | None:
        """Tokens that the next answer may have; None: as many as the model likes."""
        rates = self._model.rates if isinstance(self._model, PricedModel) else None
        return affordable_answer(desk.allowance(), prompt=talk.prompt_tokens, rates=rates)

    def _ask(self, desk: StepDesk, talk: Talk, record: TalkRecord) -> ChatReply:
        """The model's answer; what a call cost that ends the run is kept for who resumes it."""
        try:
            request = talk.request(step_seed(self._seed, desk.step))
            most = self._affordable(desk, talk)
            return self._model.complete(replace(request, max_tokens=most))
        except (ModelError, InfraError) as error:
            cost = charged(error)
            if cost != Usage():
                record.add_charged(cost)
                desk.charge(talk.usage + cost)
            raise


def step_seed(seed: int, step: int) -> int:
    """The seed of one step's requests."""
    return int.from_bytes(hashlib.sha256(f"{seed}:{step}".encode()).digest()[:4], "big")


def talk_file(desk: StepDesk) -> str:
    """Where a step's conversation is recorded: an edit that is made anew has one of its own."""
    what = f"{desk.source}\0{desk.rebase}".encode("utf-8", "replace")
    return f"step-{desk.step:04}-{hashlib.sha256(what).hexdigest()[:8]}.jsonl"
