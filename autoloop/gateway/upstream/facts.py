"""What is known of a model before it is asked: from the table that litellm brings along.

The table is read as a file. litellm itself, which takes seconds to load, is not needed for it.
"""

import functools
import json
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Literal, TypeAlias

from autoloop.errors import InfraError
from autoloop.gateway.upstream.prices import Price, read_price
from autoloop.records import Effort

OWN_PRICE = "program.md"
TABLE = "model_prices_and_context_window_backup.json"
_LESS: tuple[Effort, ...] = ("none", "minimal", "low")
_MORE: tuple[Effort, ...] = ("max", "xhigh", "high")
_Entry: TypeAlias = Mapping[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelFacts:
    """What is known of a model; None is not known."""

    price: Price | None = None
    price_source: str = "unknown"
    longest_prompt: int | None = None
    longest_reply: int | None = None
    tools: bool | None = None
    caching: bool | None = None
    thinking: bool | None = None
    endpoint: Literal["chat", "responses"] = "chat"
    """OpenAI's way of asking that the model is made for."""
    adaptive: bool = False
    """Whether Anthropic's model decides itself how much it thinks, within an effort."""
    always_thinks: bool = False
    sampling: bool = True
    """Whether temperature and the like are taken."""
    forced_tools: bool = True
    """Whether a tool can be forced."""
    formats: bool = False
    """Whether the form of an answer can be set by a JSON schema."""
    efforts: frozenset[str] = frozenset()
    """Efforts beyond low, medium and high that are known to be taken."""

    def nearest(self, effort: Effort) -> Effort:
        """The effort that is taken and comes closest; low, medium and high always are."""
        known = {"low", "medium", "high", *self.efforts}
        if effort in known:
            return effort
        order = _LESS if effort in _LESS else _MORE
        return next(level for level in order[order.index(effort) :] if level in known)


def facts_of(name: str, *, price: Price | None = None) -> ModelFacts:
    """What the table says of a model; `price` takes the place of the price in it."""
    entry = _entry(name)
    listed = read_price(entry)
    source = f"litellm {table_version()}" if listed else "unknown"
    return ModelFacts(
        price=price or listed,
        price_source=OWN_PRICE if price else source,
        longest_prompt=_count(entry, "max_input_tokens"),
        longest_reply=_count(entry, "max_output_tokens"),
        tools=_known(entry, "supports_function_calling"),
        caching=_known(entry, "supports_prompt_caching"),
        thinking=_known(entry, "supports_reasoning"),
        endpoint="responses" if entry.get("mode") == "responses" else "chat",
        adaptive=bool(entry.get("supports_adaptive_thinking")),
        always_thinks=bool(entry.get("thinking_always_on")),
        sampling=_takes_sampling(entry),
        forced_tools=entry.get("supports_forced_tool_use") is not False,
        formats=bool(entry.get("supports_native_structured_output")),
        efforts=frozenset(
            level
            for level in ("none", "minimal", "xhigh", "max")
            if entry.get(f"supports_{level}_reasoning_effort")
        ),
    )


def table_version() -> str:
    """Which litellm the table is of."""
    return version("litellm")


def _takes_sampling(entry: _Entry) -> bool:
    openai_thinks = entry.get("litellm_provider") == "openai" and entry.get("supports_reasoning")
    return entry.get("supports_sampling_params") is not False and not openai_thinks


def _entry(name: str) -> _Entry:
    """The table's entry: by the whole name, or by what follows the provider."""
    table = _table()
    if (entry := table.get(name)) is not None:
        return entry
    provider, _, rest = name.partition("/")
    short = rest.removeprefix("responses/")
    entry = table.get(short, {})
    return entry if str(entry.get("litellm_provider", "")).startswith(provider) else {}


def _count(entry: _Entry, key: str) -> int | None:
    value = entry.get(key)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _known(entry: _Entry, key: str) -> bool | None:
    # The table names what a model can do; of a model that is in it, the rest it cannot.
    return bool(entry.get(key)) if entry else None


@functools.cache
def _table() -> Mapping[str, _Entry]:
    found = find_spec("litellm")
    places = list(found.submodule_search_locations or ()) if found else []
    try:
        text = (Path(places[0]) / TABLE).read_text(encoding="utf-8")
    except (OSError, IndexError) as error:
        raise InfraError(
            f"litellm's table of prices cannot be read ({error!r}); install litellm anew."
        ) from error
    table: dict[str, _Entry] = json.loads(text)
    return table
