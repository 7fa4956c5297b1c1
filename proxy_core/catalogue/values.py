"""The known facts about a provider and a model, as frozen values. None means unknown, which is neither False nor 0."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

from proxy_core.config.settings import Engine


@dataclass(frozen=True, slots=True)
class Provider:
    """A provider and how it is reached.

    ``base_url`` is that of its OpenAI-compatible API for :attr:`Engine.DIRECT` (without ``/chat/completions``), of its
    Anthropic-format API for :attr:`Engine.RELAY` (without ``/v1/messages``), and empty where LiteLLM knows it.
    ``key_variables`` are the environment variables that may hold its key, the usual one first; ``base_url_variables``
    likewise for its base URL. ``needs_key`` is False for local servers and the demo model. ``key_page`` is the page on
    which a key is created. ``quirks`` is its row in ``proxy_core.translate.quirks``.
    """

    id: str
    name: str
    engine: Engine
    base_url: str = ""
    key_variables: tuple[str, ...] = ()
    base_url_variables: tuple[str, ...] = ()
    needs_key: bool = True
    key_page: str = ""
    local: bool = False
    custom: bool = False
    quirks: str = ""


@dataclass(frozen=True, slots=True)
class Rates:
    """Prices of tokens, in USD each. ``cache_write_hour`` is for cache entries of an hour instead of five minutes."""

    input: float | None = None
    output: float | None = None
    cache_read: float | None = None
    cache_write: float | None = None
    cache_write_hour: float | None = None
    reasoning: float | None = None


@dataclass(frozen=True, slots=True)
class PriceTier:
    """The prices of a whole request whose input, cached tokens included, exceeds ``above`` tokens."""

    above: int
    rates: Rates


@dataclass(frozen=True, slots=True)
class WeeklyHours:
    """A weekly period: on ``days`` (1 is Monday), in ``spans`` of minutes since midnight, all in UTC.

    The start of a span is inclusive, its end exclusive; an end after 1440 lies on the next day.
    """

    days: frozenset[int]
    spans: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class OffPeak:
    """The prices that replace the usual ones during ``windows``; a rate that is None is not replaced."""

    windows: tuple[WeeklyHours, ...]
    rates: Rates


@dataclass(frozen=True, slots=True)
class ModelFacts:
    """The known abilities, limits and prices of a model.

    ``id`` is ``provider/name``; windows are in tokens, prices in USD per token, ``search_price`` in USD per web search.
    ``steps`` are the prices of longer inputs, the lowest bound first; ``off_peak`` those of off-peak hours;
    ``surcharges`` factors on the price of tokens under terms that an answer names. ``responses_only``: the model is
    offered over OpenAI's Responses API only. ``responses_for_tools``: at OpenAI itself (not at other addresses) its
    chat completions reject function tools while it reasons, so that such calls use the Responses API too. ``efforts``
    are the values of ``reasoning_effort`` that it accepts besides low, medium and high.
    """

    id: str
    window: int | None = None
    max_output: int | None = None
    vision: bool | None = None
    pdf: bool | None = None
    tools: bool | None = None
    reasoning: bool | None = None
    web_search: bool | None = None
    responses_only: bool = False
    responses_for_tools: bool = False
    efforts: frozenset[str] = frozenset()
    input_price: float | None = None
    output_price: float | None = None
    cache_read_price: float | None = None
    cache_write_price: float | None = None
    cache_write_hour_price: float | None = None
    reasoning_price: float | None = None
    search_price: float | None = None
    steps: tuple[PriceTier, ...] = ()
    off_peak: OffPeak | None = None
    surcharges: tuple[tuple[str, float], ...] = ()


def needs_responses(
    provider: Provider, model: ModelFacts, *, with_tools: bool = True, with_search: bool = False
) -> bool:
    """Return whether a call has to use OpenAI's Responses API.

    Some models have no other, newer ones reject tools elsewhere, and web search works only there (except in models made
    for search). The last two hold for OpenAI's own servers, not for compatible ones.
    """
    if provider.engine is not Engine.DIRECT:
        return False
    if model.responses_only:
        return True
    if not (urlsplit(provider.base_url).hostname or "").endswith("openai.com"):
        return False
    searches = with_search and bool(model.web_search) and "-search-" not in model.id
    return searches or (with_tools and model.responses_for_tools)


def engine_for(provider: Provider, model: ModelFacts) -> Engine:
    """Return the engine for a model: its provider's, or LiteLLM for the Responses API."""
    return Engine.LITELLM if needs_responses(provider, model) else provider.engine
