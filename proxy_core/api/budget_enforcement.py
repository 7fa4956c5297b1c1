"""What the budget has to say on who answers: once it is used up, SMALL does, or nobody who costs money."""

from __future__ import annotations

from dataclasses import replace
from typing import assert_never

from proxy_core.anthropic_api.request import MessagesRequest
from proxy_core.api.context import ApiContext
from proxy_core.api.exchange import Exchange
from proxy_core.api.resolve import ResolvedCall, profile_of, with_provider
from proxy_core.config.settings import Role
from proxy_core.errors import BudgetSpent
from proxy_core.ledger.budget import Act, BudgetVerdict, refusal
from proxy_core.ledger.pricing import is_free
from proxy_core.messages import Message
from proxy_core.routing.model_ids import role_id
from proxy_core.routing.roles import RoutingRequest, choose


async def within_budget(
    chosen: ResolvedCall, request: MessagesRequest, exchange: Exchange, context: ApiContext
) -> ResolvedCall:
    """Who answers after all. What is certain to cost nothing goes on whatever was spent.

    Raises :class:`BudgetSpent` where the user chose to stop; the story tells who would have answered.
    """
    verdict = await context.budget.verdict()
    if verdict.act is Act.GO or _is_free(chosen, exchange):
        return chosen
    match verdict.act:
        case Act.DOWNGRADE:
            return _small(chosen, request, verdict, exchange)
        case Act.STOP:
            chosen.tell(exchange.recorder)
            raise BudgetSpent(refusal(verdict))
        case _:
            assert_never(verdict.act)


def _is_free(chosen: ResolvedCall, exchange: Exchange) -> bool:
    now = exchange.config_snapshot
    return is_free(chosen.target.provider, chosen.target.model, now.facts, now.settings)


def _small(chosen: ResolvedCall, request: MessagesRequest, verdict: BudgetVerdict, exchange: Exchange) -> ResolvedCall:
    """SMALL's model instead, passthrough or not; who would have been asked anyway stays."""
    settings, facts = exchange.config_snapshot.settings, exchange.config_snapshot.facts
    profile = profile_of(exchange.caller.launch, settings)
    small = choose(RoutingRequest(role_id(Role.SMALL)), profile, settings.routing, facts)
    if chosen.target.role is Role.SMALL or (small.provider, small.model) == (
        chosen.target.provider,
        chosen.target.model,
    ):
        return chosen
    why = Message("budget.small_answers", why=chosen.target.why, reason=verdict.reason)
    return with_provider(replace(small, why=why), exchange.config_snapshot, request)
