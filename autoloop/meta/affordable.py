"""How long an answer may be, so that a conversation takes no more than is left for it."""

from autoloop.ports import USUAL_REPLY_TOKENS, Allowance, Rates

LEAST_ANSWER = 500
"""Tokens below which no answer is of use: a tool's call with its thought."""


def affordable_answer(allowance: Allowance, *, prompt: int, rates: Rates | None) -> int | None:
    """Tokens that an answer to a prompt of so many may have; None where there is no need to say.

    Without `rates` money sets no limit: what a call costs is known when it has ended.
    """
    rooms = [] if allowance.tokens is None else [allowance.tokens - prompt]
    if allowance.usd is not None and rates is not None and rates.reply_usd:
        rooms.append(int((allowance.usd - prompt * rates.prompt_usd) / rates.reply_usd))
    most = min(rooms, default=USUAL_REPLY_TOKENS)
    return None if most >= USUAL_REPLY_TOKENS else max(0, most)
