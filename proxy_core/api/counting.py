"""How many tokens a call has, and whether that can fit its model at all."""

from __future__ import annotations

import asyncio
from typing import Final

from proxy_core.api.context import ApiContext
from proxy_core.errors import PromptTooLong
from proxy_core.translate.call import ChatCall
from proxy_core.translate.weight import weigh

_FEWEST_BYTES: Final = 2.5
"""Bytes of a request per token, at the least: a request with fewer bytes than this for its window is not counted."""

_ERROR: Final = 0.1
"""How far the count may be off (``docs/decisions/009-counting-tokens.md``): in doubt the provider decides."""


async def count(call: ChatCall, context: ApiContext) -> int:
    """The tokens of a call, counted in a worker thread."""
    weight = weigh(call)
    return weight.total(await asyncio.to_thread(context.count_tokens, weight.texts, weight.measure.vocabulary))


async def check_window(call: ChatCall, size: int, window: int | None, context: ApiContext) -> None:
    """Refuse what cannot fit, before it is sent and paid for. ``size`` is the request's in bytes.

    Raises :class:`PromptTooLong`, on which Claude Code compacts.
    """
    if window is None or size < window * _FEWEST_BYTES:
        return
    tokens = await count(call, context)
    if tokens * (1 - _ERROR) > window:
        raise PromptTooLong(tokens, window)
