"""Secrets are taken out wherever they stand, and nothing else is; JSON stays JSON."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy_core.config.local_token import Launch, launch_token, new_local_token
from proxy_core.ledger.redaction import HIDDEN, Redaction

KNOWN = ("correct-horse-battery", 'odd"key/with\\all', "0123456789")
REDACTION = Redaction(lambda: KNOWN)

CREDENTIALS = {
    "openai": ("sk-proj-Ab3dEf6hIj9kLm0pQr", "sk-proj-Ab3dEf6hIj9kLm0pQr"),
    "anthropic": ("use sk-ant-api03-abc_DEF-123456789 here", "sk-ant-api03-abc_DEF-123456789"),
    "gemini": ("AIzaSyA1234567890abcdefghijklmnopqrstu", "AIzaSyA1234567890abcdefghijklmnopqrstu"),
    "github": ("ghp_0123456789abcdefABCDEF", "0123456789abcdefABCDEF"),
    "aws": ("AKIAIOSFODNN7EXAMPLE", "IOSFODNN7EXAMPLE"),
    "xai": ("(xai-abcdefghijklmnop1234)", "abcdefghijklmnop1234"),
    "groq": ("gsk_abcdefghijklmnop1234", "abcdefghijklmnop1234"),
    "bearer": ("authorization: Bearer abc.def-123456789", "abc.def-123456789"),
    "bearer alone": ("it sent bearer abcdefgh12345678", "abcdefgh12345678"),
    "basic": ("Authorization: Basic dXNlcjpwYXNzMTIz", "dXNlcjpwYXNzMTIz"),
    "header": ("x-api-key: 0a1b2c3d4e5f", "0a1b2c3d4e5f"),
    "query": ("https://host/v1?key=abcdef1234567&x=1", "abcdef1234567"),
    "query 2": ("https://host/v1?x=1&api_key=abcdef1234567", "abcdef1234567"),
    "assignment": ("API_KEY='abcdef1234567'", "abcdef1234567"),
    "json": ('{"client_secret": "abcdef1234567"}', "abcdef1234567"),
    "url": ("postgres://me:p4ss-w0rd@host/db", "p4ss-w0rd"),
    "jwt": ("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.abc_DEF-123", "eyJzdWIiOiIxMjM0In0"),
    "pem": ("-----BEGIN RSA PRIVATE KEY-----\nMIIEow\nIBAAKC+/=\n-----END RSA PRIVATE KEY-----", "IBAAKC+/="),
    "pem, cut": ("-----BEGIN PRIVATE KEY-----\nMIIEow\nIBAAKC+/=", "IBAAKC+/="),
    "known": ("the key correct-horse-battery was refused", "correct-horse-battery"),
    "known, in a URL": ("https://host/?q=odd%22key%2Fwith%5Call", "odd%22key%2Fwith%5Call"),
}

HARMLESS = [
    "task-management-system-2 and disk-usage-statistics",
    "sk-learn-contrib is a package",
    "bearer authentication scheme",
    "basic functionality of the thing",
    "the api_key = settings.key",
    '{"max_tokens": 128000, "total_tokens": 12345678}',
    '"token": 123456789012',
    "http://localhost:8082/x@y",
    "user@host.example",
    "password: required",
    "us-east-1, us-west-2",
    "-----BEGIN CERTIFICATE-----\nMIIEow\n-----END CERTIFICATE-----",
    "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
]


def _in_json(text: str) -> bytes:
    return json.dumps({"messages": [{"content": text}], "more": [text, 1]}).encode()


def _in_arguments(text: str) -> bytes:
    return json.dumps({"arguments": json.dumps({"command": text})}).encode()


@pytest.mark.parametrize(("text", "secret"), CREDENTIALS.values(), ids=CREDENTIALS)
def test_credentials_go(text: str, secret: str) -> None:
    assert secret not in REDACTION.text(text)
    assert HIDDEN in REDACTION.text(text)
    for form in (_in_json(text), _in_arguments(text)):
        redacted = REDACTION.body(form)
        assert redacted.hidden >= 1
        json.loads(redacted.body)
        for spelled in {secret, json.dumps(secret)[1:-1], json.dumps(json.dumps(secret)[1:-1])[1:-1]}:
            assert spelled.encode() not in redacted.body


@pytest.mark.parametrize("text", HARMLESS)
def test_other_words_stay(text: str) -> None:
    assert REDACTION.text(text) == text
    form = _in_json(text)
    assert REDACTION.body(form).body == form
    assert REDACTION.body(form).hidden == 0


def test_a_known_secret_goes_in_every_spelling() -> None:
    secret = KNOWN[1]
    for form in (_in_json(secret), _in_arguments(secret), secret.encode(), b"x" * 300_000 + secret.encode()):
        redacted = REDACTION.body(form)
        assert redacted.hidden >= 1
        assert b"with" not in redacted.body
    assert json.loads(REDACTION.body(b'{"a":0123456789,"b":1}'.replace(b"0123", b"10123")).body)["b"] == 1


def test_our_own_tokens_go_even_where_nobody_knows_them_any_more() -> None:
    local = new_local_token()
    launch = launch_token(local, Launch("1", "/home/me/project", "Work"))
    for token in (local, launch):
        assert token.reveal()[8:] not in Redaction().text(f"it had {token.reveal()}, which was old")


def test_secrets_that_come_later_are_known_later() -> None:
    known: list[str] = []
    redaction = Redaction(lambda: known)
    assert redaction.body(b"opensesame!").body == b"opensesame!"
    known.append("opensesame!")
    assert redaction.body(b"opensesame!").body == HIDDEN.encode()


@given(
    st.text(max_size=60),
    st.sampled_from([secret for text, secret in CREDENTIALS.values() if text.startswith(secret)] + [*KNOWN]),
    st.text(max_size=60),
    st.integers(0, 9000),
)
def test_whatever_stands_around_it_json_stays_json(before: str, secret: str, after: str, padding: int) -> None:
    body = json.dumps({"a": f"{before} {secret} {after}", "b": "x" * padding, secret: [before, after]}).encode()
    redacted = REDACTION.body(body)
    value = json.loads(redacted.body)
    assert len(value) == 3
    assert value["b"] == "x" * padding
    assert json.dumps(secret)[1:-1].encode() not in redacted.body
    assert redacted.hidden >= 2


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(), st.lists))
def test_a_body_of_any_shape_keeps_it(value: object) -> None:
    body = json.dumps(value).encode()
    assert type(json.loads(REDACTION.body(body).body)) is type(value)


def test_no_step_is_long() -> None:
    """A step holds Python's lock: how much it looks through is bounded, whatever the size of the body."""
    body = json.dumps({"content": "the key of a token is a secret: bearer " * 60_000}).encode()
    steps = 0
    for _ in REDACTION.steps(body):
        steps += 1
    assert steps > len(body) // (17 * 1024)
