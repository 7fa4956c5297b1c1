"""Facts about models from LiteLLM's price list, by name, by provider, and by search words.

The list is read once, with the first question; of each chat model only the fields of :class:`ModelFacts` are kept.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from functools import cached_property
from types import MappingProxyType
from typing import Any, Final

from proxy_core.catalogue import litellm_data
from proxy_core.catalogue.prices import off_peak, search_price, steps, surcharges, usual_rates
from proxy_core.catalogue.provider_table import PROVIDERS, SAME_AS
from proxy_core.catalogue.values import ModelFacts

Entries = Callable[[], Iterable[tuple[str, Any]]]
"""The source of the price list."""

_CHAT_MODES: Final = frozenset({"chat", "responses"})

_PROVIDER_NAMES: Final[Mapping[str, str]] = MappingProxyType(
    {"bedrock_converse": "bedrock", "cohere_chat": "cohere", "text-completion-openai": "openai"}
)
"""LiteLLM's second names for a provider in the price list."""

_DEPLOYED: Final = frozenset({"azure", "azure_ai", "bedrock", "vertex_ai", "vercel_ai_gateway"})
"""Resellers whose models have to be set up first: a bare model name does not refer to them."""

_NAMED_BY_USERS: Final = frozenset({"azure", "azure_ai"})

_TUNED: Final = "ft:"

_MAKERS: Final[Mapping[str, str]] = MappingProxyType(
    {"anthropic": "anthropic", "google": "gemini", "openai": "openai", "x-ai": "xai"}
)
"""Vendors as gateways write them, of models that only the vendor hosts, with the vendor's provider id."""

_GATEWAYS: Final = frozenset({"openrouter", "vercel_ai_gateway", "github"})
"""Providers that offer others' models under ``vendor/name``."""

_VARIANT: Final = re.compile(r":[a-z]+$")
"""OpenRouter's ``:free``, ``:nitro``, ``:online`` and other suffixes."""

_DATE: Final = re.compile(r"[-@](\d{4}-\d{2}-\d{2}|20\d{6})$|-latest$")

_GPT_VERSION: Final = re.compile(r"gpt-(\d+)(?:\.(\d+))?\b")

_DEMO: Final = ModelFacts(
    id="demo",
    window=200_000,
    max_output=64_000,
    vision=False,
    pdf=False,
    tools=True,
    reasoning=True,
    web_search=False,
    input_price=0.0,
    output_price=0.0,
    cache_read_price=0.0,
    cache_write_price=0.0,
)
_DEMO_NAMES: Final = ("understudy", "fast", "slow", "instant")


class ModelCatalogue:
    """The catalogue of models. One per process is enough; thread-safe."""

    def __init__(self, entries: Entries = litellm_data.model_entries) -> None:
        self._entries = entries

    def facts(self, provider: str, name: str) -> ModelFacts:
        """Return the facts about ``provider/name``; an unknown model's are None, not zero.

        A dated name that is not listed has the facts of the undated one. A model behind a gateway has its vendor's,
        without the prices, which are the gateway's own. The window of a local model is unknown: it is configured on its
        server.
        """
        id_ = f"{provider}/{name}"
        if provider == "demo":
            return replace(_DEMO, id=id_)
        found = self._listed(SAME_AS.get(provider, provider), name)
        if found is None and provider in _GATEWAYS:
            found = self._behind_gateway(name)
        if found is None:
            return ModelFacts(id_)
        if provider in PROVIDERS and PROVIDERS[provider].local:
            return replace(found, id=id_, window=None, max_output=None)
        return replace(found, id=id_)

    def providers_of(self, bare_name: str) -> tuple[str, ...]:
        """Return the providers that a bare model name may refer to.

        These list the model under exactly this name and serve any holder of a key. Clouds, where it has to be deployed
        first, and gateways are excluded.
        """
        return tuple(
            provider
            for provider in PROVIDERS
            if provider not in _DEPLOYED and provider not in SAME_AS and f"{provider}/{bare_name}" in self._index
        )

    def of(self, provider: str) -> list[ModelFacts]:
        """Return the models of one provider by name, as every customer may call them.

        Excluded are the prices of fine-tuned models, and Azure, where a name is the user's own for a deployment.
        """
        if provider in _NAMED_BY_USERS:
            return []
        start = f"{SAME_AS.get(provider, provider)}/"
        return [
            self._index[id_]
            for id_ in self._by_rank
            if id_.startswith(start) and not id_.startswith(_TUNED, len(start))
        ]

    def __len__(self) -> int:
        return len(self._index)

    def search(self, words: str, limit: int = 200) -> list[ModelFacts]:
        """Return the models whose id contains all ``words``, in any order and case, best-known providers first."""
        wanted = words.lower().split()
        found: list[ModelFacts] = []
        for id_ in self._by_rank:
            if all(word in id_.lower() for word in wanted):
                found.append(self._index[id_])
                if len(found) == limit:
                    break
        return found

    def _listed(self, provider: str, name: str) -> ModelFacts | None:
        found = self._index.get(f"{provider}/{name}")
        return found or self._index.get(f"{provider}/{_DATE.sub('', name)}")

    def _behind_gateway(self, name: str) -> ModelFacts | None:
        maker, _, model = _VARIANT.sub("", name).partition("/")
        if maker not in _MAKERS:
            return None
        provider = _MAKERS[maker]
        found = self._listed(provider, model) or self._listed(provider, model.replace(".", "-"))
        if found is None:
            return None
        return replace(
            found,
            responses_only=False,
            responses_for_tools=False,
            input_price=None,
            output_price=None,
            cache_read_price=None,
            cache_write_price=None,
            cache_write_hour_price=None,
            reasoning_price=None,
            search_price=None,
            steps=(),
            off_peak=None,
            surcharges=(),
        )

    @cached_property
    def _index(self) -> Mapping[str, ModelFacts]:
        found = {f"demo/{name}": replace(_DEMO, id=f"demo/{name}") for name in _DEMO_NAMES}
        for key, entry in self._entries():
            if isinstance(entry, Mapping) and entry.get("mode") in _CHAT_MODES:
                facts = _facts(key, entry)
                found.setdefault(facts.id, facts)
        return found

    @cached_property
    def _by_rank(self) -> tuple[str, ...]:
        rank = {provider: number for number, provider in enumerate(PROVIDERS)}
        return tuple(sorted(self._index, key=lambda id_: (rank.get(id_.partition("/")[0], len(rank)), id_)))


_EFFORTS: Final = ("none", "minimal", "xhigh", "max")
"""Values of OpenAI's ``reasoning_effort`` that not every reasoning model accepts."""


def _facts(key: str, entry: Mapping[str, Any]) -> ModelFacts:
    listed = str(entry.get("litellm_provider", ""))
    provider = _PROVIDER_NAMES.get(listed, "vertex_ai" if listed.startswith("vertex_ai") else listed)
    prefix, slash, rest = key.partition("/")
    name = rest if slash and prefix in (provider, listed) else key
    endpoints = entry.get("supported_endpoints") or ()
    usual = usual_rates(entry)
    return ModelFacts(
        id=f"{provider}/{name}",
        window=_count(entry.get("max_input_tokens") or entry.get("max_tokens")),
        max_output=_count(entry.get("max_output_tokens") or entry.get("max_tokens")),
        vision=_flag(entry, "supports_vision"),
        pdf=_flag(entry, "supports_pdf_input"),
        tools=_flag(entry, "supports_function_calling"),
        reasoning=_flag(entry, "supports_reasoning"),
        web_search=_flag(entry, "supports_web_search"),
        responses_only=entry["mode"] == "responses"
        or ("/v1/responses" in endpoints and "/v1/chat/completions" not in endpoints),
        responses_for_tools=provider == "openai"
        and bool(entry.get("supports_reasoning"))
        and _is_gpt_5_4_or_newer(name),
        efforts=frozenset(step for step in _EFFORTS if entry.get(f"supports_{step}_reasoning_effort") is True),
        input_price=usual.input,
        output_price=usual.output,
        cache_read_price=usual.cache_read,
        cache_write_price=usual.cache_write,
        cache_write_hour_price=usual.cache_write_hour,
        reasoning_price=usual.reasoning,
        search_price=search_price(entry),
        steps=steps(entry),
        off_peak=off_peak(entry),
        surcharges=surcharges(entry),
    )


def _is_gpt_5_4_or_newer(name: str) -> bool:
    version = _GPT_VERSION.match(name)
    return version is not None and (int(version[1]), int(version[2] or 0)) >= (5, 4)


def _count(value: object) -> int | None:
    return int(value) if isinstance(value, (int, float)) and value > 0 else None


def _flag(entry: Mapping[str, Any], name: str) -> bool | None:
    value = entry.get(name)
    return value if isinstance(value, bool) else None
