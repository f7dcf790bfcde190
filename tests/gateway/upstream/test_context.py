"""How much a model can read at once."""

from autoloop.gateway.upstream.context import context_tokens


def test_the_price_table_knows_it_or_nobody_does() -> None:
    assert (context_tokens("openai/gpt-5") or 0) > 100_000
    assert context_tokens("openai/our-own-model") is None
    assert context_tokens("nobody/knows-this") is None
