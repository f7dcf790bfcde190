"""Thoughts on their way through a format that is not their provider's."""

from collections.abc import Mapping

from autoloop.records import Effort, Thought, WireFormat

_OURS = "autoloop"
_FORMS: Mapping[str, WireFormat] = {
    "anthropic": "anthropic",
    "chat": "chat",
    "responses": "responses",
}
_BUDGETS: tuple[tuple[int, Effort], ...] = ((2_048, "low"), (8_192, "medium"))


def carried(thought: Thought, *, by: WireFormat) -> str:
    """The seal of a thought, as the agent is to send it back in a format."""
    if thought.form == by or not thought.seal:
        return thought.seal
    return f"{_OURS}:{thought.form}:{thought.id}:{thought.seal}"


def taken_back(text: str, seal: str, *, by: WireFormat, id_: str = "") -> Thought:
    """A thought that an agent sends back in a format; the inverse of `carried`."""
    ours, _, rest = seal.partition(":")
    form, _, rest = rest.partition(":")
    own_id, _, own_seal = rest.partition(":")
    if ours != _OURS or form not in _FORMS:
        return Thought(text=text, seal=seal, form=by, id=id_)
    hidden = not text and form == "anthropic"
    return Thought(text=text, seal=own_seal, form=_FORMS[form], id=own_id, hidden=hidden)


def effort_of_budget(tokens: int) -> Effort:
    """The effort that a number of tokens to think with stands for."""
    return next((effort for most, effort in _BUDGETS if tokens <= most), "high")
