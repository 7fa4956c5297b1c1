"""Which models a newcomer is offered for BIG, SMALL and THINKER, from what their provider has."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Final

from proxy_core.catalogue.values import ModelFacts
from proxy_core.config.settings import DEFAULT_ROLES, PASSTHROUGH, Role

_ROLES: Final = (Role.BIG, Role.SMALL, Role.THINKER)

_FAVOURITES: Final[Mapping[str, Mapping[Role, tuple[str, ...]]]] = MappingProxyType(
    {
        "openai": {role: (model.partition("/")[2],) for role, model in DEFAULT_ROLES.items()},
        "gemini": {
            Role.BIG: ("gemini-2.5-pro",),
            Role.SMALL: ("gemini-2.5-flash",),
            Role.THINKER: ("gemini-2.5-pro",),
        },
        "openrouter": {
            Role.BIG: ("anthropic/claude-sonnet-4.5", "openai/gpt-4.1"),
            Role.SMALL: ("anthropic/claude-haiku-4.5", "openai/gpt-4.1-mini"),
            Role.THINKER: ("google/gemini-2.5-pro", "anthropic/claude-sonnet-4.5"),
        },
        "deepseek": {
            Role.BIG: ("deepseek-chat",),
            Role.SMALL: ("deepseek-chat",),
            Role.THINKER: ("deepseek-reasoner",),
        },
        "mistral": {
            Role.BIG: ("mistral-large-latest", "mistral-medium-latest"),
            Role.SMALL: ("mistral-small-latest",),
            Role.THINKER: ("magistral-medium-latest",),
        },
        "xai": {Role.BIG: ("grok-4", "grok-3"), Role.SMALL: ("grok-3-mini",), Role.THINKER: ("grok-4",)},
        "demo": dict.fromkeys(_ROLES, ("understudy",)),
    }
)
"""Names to try first, by provider and role: well known, good with tools, of a fair price."""

_FAIR: Final = 30e-6
"""USD per output token above which no model is proposed: a first minute should not cost a day's budget."""

_ROOMY: Final = 60_000
"""Tokens of window below which Claude Code, whose prompt alone takes some 20,000, has little left to work in."""


def propose_models(provider: str, reached: Iterable[str], known: Callable[[str], ModelFacts]) -> Mapping[Role, str]:
    """A model for each role, out of ``reached`` (``provider/name``, in the order they are offered).

    Favourites where they are reached, or where nothing is known to be; else what the facts speak for; empty where
    neither says anything. A provider's models that nothing is known of, as those of a local server, are taken as they
    come. Anthropic's requests need no other model: they are passed through.
    """
    if provider == "anthropic":
        return dict.fromkeys(_ROLES, PASSTHROUGH)
    models = [known(model) for model in reached if model.startswith(f"{provider}/")]
    favourites = _FAVOURITES.get(provider, {})
    if not models:
        return {role: f"{provider}/{names[0]}" for role, names in favourites.items()}
    offered = {model.id for model in models}
    by_facts = _by_facts(models)
    return {
        role: next(
            (id_ for name in favourites.get(role, ()) if (id_ := f"{provider}/{name}") in offered), by_facts[role]
        )
        for role in _ROLES
    }


def _by_facts(models: Sequence[ModelFacts]) -> Mapping[Role, str]:
    """The dearest of a fair price, the cheapest, and the dearest that thinks; with tools where any is known to."""
    able = [model for model in models if model.tools] or [model for model in models if model.tools is None] or models
    roomy = [model for model in able if model.window is None or model.window >= _ROOMY] or able
    fair = [model for model in roomy if _price(model) <= _FAIR] or roomy
    big = max(fair, key=_price)
    small = min(fair, key=_price)
    thinker = max((model for model in fair if model.reasoning), key=_price, default=big)
    return {Role.BIG: big.id, Role.SMALL: small.id, Role.THINKER: thinker.id}


def _price(model: ModelFacts) -> float:
    return model.output_price or 0.0
