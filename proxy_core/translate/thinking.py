"""How hard to think, from Anthropic's words to each provider's own dial."""

from __future__ import annotations

from typing import Any, Final

from proxy_core.anthropic_api.request import ThinkingConfig
from proxy_core.translate.quirks import Dial
from proxy_core.translate.target_model import TargetModel
from proxy_core.translate.warnings import Warnings

_LADDER: Final = ("low", "medium", "high", "xhigh", "max")
_NEEDS_KNOWLEDGE: Final = frozenset({Dial.EFFORT, Dial.EFFORT_OR_BUDGET})
"""Dials that models which do not think refuse: not turned for a model of which nothing is known."""

_COMMON: Final = frozenset({"low", "medium", "high"})
_BUDGETS: Final = {"low": 4_096, "medium": 16_384, "high": 31_999, "xhigh": 49_152, "max": 63_999}


def effort_of(thinking: ThinkingConfig, model: TargetModel) -> str:
    """The effort asked for, or the next lower one that the model takes; by the budget where only that is given."""
    if thinking.effort:
        wanted = _LADDER.index(thinking.effort) if thinking.effort in _LADDER else _LADDER.index("high")
        return next(step for step in reversed(_LADDER[: wanted + 1]) if step in _COMMON or step in model.efforts)
    if thinking.budget is None:
        return "medium"
    return (
        "low" if thinking.budget <= _BUDGETS["low"] else "medium" if thinking.budget <= _BUDGETS["medium"] else "high"
    )


def budget_of(thinking: ThinkingConfig) -> int:
    """Tokens: as asked for, or by the effort."""
    return thinking.budget or _BUDGETS.get(thinking.effort, _BUDGETS["medium"])


def dial(thinking: ThinkingConfig, model: TargetModel, warnings: Warnings) -> dict[str, Any]:
    """The fields that turn the provider's dial; empty, with a warning, where it has none."""
    if not thinking.is_on:
        return _off(model)
    if model.reasoning is False or (model.quirks.dial in _NEEDS_KNOWLEDGE and not model.reasoning):
        warnings.add(f"{model.name} is not known to think: the request for thinking was left out.")
        return {}
    match model.quirks.dial:
        case Dial.NONE:
            warnings.add("The provider has no setting for thinking: the request for it was left out.")
            return {}
        case Dial.EFFORT:
            return {"reasoning_effort": effort_of(thinking, model)}
        case Dial.EFFORT_OR_BUDGET:
            if thinking.budget and not thinking.effort:
                return {"thinking": {"type": "enabled", "budget_tokens": thinking.budget}}
            return {"reasoning_effort": effort_of(thinking, model)}
        case Dial.REASONING_OBJECT:
            if thinking.type == "enabled" and thinking.budget and not thinking.effort:
                return {"reasoning": {"max_tokens": thinking.budget}}
            return {"reasoning": {"effort": effort_of(thinking, model)}}
        case Dial.THINKING_TYPE:
            return {"thinking": {"type": "enabled"}}
        case Dial.ENABLE_THINKING:
            return {"enable_thinking": True, "thinking_budget": budget_of(thinking)}
        case Dial.ANTHROPIC:
            return {"thinking": {"type": "enabled", "budget_tokens": budget_of(thinking)}}


def _off(model: TargetModel) -> dict[str, Any]:
    """The fields that keep a model from thinking where it would by itself, for the providers that can be told."""
    if not model.reasoning:
        return {}
    match model.quirks.dial:
        case Dial.EFFORT:
            least = next((step for step in ("none", "minimal") if step in model.efforts), None)
            return {"reasoning_effort": least} if least else {}
        case Dial.THINKING_TYPE:
            return {"thinking": {"type": "disabled"}}
        case Dial.ENABLE_THINKING:
            return {"enable_thinking": False}
        case _:
            return {}
