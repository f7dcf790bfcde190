"""How long SDKs wait, and what their transport raises."""

import httpx2

CONNECT_S = 20.0


def waiting(silence_s: float) -> httpx2.Timeout:
    """Limits of an SDK's requests: none for the whole, one for silence."""
    return httpx2.Timeout(silence_s, connect=min(CONNECT_S, silence_s))


def transport_errors() -> tuple[type[Exception], ...]:
    """What goes wrong on the way; SDKs let some of it through while an answer is streamed."""
    return (httpx2.HTTPError, httpx2.StreamError)
