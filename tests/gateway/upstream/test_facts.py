"""What is known of models from litellm's table, and what calls cost by it."""

import pytest

from autoloop.gateway.upstream.facts import facts_of, table_version
from autoloop.gateway.upstream.prices import Price, read_price
from autoloop.records import Effort, Usage

MILLION = 1_000_000


def test_a_model_is_found_by_its_providers_name_or_without_it() -> None:
    gpt, gemini = facts_of("openai/gpt-5"), facts_of("gemini/gemini-2.5-pro")

    assert gpt.price is not None
    assert (gpt.price.input, gpt.price.output, gpt.price.cached) == (1.25, 10.0, 0.125)
    assert gpt.price_source == f"litellm {table_version()}"
    assert gemini.longest_prompt
    assert gemini.longest_prompt > 1_000_000


def test_how_much_a_model_reads_at_once_is_known_or_not() -> None:
    assert (facts_of("openai/gpt-5").longest_prompt or 0) > 100_000
    assert facts_of("nobody/knows-this").longest_prompt is None


def test_a_name_is_not_mistaken_for_another_providers_model() -> None:
    assert facts_of("openai/claude-sonnet-5").price is None
    assert facts_of("anthropic/gpt-5").price is None


def test_of_a_model_that_nobody_knows_nothing_is_said() -> None:
    facts = facts_of("openai/our-own-model")

    assert (facts.price, facts.price_source, facts.longest_reply) == (None, "unknown", None)
    assert (facts.tools, facts.caching, facts.thinking) == (None, None, None)


def test_a_model_for_responses_alone_says_so() -> None:
    assert facts_of("openai/gpt-5-codex").endpoint == "responses"
    assert facts_of("openai/gpt-5").endpoint == "chat"


def test_anthropics_cache_is_read_for_a_tenth_and_written_for_a_quarter_more() -> None:
    price = facts_of("anthropic/claude-sonnet-5").price
    assert price is not None
    usage = Usage(
        calls=1,
        prompt_tokens=1_000_000,
        cached_tokens=400_000,
        written_tokens=500_000,
        completion_tokens=1_000,
    )

    expected = 0.1 * price.input + 0.4 * 0.1 * price.input + 0.5 * 1.25 * price.input
    assert price.of(usage) == pytest.approx(expected + 0.001 * price.output)


def test_what_is_written_for_an_hour_has_a_price_of_its_own() -> None:
    price = Price(input=1.0, output=0.0, written=1.25, written_for_an_hour=2.0)
    usage = Usage(prompt_tokens=3 * MILLION, written_tokens=3 * MILLION)

    assert price.of(usage, written_for_an_hour=MILLION) == pytest.approx(2 * 1.25 + 2.0)


def test_a_long_prompt_is_priced_by_its_tier() -> None:
    price = read_price(
        {
            "input_cost_per_token": 1e-6,
            "output_cost_per_token": 2e-6,
            "input_cost_per_token_above_200k_tokens": 3e-6,
            "output_cost_per_token_above_200k_tokens": 4e-6,
            "input_cost_per_token_above_200k_tokens_priority": 9e-6,
        }
    )
    assert price is not None

    short, long = Usage(prompt_tokens=200_000), Usage(prompt_tokens=200_001, completion_tokens=10)

    assert price.of(short) == pytest.approx(0.2)
    assert price.of(long) == pytest.approx(0.600003 + 0.00004)
    assert (price.rates.prompt_usd, price.rates.reply_usd) == (3e-6, 4e-6)


def test_what_is_not_said_is_priced_as_any_input() -> None:
    usage = Usage(prompt_tokens=MILLION, cached_tokens=MILLION // 2, written_tokens=MILLION // 2)

    assert Price(input=3.0, output=1.0).of(usage) == pytest.approx(3.0)


def test_an_entry_without_both_prices_has_none() -> None:
    assert read_price({"input_cost_per_token": 1e-6}) is None
    assert read_price({}) is None


def test_an_own_price_goes_before_the_tables() -> None:
    own = Price(input=7.0, output=8.0)

    facts = facts_of("openai/gpt-5", price=own)

    assert (facts.price, facts.price_source) == (own, "program.md")


@pytest.mark.parametrize(
    ("name", "wanted", "given"),
    [
        ("openai/gpt-5", "none", "minimal"),
        ("openai/gpt-5", "minimal", "minimal"),
        ("openai/gpt-5", "max", "high"),
        ("openai/gpt-5.4", "none", "none"),
        ("openai/gpt-5.4", "max", "xhigh"),
        ("anthropic/claude-sonnet-5", "minimal", "low"),
        ("anthropic/claude-sonnet-5", "max", "max"),
        ("openai/our-own-model", "none", "low"),
        ("openai/our-own-model", "medium", "medium"),
    ],
)
def test_the_nearest_effort_that_a_model_takes_is_asked_for(
    name: str, wanted: Effort, given: Effort
) -> None:
    assert facts_of(name).nearest(wanted) == given
