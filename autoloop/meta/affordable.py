"""How long an answer may be, so that a conversation takes no more than is left for it."""

from autoloop.ports import Allowance, Rates

LEAST_ANSWER = 500
"""Tokens below which no answer is of use: a tool's call with its thought."""
USUAL_ANSWER = 32_000
"""Tokens that an answer has at most where nobody sets a limit."""


def affordable_answer(allowance: Allowance, *, prompt: int, rates: Rates | None) -> int | None:
    """Tokens that an answer to a prompt of so many may have; None where there is no need to say.

    Without `rates` money sets no limit: what a call costs is known when it has ended.
    """
    rooms = [] if allowance.tokens is None else [allowance.tokens - prompt]
    if allowance.usd is not None and rates is not None and rates.reply_usd:
        rooms.append(int((allowance.usd - prompt * rates.prompt_usd) / rates.reply_usd))
    most = min(rooms, default=USUAL_ANSWER)
    return None if most >= USUAL_ANSWER else max(0, most)
