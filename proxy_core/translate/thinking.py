"""How hard to think, from Anthropic's words to each provider's own dial."""

from __future__ import annotations

from typing import Any, Final

from proxy_core.translate.quirks import Dial
from proxy_core.translate.target_model import TargetModel
from proxy_core.translate.warnings import Warnings
from proxy_core.wire.request import Thinking

_EFFORTS: Final = {"low": "low", "medium": "medium", "high": "high", "xhigh": "high", "max": "high"}
_BUDGETS: Final = {"low": 4_096, "medium": 16_384, "high": 31_999, "xhigh": 49_152, "max": 63_999}


def effort_of(thinking: Thinking) -> str:
    """``low``, ``medium`` or ``high``: as asked for, or by the budget's size where only that is given."""
    if thinking.effort:
        return _EFFORTS.get(thinking.effort, "high")
    if thinking.budget is None:
        return "medium"
    return (
        "low" if thinking.budget <= _BUDGETS["low"] else "medium" if thinking.budget <= _BUDGETS["medium"] else "high"
    )


def budget_of(thinking: Thinking) -> int:
    """Tokens: as asked for, or by the effort."""
    return thinking.budget or _BUDGETS.get(thinking.effort, _BUDGETS["medium"])


def dial(thinking: Thinking, model: TargetModel, warnings: Warnings) -> dict[str, Any]:
    """The fields that turn the provider's dial; empty, with a warning, where it has none."""
    if not thinking.is_on:
        return _off(model)
    if model.reasoning is False or (model.quirks.dial is Dial.EFFORT and not model.reasoning):
        warnings.add(f"{model.name} is not known to think: the request for thinking was left out.")
        return {}
    match model.quirks.dial:
        case Dial.NONE:
            warnings.add("The provider has no setting for thinking: the request for it was left out.")
            return {}
        case Dial.EFFORT:
            return {"reasoning_effort": effort_of(thinking)}
        case Dial.REASONING_OBJECT:
            if thinking.type == "enabled" and thinking.budget and not thinking.effort:
                return {"reasoning": {"max_tokens": thinking.budget}}
            return {"reasoning": {"effort": effort_of(thinking)}}
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
        case Dial.THINKING_TYPE:
            return {"thinking": {"type": "disabled"}}
        case Dial.ENABLE_THINKING:
            return {"enable_thinking": False}
        case _:
            return {}
