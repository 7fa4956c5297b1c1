"""What an answer cost, by the catalogue's prices."""

from __future__ import annotations

from proxy_core.catalogue.values import ModelFacts
from proxy_core.ledger.journal import Usage


def cost(usage: Usage, model: ModelFacts) -> float | None:
    """USD. None where a price that is needed is not known, which is not free.

    Cached input without a price of its own is taken at the full price: an upper bound, since nobody charges more for
    reading what is cached.
    """
    if model.input_price is None or model.output_price is None:
        return None
    cached = model.input_price if model.cache_read_price is None else model.cache_read_price
    written = model.input_price if model.cache_write_price is None else model.cache_write_price
    return (
        usage.input * model.input_price
        + usage.cache_read * cached
        + usage.cache_write * written
        + usage.output * model.output_price
    )
