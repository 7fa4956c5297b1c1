"""What is known of a provider and of a model, as frozen values. None means unknown, which is not False and not 0."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

from proxy_core.config.settings import Engine


@dataclass(frozen=True, slots=True)
class Provider:
    """Who answers.

    ``base_url`` is that of its OpenAI-compatible API for :attr:`Engine.DIRECT` (up to and without
    ``/chat/completions``), of its Anthropic-format API for :attr:`Engine.RELAY` (up to and without ``/v1/messages``),
    and empty where LiteLLM knows. ``key_variables`` are the environment variables that may hold its key, the usual one
    first; ``base_url_variables`` likewise. ``needs_key`` is False for local servers and the demo model. ``key_page`` is
    where a person gets a key. ``quirks`` names its row in ``proxy_core.translate.quirks``.
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
    """What tokens cost, in USD each. ``cache_write_hour`` is for what is kept an hour instead of five minutes."""

    input: float | None = None
    output: float | None = None
    cache_read: float | None = None
    cache_write: float | None = None
    cache_write_hour: float | None = None
    reasoning: float | None = None


@dataclass(frozen=True, slots=True)
class PriceTier:
    """What a whole request costs once its input, cached tokens included, has more than ``above`` tokens."""

    above: int
    rates: Rates


@dataclass(frozen=True, slots=True)
class WeeklyHours:
    """A time that comes every week: on ``days`` (1 is Monday), in ``spans`` of minutes since midnight, all in UTC.

    A span's first minute is in it, its last is not; one that ends after 1440 goes on into the next day.
    """

    days: frozenset[int]
    spans: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class OffPeak:
    """What is cheaper while one of ``windows`` is open; a rate that is None stays as it is."""

    windows: tuple[WeeklyHours, ...]
    rates: Rates


@dataclass(frozen=True, slots=True)
class ModelFacts:
    """What a model is known to take and give.

    ``id`` is ``provider/name``; windows in tokens; prices in USD per token, ``search_price`` in USD per web search;
    ``steps`` are the prices of longer inputs, the lowest bound first, ``off_peak`` those of quiet hours, ``surcharges``
    the factors by which tokens are dearer under terms that an answer names.
    ``responses_only``: it is not offered over chat completions, only over OpenAI's Responses API.
    ``responses_for_tools``: at OpenAI itself (not at a server of another address) its chat completions refuse function
    tools while it reasons, so that such calls go there too. ``efforts``: those of ``reasoning_effort`` that it takes
    besides low, medium and high.
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
    """Whether a call has to go to OpenAI's Responses API.

    Some models know no other, newer ones refuse tools elsewhere, and only there do they search the web (but for those
    that are made for it). Servers that only speak as OpenAI does are not held to the last two.
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
    """How a model is reached: as its provider is, but the Responses API through LiteLLM's bridge."""
    return Engine.LITELLM if needs_responses(provider, model) else provider.engine
