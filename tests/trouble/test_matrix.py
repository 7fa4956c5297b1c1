"""Every fault of a provider, met by every engine: the client gets the truth, in shape, before it gives up."""

from __future__ import annotations

import asyncio
import json
import math
from collections.abc import Mapping
from typing import Any

import pytest

from proxy_core.ledger.request_events import State
from tests.anthropic_grammar import read
from tests.trouble.matrix import CASES, FILE, outcomes, summary, table
from tests.trouble.stage import HUNG, Case, Outcome
from tests.trouble.wires import KEY

# LiteLLM's own, in its own code and in what pydantic says of it.
pytestmark = [
    pytest.mark.filterwarnings("ignore::UserWarning"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]

MAY_PASS = {429, 502, 504, 529}


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Mapping[Case, Outcome]:
    return asyncio.run(outcomes(tmp_path_factory.mktemp("matrix")))


def test_the_table_is_as_expected(found: Mapping[Case, Outcome], update_golden: bool) -> None:
    made = table(found) + "\n"
    if update_golden:
        FILE.write_text(made)
    rows = zip(made.splitlines(), FILE.read_text().splitlines(), strict=True)
    assert [row for row in rows if row[0] != row[1]] == []


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_the_client_gets(case: Case, found: Mapping[Case, Outcome]) -> None:
    outcome = found[case]
    assert outcome.status != HUNG, "the client gave up"
    assert outcome.asked <= (1 if case.engine == "relay" else 3)
    if outcome.asked:
        assert len(outcome.record.attempts) == outcome.asked, "a request that left is no attempt"
    assert not outcome.held, "the provider was not let go"
    assert KEY not in f"{outcome.body!r} {outcome.headers} {outcome.record}"
    assert case.engine == "relay" or KEY[:12] not in outcome.body.decode("utf-8", "replace")
    if case.fault != "without end":
        assert outcome.record.state in {State.DONE, State.FAILED}
    if case.engine == "relay" and outcome.asked and not _is_ours(outcome):
        _judge_relayed(outcome)
    elif outcome.status == 200:
        _judge_answer(outcome)
    else:
        _judge_error(outcome)


def _is_ours(outcome: Outcome) -> bool:
    return bool(outcome.headers.get("request-id", "") == outcome.record.id)


def _judge_error(outcome: Outcome) -> None:
    body: Any = json.loads(outcome.body)
    assert outcome.status not in {0, 401, 403, 500}
    assert outcome.status > 0, "nothing came"
    assert body["type"] == "error"
    assert set(body["error"]) == {"type", "message"}
    assert body["request_id"] == outcome.headers["request-id"] == outcome.record.id
    assert "Traceback" not in body["error"]["message"]
    forbidden = outcome.status not in MAY_PASS or "x-should-retry" in outcome.case.fault
    assert (outcome.headers.get("x-should-retry") == "false") == forbidden
    if (wait := outcome.headers.get("retry-after")) is not None:
        assert outcome.status in MAY_PASS
        assert 0 <= int(wait) < math.inf
    assert outcome.record.state is State.FAILED


def _judge_answer(outcome: Outcome) -> None:
    assert not outcome.cut
    if not outcome.is_stream:
        assert json.loads(outcome.body)["type"] == "message"
        assert outcome.record.state is State.DONE
        return
    if outcome.case.fault == "without end":
        return
    reading = read(outcome.body)
    if reading.complete:
        assert outcome.record.state is State.DONE
    else:
        assert outcome.record.state is State.FAILED
        assert f'"request_id":"{outcome.record.id}"'.encode() in outcome.body
        assert b"Traceback" not in outcome.body


def _judge_relayed(outcome: Outcome) -> None:
    """Bytes, status and end as they came: what the table calls a beginning must end with the connection."""
    if outcome.cut or outcome.status >= 400:
        assert outcome.record.state is State.FAILED
    if outcome.is_stream and outcome.case.fault != "without end":
        whole = summary(outcome).startswith("stream → ") and b"message_stop" in outcome.body
        assert whole or outcome.cut or outcome.record.state is State.FAILED or _is_odd(outcome)


def _is_odd(outcome: Outcome) -> bool:
    """Whole, but not written as Anthropic writes it, or not to be read at all: still passed on unchanged."""
    return b"message_stop" in outcome.body or outcome.case.fault in {"gzip damaged", "an encoding nobody knows"}


def test_only_what_was_turned_away_is_sent_again(found: Mapping[Case, Outcome]) -> None:
    def tries(fault: str) -> set[int]:
        return {
            found[Case(fault, engine, streamed)].asked for engine in ("direct", "litellm") for streamed in (True, False)
        }

    assert tries("503") == {1}, "its retry-after is longer than our patience"
    assert tries("429 retry-after 61") == {1}
    assert tries("429 retry-after 1") == {3}
    assert tries("429") == tries("529") == {3}
    assert tries("429 x-should-retry false") == {1}
    assert tries("500") == tries("502") == tries("504") == {1}, "it may have been worked on"
    assert tries("reset before the head") == tries("close before the head") == tries("reset in the head") == {1}
    assert tries("HTML 200") == tries("JSON that is no object") == {1}
    assert tries("400") == tries("422") == {1}
    assert tries("301 with the key") == {1}
    assert tries("hang before the head") == {1}
