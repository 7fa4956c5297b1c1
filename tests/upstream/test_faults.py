"""What providers answer, as their documentation and public issues quote it, and what it must become."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy_core.config.secret import Secret
from proxy_core.errors import (
    ContextOverflow,
    KeyRefused,
    ModelUnknown,
    OutOfCredit,
    Overloaded,
    ProviderError,
    ProviderFailed,
    ProviderRejected,
    ProviderTimeout,
    RateLimited,
)
from proxy_core.upstream.faults import Asked, BadAnswer, from_answer, from_object
from proxy_core.upstream.overflow import InputTooLong, OutputTooHigh, SumTooLong, too_big
from proxy_core.upstream.plain_words import LONGEST, said, scrubbed, shortened
from proxy_core.upstream.retry_after import retry_after

KEY = "sk-proj-AbCdEf0123456789GhIjKl"
ASKED = Asked("openai", "OpenAI", "gpt-4.1", Secret(KEY), max_tokens=32000)
NOW = 1_800_000_000.0


def answered(status: int, body: Any = b"", **headers: str) -> ProviderError:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return from_answer(BadAnswer(status, data, named, NOW), ASKED)


def message(text: str, **fields: Any) -> dict[str, Any]:
    return {"error": {"message": text, **fields}}


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, ProviderRejected),
        (401, KeyRefused),
        (402, OutOfCredit),
        (403, KeyRefused),
        (404, ModelUnknown),
        (405, ProviderRejected),
        (408, ProviderTimeout),
        (413, ContextOverflow),
        (422, ProviderRejected),
        (429, RateLimited),
        (500, ProviderFailed),
        (502, ProviderFailed),
        (503, Overloaded),
        (504, ProviderTimeout),
        (520, ProviderFailed),
        (524, ProviderTimeout),
        (529, Overloaded),
        (204, ProviderFailed),
    ],
)
@pytest.mark.parametrize("body", [b"", b"<html>", {"detail": "sorry"}, ["sorry"], 7, None])
def test_each_status_has_its_error_and_a_sentence(status: int, kind: type[ProviderError], body: Any) -> None:
    error = answered(status, body)
    assert type(error) is kind
    assert (error.provider, error.upstream_status) == ("openai", status)
    assert error.message == "prompt is too long" if kind is ContextOverflow else error.message.startswith("OpenAI ")


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (429, message("You exceeded your current quota", code="insufficient_quota"), OutOfCredit),
        (429, message("You exceeded your current quota, please check your plan and billing details."), OutOfCredit),
        (400, message("Your credit balance is too low to access the Anthropic API."), OutOfCredit),
        (402, message("Insufficient Balance"), OutOfCredit),
        (402, message("This request requires more credits, or fewer max_tokens."), OutOfCredit),
        (400, [{"error": {"code": 400, "message": "API key not valid.", "status": "INVALID_ARGUMENT"}}], KeyRefused),
        (
            400,
            {"code": "Client specified an invalid argument", "error": "Incorrect API key provided: xa***"},
            KeyRefused,
        ),
        (400, message("foo/bar is not a valid model ID", code=400), ModelUnknown),
        (404, {"error": "model 'qwen' not found"}, ModelUnknown),
        (400, message("The response was filtered", code="content_filter"), ProviderRejected),
        (403, message("openai/gpt-4o requires moderation on OpenAI. Your input was flagged"), ProviderRejected),
        (429, message("Request too large for x on tokens per min (TPM): Limit 9, Requested 10."), ProviderRejected),
        (413, message("Request too large for model `x` on tokens per minute (TPM): Limit 6000"), ProviderRejected),
        (400, message("Unsupported parameter: 'temperature'"), ProviderRejected),
        (500, message("This model's maximum context length is 8192 tokens"), ContextOverflow),
        (429, message("This model's maximum context length is 8192 tokens; slow down"), RateLimited),
    ],
)
def test_some_words_say_more_than_their_status(status: int, body: Any, kind: type[ProviderError]) -> None:
    assert type(answered(status, body)) is kind


def test_gemini_words_its_limit_per_minute_like_an_empty_account_but_says_when_it_ends() -> None:
    details = [{"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "17s"}]
    error = answered(429, message("You exceeded your current quota, check your plan and billing", details=details))
    assert (type(error), error.retry_after) == (RateLimited, 17.0)


WORDINGS = [
    json.loads(line) for line in Path(__file__).with_name("size_wordings.jsonl").read_text("utf-8").splitlines()
]


@pytest.mark.parametrize("row", WORDINGS, ids=lambda row: row["text"][:60])
def test_sizes_are_read_from_the_words_of_every_provider(row: dict[str, Any]) -> None:
    kinds: dict[str | None, Any] = {kind.__name__: kind for kind in (InputTooLong, SumTooLong, OutputTooHigh)}
    numbers = {name: number for name, number in row.items() if name not in {"text", "means"}}
    assert too_big(row["text"]) == (kinds[row["means"]](**numbers) if row["means"] else None)


class TestAnOverflow:
    def test_is_worded_as_anthropic_words_it(self) -> None:
        error = answered(400, message("maximum prompt length is 131072 but the request contains 537812 tokens"))
        assert (type(error), error.message) == (ContextOverflow, "prompt is too long: 537812 tokens > 131072 maximum")

    def test_without_numbers_says_no_numbers(self) -> None:
        assert answered(400, message("Input is too long for requested model.")).message == "prompt is too long"

    def test_of_input_and_output_together_names_both(self) -> None:
        counts = "(90 in the messages, 30 in the completion)"
        error = answered(400, message(f"maximum context length is 100 tokens. You requested 120 tokens {counts}"))
        assert type(error) is ContextOverflow
        assert error.message == "input length and `max_tokens` exceed context limit: 90 + 30 > 100"

    def test_too_much_output_is_worded_so_that_less_is_asked_for(self) -> None:
        error = answered(400, message("Invalid max_tokens value, the valid range of max_tokens is [1, 8192]"))
        assert type(error) is ProviderRejected
        assert error.message == (
            "max_tokens: 32000 > 8192, which is the maximum allowed number of output tokens for gpt-4.1"
        )


class TestWhenToAskAgain:
    @pytest.mark.parametrize(
        ("headers", "text", "seconds"),
        [
            ({"retry-after": "7"}, "", 7.0),
            ({"retry-after": "0.5"}, "", 0.5),
            ({"retry-after-ms": "1500", "retry-after": "2"}, "", 1.5),
            ({"retry-after": "Fri, 15 Jan 2027 08:00:10 GMT"}, "", 10.0),
            ({"retry-after": "Fri, 15 Jan 2027 07:00:00 GMT"}, "", 0.0),
            ({"retry-after": "soon"}, "", None),
            ({"retry-after": "-3"}, "", 0.0),
            ({"retry-after": "nan"}, "", None),
            ({"retry-after": "99999999999"}, "", None),
            ({"x-ratelimit-reset-requests": "1s", "x-ratelimit-reset-tokens": "6m0s"}, "", 360.0),
            (
                {
                    "x-ratelimit-remaining-requests": "0",
                    "x-ratelimit-reset-requests": "120ms",
                    "x-ratelimit-reset-tokens": "6m0s",
                },
                "",
                0.12,
            ),
            ({"x-ratelimit-reset": str(int((NOW + 20) * 1000))}, "", 20.0),
            ({"x-ratelimit-reset": str(int(NOW + 20))}, "", 20.0),
            ({}, '{"retryDelay": "17.5s"}', 17.5),
            ({}, "Rate limit reached. Please try again in 7.66s. Visit", 7.66),
            ({}, "Please try again in 1m12.5s.", 72.5),
            ({}, "Please retry after 20 seconds.", 20.0),
            ({}, "slow down", None),
        ],
    )
    def test_is_found_wherever_it_stands(self, headers: dict[str, str], text: str, seconds: float | None) -> None:
        assert retry_after(headers, text, NOW) == (None if seconds is None else pytest.approx(seconds))

    @given(
        st.dictionaries(st.sampled_from(["retry-after", "retry-after-ms", "x-ratelimit-reset"]), st.text()), st.text()
    )
    def test_never_raises_and_is_never_negative(self, headers: dict[str, str], text: str) -> None:
        wait = retry_after(headers, text, NOW)
        assert wait is None or 0 <= wait <= 30 * 86400


class TestWords:
    @pytest.mark.parametrize(
        "text",
        [
            f"Incorrect API key provided: {KEY}. You can find",
            f"bad key {KEY[:12]}… of account",
            "Incorrect API key provided: sk-proj-********GhIj.",
            "header Authorization: Bearer abcdefghijklmnop0123456789",
            "https://generativelanguage.example/v1?key=AIzaSyA1234567890abcdefg&x=1",
            "token eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N",
            "gsk_abcdefghijklmnopqrstuvwx is invalid",
            "AWS AKIAIOSFODNN7EXAMPLE denied",
        ],
    )
    def test_what_looks_like_a_key_is_not_repeated(self, text: str) -> None:
        clean = scrubbed(text, Secret(KEY))
        assert "…" in clean
        for part in (KEY[:8], KEY[-8:], "GhIj", "abcdefghij", "AIza", "eyJ", "AKIA"):
            assert part not in clean

    @given(st.text(), st.integers(0, len(KEY) - 8), st.integers(8, len(KEY)), st.text())
    def test_no_part_of_the_key_gets_through(self, before: str, start: int, length: int, after: str) -> None:
        clean = scrubbed(before + KEY[start : start + length] + after, Secret(KEY))
        assert all(KEY[at : at + 8] not in clean for at in range(len(KEY) - 7))

    def test_ordinary_words_are_left_alone(self) -> None:
        text = "The model `gpt-4.1-mini-2025-04-14` does not support 'reasoning_effort' with max_completion_tokens."
        assert scrubbed(text, Secret(KEY)) == text

    @pytest.mark.parametrize(
        ("body", "words"),
        [
            (message("plain"), "plain"),
            ({"error": "plain"}, "plain"),
            ({"message": "plain"}, "plain"),
            ({"detail": [{"loc": ["body"], "msg": "field required"}]}, "field required"),
            ([{"error": {"message": "in a list"}}], "in a list"),
            (message("It failed", metadata={"raw": "the true reason"}), "It failed (the true reason)"),
            ({"error": {}}, ""),
            (12, ""),
        ],
    )
    def test_the_sentence_is_found(self, body: Any, words: str) -> None:
        assert said(body, b"") == words

    def test_a_web_page_becomes_a_statement(self) -> None:
        page = (
            b"<!DOCTYPE html><html><head><title>Just a\n moment...</title></head><body>Enable JavaScript</body></html>"
        )
        assert said(None, page) == "a web page titled “Just a moment...”"
        assert said(None, b"<html><body>x</body></html>") == "a web page"

    @given(st.text(max_size=3000))
    def test_is_short_and_on_one_line(self, text: str) -> None:
        line = shortened(text)
        assert len(line) <= LONGEST
        assert not set(line) & set("\n\r\t\0\u2028\u2029")

    @given(st.binary(max_size=200), st.integers(100, 599))
    def test_whatever_comes_has_a_sentence(self, body: bytes, status: int) -> None:
        error = from_answer(BadAnswer(status, body, {}, NOW), ASKED)
        assert error.message
        error.message.encode()


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        ({"message": "m", "code": 429}, RateLimited),
        ({"message": "m", "code": "503"}, Overloaded),
        ({"message": "m", "type": "overloaded_error"}, Overloaded),
        ({"message": "m", "code": "rate_limit_exceeded"}, RateLimited),
        ({"message": "m", "code": "insufficient_quota"}, OutOfCredit),
        ({"message": "m", "status": "RESOURCE_EXHAUSTED", "code": 429}, RateLimited),
        ({"message": "m", "type": "server_error"}, ProviderFailed),
        ({"message": "Input is too long for requested model."}, ContextOverflow),
        ({"message": "m", "code": True}, ProviderFailed),
        ("plain words", ProviderFailed),
        (["x"], ProviderFailed),
        (7, ProviderFailed),
    ],
)
def test_an_error_inside_an_answer(error: Any, kind: type[ProviderError]) -> None:
    assert type(from_object(error, ASKED)) is kind


def test_an_error_inside_an_answer_is_quoted() -> None:
    assert from_object({"message": "the slot broke"}, ASKED).message == (
        "OpenAI failed (an error inside its answer). Try again in a moment. It said: the slot broke"
    )
