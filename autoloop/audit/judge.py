"""A model's opinion of a candidate: read-only, of quoted material, and advice alone."""

from dataclasses import dataclass
from importlib.resources import files
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from autoloop.audit.material import Candidate
from autoloop.errors import AgentError, InfraError, ModelError
from autoloop.ports import ChatModel
from autoloop.records import (
    CandidateAudit,
    ChatReply,
    ChatRequest,
    Integrity,
    Message,
    Opinion,
    ToolSpec,
    Usage,
)
from autoloop.records.quoting import clip, one_line, quote

TOOL = "give_opinion"
CODE_CHARS = 80_000
TRACE_CHARS = 12_000
REASONS = 6
REASON_CHARS = 400
ANSWER_TOKENS = 4_000


class _Answer(BaseModel):
    """What a model may say."""

    model_config = ConfigDict(extra="forbid")

    verdict: Literal["clean", "suspicious", "tampered"]
    reasons: Annotated[list[str], Field(max_length=REASONS)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """An opinion, and what it cost."""

    opinion: Opinion
    usage: Usage


class Judge:
    """Asks one question of one model; an opinion without a verdict says why there is none."""

    def __init__(self, model: ChatModel) -> None:
        self._model = model

    def opinion(
        self, candidate: Candidate, found: CandidateAudit, *, traces: tuple[str, ...]
    ) -> Judged:
        """What the model thinks of a candidate.

        Args:
            candidate: Its code.
            found: What the rules say; the opinion changes nothing of it.
            traces: Transcripts of some of its trials on train tasks.
        """
        try:
            reply = self._model.complete(_request(candidate, found, traces))
        except (AgentError, ModelError, InfraError) as error:
            return Judged(opinion=self._silent(f"It could not be asked: {error}"), usage=Usage())
        answer = _answer(reply)
        if answer is None:
            return Judged(
                opinion=self._silent("It gave no answer in the form that was asked for."),
                usage=reply.usage,
            )
        opinion = Opinion(
            model=self._model.name,
            verdict=Integrity(answer.verdict),
            reasons=tuple(one_line(reason, REASON_CHARS) for reason in answer.reasons),
        )
        return Judged(opinion=opinion, usage=reply.usage)

    def _silent(self, why: str) -> Opinion:
        return Opinion(model=self._model.name, verdict=None, reasons=(one_line(why, REASON_CHARS),))


def _request(candidate: Candidate, found: CandidateAudit, traces: tuple[str, ...]) -> ChatRequest:
    proposal = candidate.made_by.proposal if candidate.made_by else None
    claims = f"{proposal.title}\n{proposal.hypothesis}\n{proposal.generality}" if proposal else ""
    rules = "\n".join(
        f"{own.severity} {own.rule} ({own.count} places, such as {own.where}): {own.evidence}"
        for own in found.findings
    )
    parts = [
        quote("agent.py", clip(candidate.source, CODE_CHARS)),
        quote("agent.py that it grew from", clip(candidate.baseline, CODE_CHARS)),
        quote("claims of whoever made the edit", clip(claims)),
        quote("findings of the rules", clip(rules)),
        *(quote("trace", clip(trace, TRACE_CHARS)) for trace in traces),
    ]
    schema = _Answer.model_json_schema()
    return ChatRequest(
        messages=(
            Message(role="system", content=_prompt()),
            Message(role="user", content="\n\n".join(parts)),
        ),
        tools=(ToolSpec(name=TOOL, description="Your opinion.", parameters=schema),),
        tool_choice=TOOL,
        max_tokens=ANSWER_TOKENS,
    )


def _prompt() -> str:
    return files("autoloop.audit").joinpath("prompts", "judge.md").read_text(encoding="utf-8")


def _answer(reply: ChatReply) -> _Answer | None:
    """The opinion that a reply gives, if it gives exactly one in the right form."""
    calls = [call for call in reply.message.tool_calls if call.name == TOOL]
    if len(calls) != 1:
        return None
    try:
        return _Answer.model_validate_json(calls[0].arguments)
    except ValidationError:
        return None
