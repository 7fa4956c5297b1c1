"""The official SDK makes the same message of the same stream."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import anthropic
import httpx2
import pytest
from hypothesis import given

from proxy_core.anthropic_api.accumulator import from_stream
from tests.anthropic_api.messages import Json, messages, stream

GOLDEN = Path(__file__).parents[1] / "translate" / "golden"


def official(body: bytes) -> dict[str, Any]:
    """What the SDK accumulates."""
    answer = httpx2.MockTransport(
        lambda _: httpx2.Response(200, headers={"content-type": "text/event-stream"}, content=body)
    )
    with (
        anthropic.DefaultHttpxClient(transport=answer, trust_env=False) as http,
        anthropic.Anthropic(base_url="http://127.0.0.1", api_key="k", max_retries=0, http_client=http) as client,
        client.messages.stream(model="m", max_tokens=1, messages=[{"role": "user", "content": "?"}]) as events,
    ):
        return events.get_final_message().to_dict(warnings=False)  # for blocks that it does not know


def plain(value: Any) -> Any:
    """Without nulls, which the SDK adds for fields that did not come."""
    match value:
        case dict():
            return {name: plain(each) for name, each in value.items() if each is not None}
        case list():
            return [plain(each) for each in value]
        case _:
            return value


@given(messages())
def test_a_random_message(case: tuple[Json, list[Json]]) -> None:
    body = stream(case[1])
    assert plain(official(body)) == plain(from_stream(body).fields)


@pytest.mark.parametrize("path", sorted(GOLDEN.glob("*.sse")), ids=lambda path: path.stem)
def test_a_golden_stream(path: Path) -> None:
    body = path.read_bytes()
    accumulated = from_stream(body)
    assert accumulated.ended_well == (accumulated.error is None)
    if accumulated.ended_well:
        assert plain(official(body)) == plain(accumulated.fields)
    else:
        with pytest.raises((anthropic.APIStatusError, ValueError)):  # the latter for a call that is no JSON
            official(body)
