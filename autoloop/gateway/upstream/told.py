"""Failures that a provider tells in the middle of an answer, or in place of one."""

from collections.abc import Mapping

from autoloop.gateway.wire.reading import Json, table_at, text_at

_STATUS: Mapping[str, int] = {
    "rate_limit_exceeded": 429,
    "invalid_prompt": 400,
    "context_length_exceeded": 400,
}


class ToldError(Exception):
    """A failure, with the status that it would have had as an answer of its own."""

    def __init__(self, told: Json) -> None:
        super().__init__(text_at(told, "message") or "no reason was given")
        self.body = told
        self.status_code = _STATUS.get(text_at(told, "code"), 500)


def raise_told(event: Json) -> None:
    """Raise the failure that an event brings, if it brings one."""
    if error := event.get("error"):
        raise ToldError(table_at(event, "error") or {"message": str(error)})
    if event.get("type") == "error":
        raise ToldError(event)
