"""Windows, prices and abilities in few words."""

from __future__ import annotations

import pytest

from proxy_core.catalogue.values import ModelFacts
from proxy_core.catalogue.words import abilities, description, price, tokens


@pytest.mark.parametrize(
    ("number", "said"),
    [(None, "?"), (400, "400"), (8_192, "8k"), (131_072, "131k"), (1_047_576, "1M"), (1_500_000, "1.5M")],
)
def test_tokens(number: int | None, said: str) -> None:
    assert tokens(number) == said


@pytest.mark.parametrize(
    ("dollars", "said"), [(None, "?"), (0.0, "$0.00"), (2e-6, "$2.00"), (1e-7, "$0.10"), (7.5e-8, "$0.075")]
)
def test_prices_are_for_a_million(dollars: float | None, said: str) -> None:
    assert price(dollars) == said


def test_only_what_is_known_is_said() -> None:
    assert description(ModelFacts("p/x")) == ""
    assert description(ModelFacts("p/x", window=128_000)) == "128k window"
    known = ModelFacts("p/x", 1_000_000, tools=True, vision=False, input_price=2e-6, output_price=8e-6)
    assert description(known) == "1M window · $2.00 in, $8.00 out per M tokens"
    assert abilities(known) == ("tools",)
