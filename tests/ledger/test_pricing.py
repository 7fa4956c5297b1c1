"""What an answer cost; what is not known is not free."""

from __future__ import annotations

import pytest

from proxy_core.catalogue.values import ModelFacts
from proxy_core.ledger.journal import Usage
from proxy_core.ledger.pricing import cost

USAGE = Usage(input=1_000, output=100, cache_read=10_000, cache_write=2_000)


@pytest.mark.parametrize(
    ("model", "dollars"),
    [
        (ModelFacts("p/x"), None),
        (ModelFacts("p/x", input_price=1e-6), None),
        (ModelFacts("p/x", output_price=1e-6), None),
        (ModelFacts("p/x", input_price=0.0, output_price=0.0), 0.0),
        (ModelFacts("p/x", input_price=2e-6, output_price=8e-6), 0.0268),
        (
            ModelFacts("p/x", input_price=2e-6, output_price=8e-6, cache_read_price=5e-7, cache_write_price=4e-6),
            0.002 + 0.0008 + 0.005 + 0.008,
        ),
    ],
)
def test_tokens_times_price(model: ModelFacts, dollars: float | None) -> None:
    found = cost(USAGE, model)
    assert found is None if dollars is None else found == pytest.approx(dollars)
