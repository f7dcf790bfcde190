"""A reviewer: another context, which sees an edit and answers one question about it."""

import re
from collections.abc import Iterator
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from autoloop.errors import AgentError
from autoloop.meta.bench import diff_of
from autoloop.meta.conversation import step_seed
from autoloop.meta.wording import Prompts
from autoloop.ports import ChatModel, ReviewCase, ReviewOutcome
from autoloop.records import ChatReply, ChatRequest, Message, Review, ToolSpec, Usage, charged
from autoloop.records.quoting import clip, one_line, quote

TOOL = "give_review"
ANSWER_TOKENS = 4_000
_DIFF_CHARS = 60_000
_FINDINGS_CHARS = 6_000
_WORDS_CHARS = 6_000
_NAMES = 500
_REASON_CHARS = 600
_MOST_TASKS = 20
_OBJECT = re.compile(r"\{.*\}", re.DOTALL)
_NO_ANSWER = "The reviewer gave no answer that can be read."


class _Answer(BaseModel):
    """Your review of the edit."""

    model_config = ConfigDict(frozen=True)
    worthwhile: Literal["yes", "no", "unsure"]
    reason: str = Field("", description="One or two sentences.")
    tasks: list[str] = Field([], description="Names of train tasks that it seems made for.")

    @field_validator("worthwhile", mode="before")
    @classmethod
    def _as_a_word(cls, value: object) -> object:
        return value.strip().lower() if isinstance(value, str) else value


_TOOL = ToolSpec(
    name=TOOL, description=_Answer.__doc__ or "", parameters=_Answer.model_json_schema()
)


class ModelReviewer:
    """Port `Reviewer`: one question to a model, in a context that knows nothing else.

    Args:
        model: Who is asked.
        seed: Seed of the run; each question carries one derived from it and the step.
        prompts: What it is told; None: the prompts of the package.
    """

    def __init__(self, model: ChatModel, *, seed: int = 0, prompts: Prompts | None = None) -> None:
        self._model = model
        self._seed = seed
        self._prompts = prompts or Prompts()

    def review(self, case: ReviewCase) -> ReviewOutcome:
        """Ask once; an answer that cannot be read is `unsure`."""
        request = ChatRequest(
            messages=question(case, self._prompts),
            tools=(_TOOL,),
            max_tokens=ANSWER_TOKENS,
            seed=step_seed(self._seed, -case.step),
        )
        try:
            reply = self._model.complete(request)
        except AgentError as error:
            return _unsure(
                f"The provider refuses to review it: {one_line(str(error))}", charged(error)
            )
        answer = next(_answers(reply), None)
        if answer is None:
            return _unsure(_NO_ANSWER, reply.usage)
        review = Review(
            worthwhile=answer.worthwhile,
            reason=one_line(answer.reason, _REASON_CHARS),
            # Only what it was told of: it can name no other task.
            tasks=tuple(t for t in dict.fromkeys(answer.tasks) if t in case.tasks)[:_MOST_TASKS],
        )
        return ReviewOutcome(review=review, usage=reply.usage)


def _unsure(reason: str, usage: Usage) -> ReviewOutcome:
    return ReviewOutcome(review=Review(worthwhile="unsure", reason=reason), usage=usage)


def question(case: ReviewCase, prompts: Prompts) -> tuple[Message, ...]:
    """What the reviewer is asked; all that others wrote stands between marks."""
    proposal = case.proposal
    words = {
        "Title": proposal.title,
        "Hypothesis": proposal.hypothesis,
        "Expected": proposal.expected,
        "Would it be worthwhile without its task": proposal.generality,
    }
    claims = "\n".join(f"{key}: {one_line(text, 2_000)}" for key, text in words.items())
    found = "\n".join(
        f"- {one.severity}: {one.rule}: {one_line(one.message, 500)}" for one in proposal.findings
    )
    diff = diff_of(case.before, proposal.source)
    parts = (
        "Names of the train tasks:",
        quote("tasks", clip("\n".join(map(one_line, case.tasks[:_NAMES])), _WORDS_CHARS)),
        "What the author says:",
        quote("author", clip(claims, _WORDS_CHARS)),
        "What static checks found:",
        quote("findings", clip(found, _FINDINGS_CHARS) or "Nothing."),
        "The edit:",
        quote("diff", clip(diff, _DIFF_CHARS)),
        f"Now call {TOOL}.",
    )
    return (
        Message(role="system", content=prompts.text("reviewer")),
        Message(role="user", content="\n".join(parts)),
    )


def _answers(reply: ChatReply) -> Iterator[_Answer]:
    """Answers that make sense: of the call, else of JSON that the model wrote out."""
    written = [call.arguments for call in reply.message.tool_calls if call.name == TOOL]
    if not written:
        written = _OBJECT.findall(reply.message.content)
    for text in written:
        try:
            yield _Answer.model_validate_json(text)
        except ValidationError:
            continue
