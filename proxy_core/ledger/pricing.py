"""What a request cost: by the provider's own figure, else the user's price, else the catalogue's; unknown is not free.

What was refused, or never sent, is not billed: that is no price of zero, and such requests stand beside the sums.

A sum of one's own is never made where a price that is needed is missing: such a request is unpriced, and is counted as
such wherever a sum stands. Nor is a catalogue's zero believed, which LiteLLM's list has for previews and for what it
does not know: free is what runs on a server of the user's own, and what they say is free.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Final, Protocol

from proxy_core.anthropic_api.amounts import usd
from proxy_core.catalogue.provider_table import PROVIDERS, SAME_AS
from proxy_core.catalogue.values import ModelFacts, OffPeak, Rates
from proxy_core.config.settings import Engine, Price, Settings
from proxy_core.ledger.request_events import RecordedUsage, RequestRecord

_MILLION: Final = 1_000_000

_HOUR_WRITE: Final = 2.0
"""What a token costs that is written to Anthropic's cache for an hour, in prices of one that is just read."""

_DAY: Final = 24 * 60
"""In minutes."""

_TELL_COSTS: Final = frozenset({"openrouter", "perplexity", "xai"})
"""Providers that say in each answer what it cost."""

_GATEWAYS: Final = frozenset({"litellm_proxy"})
"""Servers of the user's own that ask others, who want money."""


@dataclass(frozen=True, slots=True)
class Cost:
    """In USD. ``estimated`` is False where the provider itself said so."""

    usd: float
    estimated: bool


class PriceList(Protocol):
    """What pricing asks of the catalogue."""

    def model(self, provider: str, name: str) -> ModelFacts:
        """What is known of a model; all None for an unknown one."""
        ...


def price_of(record: RequestRecord, known: PriceList, settings: Settings) -> Cost | None:
    """What a request that is over cost; None where that is not known, or where it was not billed.

    What a claude.ai subscription pays has no price per token: it is unpriced too, and no budget counts it.
    """
    if record.flat or record.is_not_billed:
        return None
    if record.cost is not None:
        return Cost(record.cost, estimated=False)
    if record.usage is None:
        return Cost(0.0, estimated=True) if is_free(record.provider, record.model, known, settings) else None
    facts = tariff(record.provider, record.model, known, settings)
    sum_ = None if facts is None else usd(cost(record.usage, facts, record.began))  # none of absurd token counts
    return None if sum_ is None else Cost(sum_, estimated=True)


def tariff(provider: str, model: str, known: PriceList, settings: Settings) -> ModelFacts | None:
    """A model with the prices that hold for this user; None where none do."""
    said = settings.prices.get(f"{provider}/{model}")
    if said is not None:
        return _as_facts(f"{provider}/{model}", said)
    if is_own(provider):
        return _as_facts(f"{provider}/{model}", Price())
    facts = known.model(provider, model)
    return None if facts.input_price == facts.output_price == 0.0 else facts


def is_own(provider: str) -> bool:
    """Whether a provider is known for a server of the user's own, or is the demo model: its answers cost nothing.

    Not every address on this machine is such: behind it may be a gateway to models that cost money.
    """
    own = PROVIDERS.get(SAME_AS.get(provider, provider))
    return own is not None and own.id not in _GATEWAYS and (own.local or own.engine is Engine.DEMO)


def is_free(provider: str, model: str, known: PriceList, settings: Settings) -> bool:
    """Whether it is certain that a model costs nothing."""
    facts = tariff(provider, model, known, settings)
    return facts is not None and facts.input_price == facts.output_price == 0.0


def without_price(models: Iterable[str], known: PriceList, settings: Settings) -> tuple[str, ...]:
    """Those of these models (``provider/name``) whose requests no budget can see, since nobody says what they cost."""
    found = []
    for model in dict.fromkeys(models):
        provider, _, name = model.partition("/")
        if provider in _TELL_COSTS:
            continue
        facts = tariff(provider, name, known, settings)
        if facts is None or None in (facts.input_price, facts.output_price):
            found.append(model)
    return tuple(found)


def cost(usage: RecordedUsage, model: ModelFacts, at: float | None = None) -> float | None:
    """USD by a model's prices. None where a price that is needed is not known, which is not free.

    ``at`` is the Unix time of the request, for those who are cheaper at some hours. Cached input without a price of its
    own is taken at the full price: an upper bound, since nobody charges more for reading what is cached.
    """
    rates = _rates(model, usage.whole_input, at)
    if rates.input is None or rates.output is None or (usage.searches and model.search_price is None):
        return None
    written = rates.input if rates.cache_write is None else rates.cache_write
    for_an_hour = rates.input * _HOUR_WRITE if rates.cache_write_hour is None else rates.cache_write_hour
    hour = min(usage.cache_write_hour, usage.cache_write)
    reasoning = min(usage.reasoning, usage.output)
    tokens = (
        usage.input * rates.input
        + usage.cache_read * (rates.input if rates.cache_read is None else rates.cache_read)
        + (usage.cache_write - hour) * written
        + hour * for_an_hour
        + (usage.output - reasoning) * rates.output
        + reasoning * (rates.output if rates.reasoning is None else rates.reasoning)
    )
    terms = usage.terms.split()
    dearer = math.prod(factor for term, factor in model.surcharges if term in terms)
    return tokens * dearer + usage.searches * (model.search_price or 0.0)


def _rates(model: ModelFacts, whole_input: int, at: float | None) -> Rates:
    """The prices for an input of this length at this time; quiet hours come before long inputs."""
    rates = Rates(
        model.input_price,
        model.output_price,
        model.cache_read_price,
        model.cache_write_price,
        model.cache_write_hour_price,
        model.reasoning_price,
    )
    for step in model.steps:
        if whole_input > step.above:
            rates = step.rates
    if model.off_peak is not None and at is not None and _is_open(model.off_peak, at):
        quiet = model.off_peak.rates
        rates = replace(
            rates,
            input=rates.input if quiet.input is None else quiet.input,
            output=rates.output if quiet.output is None else quiet.output,
            cache_read=rates.cache_read if quiet.cache_read is None else quiet.cache_read,
            cache_write=rates.cache_write if quiet.cache_write is None else quiet.cache_write,
            reasoning=rates.reasoning if quiet.reasoning is None else quiet.reasoning,
        )
    return rates


def _is_open(off_peak: OffPeak, at: float) -> bool:
    """A span that began yesterday may still last."""
    moment = datetime.fromtimestamp(at, UTC)
    minute, today = moment.hour * 60 + moment.minute, moment.isoweekday()
    yesterday = (today - 2) % 7 + 1
    return any(
        (today in window.days and first <= minute < last) or (yesterday in window.days and minute + _DAY < last)
        for window in off_peak.windows
        for first, last in window.spans
    )


def _as_facts(id_: str, price: Price) -> ModelFacts:
    """The user's price, which is per million tokens; they pay for searches what the list does not know."""
    each = 1 / _MILLION
    read = price.input if price.cache_read is None else price.cache_read
    write = price.input if price.cache_write is None else price.cache_write
    return ModelFacts(
        id_,
        input_price=price.input * each,
        output_price=price.output * each,
        cache_read_price=read * each,
        cache_write_price=write * each,
        cache_write_hour_price=write * each,
        search_price=0.0,
    )
